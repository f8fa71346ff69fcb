//! Turns the bytes that the broker sends into the bytes that lapin reads.

use std::collections::HashMap;

use super::{
    method,
    properties::{self, MAX_BODY},
};

/// The largest frame that is checked as a whole, and RabbitMQ's usual limit.
const LARGEST_FRAME: u32 = 128 * 1024;
/// Frame type, channel, size.
const HEAD: usize = 7;
/// Head and end of a frame.
const AROUND: u32 = 8;
const END: u8 = 0xCE;

const METHOD: u8 = 1;
const HEADER: u8 = 2;
const BODY: u8 = 3;

#[derive(Debug)]
enum Step {
    /// Collects the head of a frame.
    Head,
    /// Passes this number of bytes.
    Pass(u64),
    /// Drops `left` bytes. `end`: the frame was cut, so the end of the frame is written afterwards.
    Drop { left: u64, end: bool },
    /// Passes the beginning of a body and drops the rest.
    Cut { pass: u64, drop: u64 },
    /// Collects `left` bytes of a frame that may have to be replaced, and drops the `drop` bytes that exceed the largest frame.
    Hold { left: u64, drop: u64 },
    /// This is not AMQP 0-9-1. lapin reads it unchanged.
    Raw,
}

/// The screen of one connection.
#[derive(Debug)]
pub(super) struct Screen {
    step: Step,
    /// The head of the current frame, then its payload while it is held.
    held: Vec<u8>,
    /// For each channel with a body that is too long: bytes still to pass, and bytes to drop.
    cut: HashMap<u16, (u64, u64)>,
    largest_frame: u32,
}

impl Screen {
    pub(super) fn new() -> Self {
        Self { step: Step::Head, held: Vec::new(), cut: HashMap::new(), largest_frame: LARGEST_FRAME }
    }

    /// Reads bytes from the broker and appends to `out` the bytes for lapin.
    pub(super) fn feed(&mut self, mut input: &[u8], out: &mut Vec<u8>) {
        while !input.is_empty() {
            let most = |left: u64| usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
            let used = match &mut self.step {
                Step::Raw => {
                    out.extend(input);
                    return;
                }
                Step::Head => {
                    let used = (HEAD - self.held.len()).min(input.len());
                    self.held.extend(&input[..used]);
                    self.begin(out);
                    used
                }
                Step::Pass(left) => {
                    let used = most(*left);
                    out.extend(&input[..used]);
                    *left -= used as u64;
                    if *left == 0 {
                        self.step = Step::Head;
                    }
                    used
                }
                Step::Drop { left, end } => {
                    let used = most(*left);
                    *left -= used as u64;
                    if *left == 0 {
                        if *end {
                            out.push(END);
                        }
                        self.step = Step::Head;
                    }
                    used
                }
                Step::Cut { pass, drop } => {
                    let used = most(*pass);
                    out.extend(&input[..used]);
                    *pass -= used as u64;
                    if *pass == 0 {
                        self.step = Step::Drop { left: *drop, end: true };
                    }
                    used
                }
                Step::Hold { left, drop } if *left > 0 => {
                    let used = most(*left);
                    self.held.extend(&input[..used]);
                    *left -= used as u64;
                    if *left == 0 && *drop == 0 {
                        self.finish(true, out);
                    }
                    used
                }
                Step::Hold { drop, .. } => {
                    let used = most(*drop);
                    *drop -= used as u64;
                    if *drop == 0 {
                        self.finish(false, out);
                    }
                    used
                }
            };
            input = &input[used..];
        }
    }

    /// Decides how to treat a frame as soon as its head is complete.
    fn begin(&mut self, out: &mut Vec<u8>) {
        if self.held.first() == Some(&b'A') {
            // A protocol header: the broker speaks another version.
            out.append(&mut self.held);
            self.step = Step::Raw;
            return;
        }
        let Ok([kind, c1, c2, s1, s2, s3, s4]) = <[u8; HEAD]>::try_from(self.held.as_slice()) else { return };
        let (channel, size) = (u16::from_be_bytes([c1, c2]), u32::from_be_bytes([s1, s2, s3, s4]));
        let with_end = u64::from(size) + 1;
        let most = u64::from(self.largest_frame - AROUND) + 1;
        match kind {
            HEADER => {
                self.step = Step::Hold { left: with_end.min(most), drop: with_end.saturating_sub(most) };
                return;
            }
            // Methods that carry text of a publisher are far shorter.
            METHOD if with_end <= most => {
                self.step = Step::Hold { left: with_end, drop: 0 };
                return;
            }
            BODY if self.cut.contains_key(&channel) => {
                self.cut_body(channel, size, out);
                return;
            }
            _ => self.step = Step::Pass(with_end),
        }
        out.append(&mut self.held);
    }

    fn cut_body(&mut self, channel: u16, size: u32, out: &mut Vec<u8>) {
        self.held.clear();
        let (mut pass, mut drop) = self.cut.remove(&channel).unwrap_or_default();
        let passed = u64::from(size).min(pass);
        let dropped = u64::from(size) - passed;
        pass -= passed;
        drop = drop.saturating_sub(dropped);
        if pass > 0 || drop > 0 {
            self.cut.insert(channel, (pass, drop));
        }
        // Plus the end of the frame.
        let left = dropped + 1;
        if passed == 0 {
            self.step = Step::Drop { left, end: false };
        } else {
            head(BODY, channel, passed, out);
            self.step = Step::Cut { pass: passed, drop: left };
        }
    }

    /// Passes a held frame or its replacement.
    fn finish(&mut self, complete: bool, out: &mut Vec<u8>) {
        self.step = Step::Head;
        let held = std::mem::take(&mut self.held);
        let (Some(&[kind, c1, c2, ..]), Some(payload)) = (held.first_chunk::<HEAD>(), held.get(HEAD..))
        else {
            return;
        };
        let payload = if complete { &payload[..payload.len().saturating_sub(1)] } else { payload };
        let channel = u16::from_be_bytes([c1, c2]);
        let replaced = if kind == HEADER {
            self.note_length(channel, payload);
            properties::replace(payload, complete)
        } else {
            self.note_frames(payload);
            method::replace(payload)
        };
        match replaced {
            None => out.extend(&held),
            Some(payload) => {
                head(kind, channel, payload.len() as u64, out);
                out.extend(payload);
                out.push(END);
            }
        }
        // Reuse the allocation.
        self.held = held;
        self.held.clear();
    }

    fn note_length(&mut self, channel: u16, payload: &[u8]) {
        let length =
            payload.get(4..).and_then(|rest| rest.first_chunk()).map_or(0, |b| u64::from_be_bytes(*b));
        if length > MAX_BODY {
            self.cut.insert(channel, (MAX_BODY, length - MAX_BODY));
        } else {
            self.cut.remove(&channel);
        }
    }

    fn note_frames(&mut self, payload: &[u8]) {
        if let Some(offered) = method::offered_frame(payload)
            && (4096..LARGEST_FRAME).contains(&offered)
        {
            self.largest_frame = offered;
        }
    }
}

fn head(kind: u8, channel: u16, size: u64, out: &mut Vec<u8>) {
    out.push(kind);
    out.extend(channel.to_be_bytes());
    out.extend(u32::try_from(size).unwrap_or(u32::MAX).to_be_bytes());
}

#[cfg(test)]
mod tests;
