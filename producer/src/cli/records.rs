//! Limits for reading records of unknown files, so that a record without an end does not fill the memory.

use std::{
    cell::Cell,
    io::{self, BufRead, Read},
    rc::Rc,
};

/// Bytes of the longest record. An event has at most 16 KiB. Escapes can make a line longer than its event.
pub const LONGEST_RECORD: usize = 64 * 1024;

/// The length of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// The input has ended.
    End,
    /// The whole line was read.
    Fits,
    /// The line is longer than [`LONGEST_RECORD`]. Only its beginning was read.
    TooLong,
}

/// Reads up to the next line feed into `text`.
pub fn next_line(reader: &mut impl BufRead, text: &mut Vec<u8>) -> io::Result<Length> {
    text.clear();
    let mut length = Length::End;
    loop {
        let chunk = match reader.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        if chunk.is_empty() {
            return Ok(length);
        }
        if length == Length::End {
            length = Length::Fits;
        }
        let feed = chunk.iter().position(|byte| *byte == b'\n');
        let part = &chunk[..feed.unwrap_or(chunk.len())];
        if text.len() + part.len() > LONGEST_RECORD {
            length = Length::TooLong;
        } else {
            text.extend_from_slice(part);
        }
        let used = part.len() + usize::from(feed.is_some());
        reader.consume(used);
        if feed.is_some() {
            return Ok(length);
        }
    }
}

/// A reader that fails on a record that is too long: in separated values an open quote would include the rest of
/// the file.
pub struct Bounded<R> {
    reader: R,
    left: Budget,
}

/// The bytes that may still be read of the current record.
#[derive(Debug, Clone)]
pub struct Budget(Rc<Cell<usize>>);

impl Budget {
    /// Begins a new record.
    pub fn renew(&self) {
        self.0.set(LONGEST_RECORD);
    }
}

impl<R: Read> Bounded<R> {
    /// Limits `reader`. Renew the budget before every record.
    pub fn new(reader: R) -> (Self, Budget) {
        let left = Budget(Rc::new(Cell::new(LONGEST_RECORD)));
        (Self { reader, left: left.clone() }, left)
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = &self.left.0;
        if left.get() == 0 {
            return Err(io::Error::other("a record is longer than 64 KiB; is a quote left open?"));
        }
        let read = self.reader.read(buffer)?;
        left.set(left.get().saturating_sub(read));
        Ok(read)
    }
}
