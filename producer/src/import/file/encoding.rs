//! How a file is written: its encoding and its separator, seen from its beginning.

use producer::command::Failure;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Bytes that are looked at.
pub(super) const BEGINNING: usize = 64 * 1024;

/// Whether there is a UTF-8 byte order mark before the first character, or why the file cannot be read.
pub(super) fn byte_order_mark(beginning: &[u8]) -> Result<bool, Failure> {
    let refuse = |why: &str| Err(Failure::Usage(why.to_owned()));
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

/// Bytes of the byte order mark.
pub(super) const BOM_BYTES: u64 = BOM.len() as u64;

/// The separator that the header has most of, outside quotes.
pub(super) fn separator(beginning: &[u8]) -> u8 {
    let mut quoted = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    for byte in beginning {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
            _ if !quoted => counts.iter_mut().filter(|(s, _)| s == byte).for_each(|(_, count)| *count += 1),
            _ => {}
        }
    }
    // The first of those with as many.
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(separator, _)| separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_named() {
        assert!(byte_order_mark(b"\xEF\xBB\xBFid,phone").unwrap() && !byte_order_mark(b"id").unwrap());
        let refused = |bytes: &[u8]| byte_order_mark(bytes).unwrap_err().to_string();
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
            assert_eq!(separator(header.as_bytes()), expected, "{header}");
        }
    }
}
