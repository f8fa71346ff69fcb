//! Escapes for control characters in tab-separated lines: `\\`, `\t`, `\n`, `\r` and `\0`.

use std::borrow::Cow;

const PAIRS: [(char, char); 5] = [('\\', '\\'), ('\t', 't'), ('\n', 'n'), ('\r', 'r'), ('\0', '0')];

/// Writes backslash, tab, line feed, carriage return and NUL as escapes.
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| PAIRS.iter().any(|(raw, _)| u32::from(byte) == u32::from(*raw))) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match PAIRS.iter().find(|(raw, _)| *raw == c) {
            Some((_, letter)) => out.extend(['\\', *letter]),
            None => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Reads the escapes of [`escape`].
///
/// # Errors
/// [`UnknownEscape`] for a backslash before another character.
pub fn unescape(text: &str) -> Result<Cow<'_, str>, UnknownEscape> {
    if !text.contains('\\') {
        return Ok(Cow::Borrowed(text));
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let letter = chars.next();
        let pair = PAIRS.iter().find(|(_, known)| Some(*known) == letter);
        out.push(pair.ok_or(UnknownEscape)?.0);
    }
    Ok(Cow::Owned(out))
}

/// A backslash precedes an unknown character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(r"unknown escape; known are \\, \t, \n, \r and \0")]
pub struct UnknownEscape;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_round_trip() {
        let raw = "a\\b\tc\nd\re\0f";
        assert_eq!(escape(raw), r"a\\b\tc\nd\re\0f");
        assert_eq!(unescape(&escape(raw)).unwrap(), raw);
        assert!(matches!(escape("980-796"), Cow::Borrowed(_)));
    }

    #[test]
    fn unknown_escapes_are_refused() {
        assert_eq!(unescape(r"a\x"), Err(UnknownEscape));
        assert_eq!(unescape("a\\"), Err(UnknownEscape));
    }
}
