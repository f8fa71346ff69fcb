//! Line ends of files and pipes from any system.

use std::io::{self, Read};

/// Reads CR LF and a single CR as LF, so that every line ends with one byte. Other bytes pass unchanged.
pub struct UniversalLines<R> {
    reader: R,
    after_return: bool,
}

impl<R: Read> UniversalLines<R> {
    /// Wraps `reader`, which is read in the pieces that the caller asks for. Wrap the result in a `BufReader`.
    pub fn new(reader: R) -> Self {
        Self { reader, after_return: false }
    }

    /// Converts in place and returns how many bytes are left.
    fn convert(&mut self, bytes: &mut [u8]) -> usize {
        if !self.after_return && !bytes.contains(&b'\r') {
            return bytes.len();
        }
        let mut kept = 0;
        for at in 0..bytes.len() {
            let byte = bytes[at];
            let second_half = self.after_return && byte == b'\n';
            self.after_return = byte == b'\r';
            if !second_half {
                bytes[kept] = if byte == b'\r' { b'\n' } else { byte };
                kept += 1;
            }
        }
        kept
    }
}

impl<R: Read> Read for UniversalLines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.reader.read(buffer)?;
            let kept = self.convert(&mut buffer[..read]);
            // A piece with only the LF of a CR LF becomes empty. That is not the end of the input.
            if kept > 0 || read == 0 {
                return Ok(kept);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns `piece` bytes per read.
    struct Pieces<'a> {
        rest: &'a [u8],
        piece: usize,
    }

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let size = self.piece.min(buffer.len()).min(self.rest.len());
            let (now, rest) = self.rest.split_at(size);
            buffer[..size].copy_from_slice(now);
            self.rest = rest;
            Ok(size)
        }
    }

    fn read(text: &[u8], piece: usize) -> Vec<u8> {
        let mut read = Vec::new();
        UniversalLines::new(Pieces { rest: text, piece }).read_to_end(&mut read).unwrap();
        read
    }

    #[test]
    fn every_line_end_becomes_a_line_feed() {
        for piece in 1..5 {
            assert_eq!(read(b"a\r\nb\rc\nd\r\r\ne\n\rf\r", piece), b"a\nb\nc\nd\n\ne\n\nf\n", "{piece}");
        }
        assert!(read(b"", 1).is_empty());
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(text in "[ab\r\n]{0,40}", piece in 1..9_usize) {
            let expected = text.replace("\r\n", "\n").replace('\r', "\n");
            prop_assert_eq!(read(text.as_bytes(), piece), expected.into_bytes());
        }
    }
}
