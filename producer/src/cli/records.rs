//! Reading a file of records that nobody has seen before: one without an end must not fill the memory.

use std::{
    cell::Cell,
    io::{self, BufRead, Read},
    rc::Rc,
};

/// Bytes of the longest record. An event has at most 16 KiB; escapes can make a line longer than the event it becomes.
pub const LONGEST_RECORD: usize = 64 * 1024;

/// How a line fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// There is no further line.
    End,
    /// It is there as a whole.
    Fits,
    /// Longer than [`LONGEST_RECORD`]; only its beginning is there.
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

/// Fails instead of reading without end: in comma-separated values an open quote would swallow the rest of the file.
pub struct Bounded<R> {
    reader: R,
    left: Budget,
}

/// What may be read of the record at hand.
#[derive(Debug, Clone)]
pub struct Budget(Rc<Cell<usize>>);

impl Budget {
    /// A new record begins.
    pub fn renew(&self) {
        self.0.set(LONGEST_RECORD);
    }
}

impl<R: Read> Bounded<R> {
    /// Of `reader`; the budget is to be renewed before every record.
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
