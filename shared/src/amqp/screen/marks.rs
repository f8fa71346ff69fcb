//! The headers in which the screen notes what it changed.

use lapin::types::{AMQPValue, FieldTable};

use super::fields::{Fault, put_long, put_short};

/// The prefix of these headers.
pub(in crate::amqp) const PREFIX: &str = "x-aamcare-screen-";
const FAULT: &str = "x-aamcare-screen-fault";
const PROPERTIES: &str = "x-aamcare-screen-properties";
const BODY_BYTES: &str = "x-aamcare-screen-body-bytes";

/// How many bytes of unreadable properties are kept, so that a person can find the fault.
const MAX_KEPT: usize = 1024;

/// The changes that the screen made to a message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Screened {
    /// The fault of its properties, if the screen replaced them.
    pub unreadable: Option<&'static str>,
    /// The original length of its body in bytes, if the screen cut it.
    pub body_bytes: Option<u64>,
}

impl Screened {
    /// Reads the notes.
    pub fn of(headers: Option<&FieldTable>) -> Self {
        let value = |name: &str| headers.and_then(|table| table.inner().get(name));
        let unreadable = match value(FAULT) {
            Some(AMQPValue::ShortShortUInt(code)) => Some(text(*code)),
            _ => None,
        };
        let body_bytes = match value(BODY_BYTES) {
            Some(AMQPValue::LongLongInt(bytes)) => u64::try_from(*bytes).ok(),
            _ => None,
        };
        Self { unreadable, body_bytes }
    }
}

fn text(code: u8) -> &'static str {
    match code {
        0 => "an AMQP property or the name of a header is not UTF-8",
        1 => "a header has an unknown AMQP type",
        2 => "headers are nested too deeply",
        4 => "the properties do not fit into a frame",
        _ => "the AMQP properties are malformed",
    }
}

fn code(fault: Fault) -> u8 {
    match fault {
        Fault::NotUtf8 => 0,
        Fault::UnknownType => 1,
        Fault::TooDeep => 2,
        Fault::Framing => 3,
        Fault::TooLarge => 4,
    }
}

/// Writes the entries that note unreadable properties.
pub(super) fn put_fault(entries: &mut Vec<u8>, fault: Fault, properties: &[u8]) {
    put_short(entries, FAULT);
    entries.extend([b'B', code(fault)]);
    let kept = &properties[..properties.len().min(MAX_KEPT)];
    put_short(entries, PROPERTIES);
    entries.push(b'S');
    put_long(entries, kept.escape_ascii().to_string().as_bytes());
}

/// Writes the entry that notes a cut body.
pub(super) fn put_body_bytes(entries: &mut Vec<u8>, bytes: u64) {
    put_short(entries, BODY_BYTES);
    entries.push(b'l');
    entries.extend(i64::try_from(bytes).unwrap_or(i64::MAX).to_be_bytes());
}
