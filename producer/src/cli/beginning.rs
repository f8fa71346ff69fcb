//! The beginning of a file: its encoding and, in separated values, its separator.

use std::io::{self, Cursor, Read};

use shared::lines::UniversalLines;

use super::Failure;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// The number of bytes that are examined.
const BEGINNING: usize = 64 * 1024;

/// The properties of a file that its beginning shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beginning {
    /// Whether the file begins with a UTF-8 byte order mark.
    pub byte_order_mark: bool,
    /// The separator of the columns. It has no meaning for JSON lines.
    pub separator: u8,
    /// Lines before the header: a spreadsheet's `sep=;`.
    pub lines: u64,
    /// Bytes before the header. Every line end counts as one byte.
    pub bytes: u64,
}

impl Beginning {
    /// Examines separated values. Fails if the bytes are not UTF-8 text; the error says what to do.
    pub fn of_table(bytes: &[u8]) -> Result<Self, Failure> {
        let mut beginning = Self::of_text(bytes)?;
        let text = &bytes[if beginning.byte_order_mark { BOM.len() } else { 0 }..];
        if let Some((separator, length)) = declared(text) {
            beginning.separator = separator;
            beginning.lines = 1;
            beginning.bytes += length as u64;
        } else {
            beginning.separator = counted(text);
        }
        Ok(beginning)
    }

    /// Examines any text.
    pub fn of_text(bytes: &[u8]) -> Result<Self, Failure> {
        let byte_order_mark = byte_order_mark(bytes)?;
        let bytes = if byte_order_mark { BOM.len() as u64 } else { 0 };
        Ok(Self { byte_order_mark, separator: b',', lines: 0, bytes })
    }

    /// Reads the beginning of separated values, and not beyond the header if the input arrives in pieces. Returns
    /// it with a reader that begins at the header.
    pub fn of_stream(reader: impl Read) -> Result<(Self, impl Read), Failure> {
        let mut reader = UniversalLines::new(reader);
        let mut read = Vec::new();
        let mut piece = [0; 8 * 1024];
        while read.len() < BEGINNING && !has_header(&read) {
            match reader.read(&mut piece) {
                Ok(0) => break,
                Ok(length) => read.extend_from_slice(&piece[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        let beginning = Self::of_table(&read)?;
        let mut read = Cursor::new(read);
        read.set_position(beginning.bytes);
        Ok((beginning, read.chain(reader)))
    }
}

/// The first bytes of `reader`. Every line end is one byte.
pub fn first_bytes(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(BEGINNING);
    UniversalLines::new(reader).take(BEGINNING as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn byte_order_mark(beginning: &[u8]) -> Result<bool, Failure> {
    let refuse = |why: &str| Err(Failure::usage(why));
    let with_zero = beginning.chunks(2).filter(|pair| pair.contains(&0)).count();
    if beginning.is_empty() {
        refuse("the file is empty")
    } else if beginning.starts_with(b"PK\x03\x04") {
        refuse(
            "this is a spreadsheet file, not text: save it as `CSV UTF-8`, with the phone column formatted as text",
        )
    } else if beginning.starts_with(b"\xFF\xFE") || beginning.starts_with(b"\xFE\xFF") {
        refuse(
            "the file is in UTF-16 (its byte order mark says so): save it as `CSV UTF-8`, or `iconv -f UTF-16 -t UTF-8`",
        )
    } else if with_zero * 4 > beginning.len() {
        refuse("the file looks like UTF-16: save it as `CSV UTF-8`, or convert it with `iconv -t UTF-8`")
    } else {
        Ok(beginning.starts_with(BOM))
    }
}

/// The separator that a first line `sep=;` declares, and the length of that line with its end.
fn declared(text: &[u8]) -> Option<(u8, usize)> {
    let end = text.iter().position(|byte| *byte == b'\n')?;
    let line = &text[..end];
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    match *line {
        [s, e, p, b'=', separator]
            if [s, e, p].eq_ignore_ascii_case(b"sep")
                && separator.is_ascii()
                && !separator.is_ascii_alphanumeric()
                && separator != b'"' =>
        {
            Some((separator, end + 1))
        }
        _ => None,
    }
}

/// The most frequent separator in the header, outside quotes.
fn counted(text: &[u8]) -> u8 {
    let mut quoted = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    for byte in without_empty_lines(text) {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
            _ if !quoted => counts.iter_mut().filter(|(s, _)| s == byte).for_each(|(_, count)| *count += 1),
            _ => {}
        }
    }
    // The first one in case of a tie.
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(separator, _)| separator)
}

/// The text without empty lines before the header.
fn without_empty_lines(text: &[u8]) -> &[u8] {
    &text[text.iter().take_while(|byte| **byte == b'\n').count()..]
}

/// Whether the header has ended, after a line that declares the separator.
fn has_header(text: &[u8]) -> bool {
    let text = text.strip_prefix(BOM).unwrap_or(text);
    let header = declared(text).map_or(text, |(_, length)| &text[length..]);
    let mut quoted = false;
    without_empty_lines(header).iter().any(|byte| {
        quoted ^= *byte == b'"';
        *byte == b'\n' && !quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_named() {
        let marked = |bytes| Beginning::of_text(bytes).unwrap().byte_order_mark;
        assert!(marked(b"\xEF\xBB\xBFid,phone") && !marked(b"id"));
        let refused = |bytes: &[u8]| Beginning::of_table(bytes).unwrap_err().to_string();
        assert!(refused(b"\xFF\xFEi\0d\0").contains("UTF-16 (its byte order mark"));
        assert!(refused(b"i\0d\0,\0").contains("UTF-16"));
        assert!(refused(b"PK\x03\x04\x14\0").contains("spreadsheet file"));
        assert!(refused(b"").contains("empty"));
    }

    #[test]
    fn the_separator_is_seen_in_the_header() {
        for (header, expected) in
            [("id,phone", b','), ("id;\"a,b,c\";phone\n,,,,", b';'), ("id\tphone", b'\t'), ("id", b',')]
        {
            let beginning = Beginning::of_table(header.as_bytes()).unwrap();
            assert_eq!((beginning.separator, beginning.lines), (expected, 0), "{header}");
        }
    }

    #[test]
    fn a_line_may_declare_the_separator() {
        for (text, separator, lines, bytes) in [
            ("sep=;\nid;a,b,c,d\n", b';', 1, 6),
            ("\u{FEFF}SEP=|\nid|phone", b'|', 1, 9),
            ("\"sep=,\"\nid,phone", b',', 1, 8),
            ("sep=\t\nid\tphone", b'\t', 1, 6),
            ("sep=x\nidxphone", b',', 0, 0),
            ("sep=;", b';', 0, 0),
        ] {
            let found = Beginning::of_table(text.as_bytes()).unwrap();
            assert_eq!((found.separator, found.lines, found.bytes), (separator, lines, bytes), "{text}");
        }
    }

    #[test]
    fn a_stream_begins_at_the_header_and_loses_nothing() {
        for text in ["\u{FEFF}sep=;\rid;phone\r1;2\r", "sep=;\r\nid;phone\r\n1;2\r\n"] {
            let (beginning, mut reader) = Beginning::of_stream(text.as_bytes()).unwrap();
            let mut rest = String::new();
            reader.read_to_string(&mut rest).unwrap();
            assert_eq!((beginning.separator, rest.as_str()), (b';', "id;phone\n1;2\n"));
        }
    }
}
