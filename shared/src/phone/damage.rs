//! Numbers that a spreadsheet, a float conversion or a thousands separator damaged.
//!
//! Read digit by digit, `9.84123457E9` and `984123456.0` become numbers of strangers: the exponent or the fraction
//! becomes the last digit. The lost digits cannot be restored, so such a text is rejected.

use std::borrow::Cow;

/// A text with at least this many digits contains a phone number.
const DIGITS_OF_A_NUMBER: usize = 7;
/// A longer fraction may be a group of digits in a phone number.
const SHORT_FRACTION: usize = 2;
/// Digits of the largest exponent, 308.
const DIGITS_OF_AN_EXPONENT: usize = 3;

/// Whether the text holds a number with an exponent, with groups of three after commas, or with a single dot after seven
/// or more digits. The caller has removed invisible marks from `text`.
pub(super) fn is_damaged(text: &str) -> bool {
    // A fold without an early return is vectorised.
    if !text.bytes().fold(false, |found, byte| found | may_show_damage(byte)) {
        return false;
    }
    let signs = signs(text);
    let (point, comma) = (signs.contains(&b'.'), signs.contains(&b','));
    has_exponent(&signs) || (point || comma) && has_fraction(&signs) || comma && has_thousands(&signs)
}

/// The text of a JSON number. A number with a fraction or an exponent is never a phone number, so the result is a text
/// that [`super::normalise`] rejects as damaged.
pub fn of_json_number(raw: &str) -> Cow<'_, str> {
    if raw.contains(['.', 'e', 'E']) && !is_damaged(raw) {
        Cow::Owned(format!("{raw}e0"))
    } else {
        Cow::Borrowed(raw)
    }
}

/// Whether the byte is an ASCII sign of damage, or the first byte of an Arabic separator or of a full-width or small
/// form.
fn may_show_damage(byte: u8) -> bool {
    matches!(byte, b'.' | b',' | b'e' | b'E' | b'd' | b'D' | 0xD9 | 0xEF)
}

/// One byte per character: a digit as ASCII, `.`, `,`, `e`, `d`, a blank, `-` for signs and brackets, `x` for other
/// letters, `|` for the rest.
fn signs(text: &str) -> Vec<u8> {
    text.chars().map(sign).collect()
}

fn sign(c: char) -> u8 {
    match c {
        '0'..='9' => u8::try_from(c).unwrap_or(b'9'),
        '.' | '．' | '﹒' | '٫' => b'.',
        ',' | '，' | '﹐' | '٬' => b',',
        'e' | 'E' | 'ｅ' | 'Ｅ' => b'e',
        'd' | 'D' | 'ｄ' | 'Ｄ' => b'd',
        '+' | '-' | '(' | ')' | '[' | ']' | '\u{2010}'..='\u{2015}' | '−' | '＋' | '－' | '（' | '）' => {
            b'-'
        }
        '\'' | '’' | '_' => b' ',
        '\u{0660}' | '\u{06F0}' | '\u{0966}' | '\u{FF10}' => b'0',
        _ if c.is_whitespace() => b' ',
        _ if c.is_numeric() => b'9',
        _ if c.is_alphabetic() => b'x',
        _ => b'|',
    }
}

/// Such as `9.84E9`, `9,84E+09`, `984 e 7`, and Fortran's `9.84D9`.
fn has_exponent(signs: &[u8]) -> bool {
    signs.iter().enumerate().any(|(at, sign)| match sign {
        b'e' => ends_a_mantissa(&signs[..at], false) && begins_an_exponent(&signs[at + 1..]),
        b'd' => ends_a_mantissa(&signs[..at], true) && begins_an_exponent(&signs[at + 1..]),
        _ => false,
    })
}

fn ends_a_mantissa(before: &[u8], with_fraction: bool) -> bool {
    let before = before.trim_ascii_end();
    let number = before.iter().rev().take_while(|sign| sign.is_ascii_digit() || matches!(sign, b'.' | b','));
    let (mut digits, mut fraction) = (false, false);
    for sign in number {
        digits |= sign.is_ascii_digit();
        fraction |= !sign.is_ascii_digit();
    }
    digits && (fraction || !with_fraction)
}

/// At most three digits after zeros: `9721e234567` is a stray letter within a number.
fn begins_an_exponent(after: &[u8]) -> bool {
    let after = after.trim_ascii_start();
    let after = after.strip_prefix(b"-").unwrap_or(after);
    let digits = after.iter().take_while(|sign| sign.is_ascii_digit()).count();
    let zeros = after.iter().take_while(|sign| **sign == b'0').count();
    digits > 0 && digits - zeros <= DIGITS_OF_AN_EXPONENT
}

/// Such as `9841234570.0`, `984123456.0`, `984 123 456.00`, and a decimal comma before zeros.
fn has_fraction(signs: &[u8]) -> bool {
    let numbers = |within: fn(u8) -> bool| signs.split(move |sign| !within(*sign));
    numbers(|sign| sign.is_ascii_digit() || sign == b'.').any(|number| {
        let number = trimmed(number);
        split_once(number, b'.').is_some_and(|(whole, _)| is_long(whole))
    }) || numbers(|sign| sign.is_ascii_digit() || sign == b',').any(|number| {
        split_once(trimmed(number), b',').is_some_and(|(whole, rest)| is_long(whole) && is_zero(rest))
    }) || numbers(|sign| sign.is_ascii_digit() || b".,- ".contains(&sign)).any(|number| {
        split_once(trimmed(number), b'.').is_some_and(|(whole, rest)| {
            let apart = whole.last().is_some_and(u8::is_ascii_digit) && rest.iter().all(u8::is_ascii_digit);
            apart && is_long(whole) && (rest.len() <= SHORT_FRACTION || is_zero(rest))
        })
    })
}

/// Leading zeros do not count, because a float does not begin with 0.
fn is_long(whole: &[u8]) -> bool {
    let digits = whole.iter().filter(|sign| sign.is_ascii_digit());
    digits.skip_while(|sign| **sign == b'0').count() >= DIGITS_OF_A_NUMBER
}

fn is_zero(digits: &[u8]) -> bool {
    !digits.is_empty() && digits.iter().all(|sign| *sign == b'0')
}

/// Such as `9,841,234,570`, and `9,84,12,34,570` as in Nepal and India.
fn has_thousands(signs: &[u8]) -> bool {
    let numbers = signs.split(|sign| !sign.is_ascii_digit() && !matches!(sign, b',' | b'.'));
    numbers.map(trimmed).any(|number| {
        let whole = number.split(|sign| *sign == b'.').next().unwrap_or_default();
        let groups: Vec<usize> = whole.split(|sign| *sign == b',').map(<[u8]>::len).collect();
        let digits: usize = groups.iter().sum();
        digits >= DIGITS_OF_A_NUMBER
            && match groups.as_slice() {
                [1..=3, rest @ ..] if !rest.is_empty() && rest.iter().all(|len| *len == 3) => true,
                [1 | 2, middle @ .., 3] => !middle.is_empty() && middle.iter().all(|len| *len == 2),
                _ => false,
            }
    })
}

/// The parts before and after `mark`; `None` unless it occurs exactly once.
fn split_once(number: &[u8], mark: u8) -> Option<(&[u8], &[u8])> {
    let mut parts = number.split(|sign| *sign == mark);
    let sides = (parts.next()?, parts.next()?);
    parts.next().is_none().then_some(sides)
}

/// From the first digit to the last.
fn trimmed(number: &[u8]) -> &[u8] {
    let digit = |sign: &u8| sign.is_ascii_digit();
    match (number.iter().position(digit), number.iter().rposition(digit)) {
        (Some(first), Some(last)) => &number[first..=last],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_fractions_and_thousands_are_damage() {
        for text in [
            "9.84E9",
            "9.84123457E9",
            "9,84E+09",
            "9.841235e+09",
            "984123457E1",
            "9.84 E 09",
            "9.84E−9",
            "9.84123457D9",
            "９.８４Ｅ９",
            "९.८४E+०९",
            "9841234570.0",
            "984123456.0",
            "0984123456.0",
            "+9779841234567.0",
            "984123456.00",
            "984123456.5",
            "९८४१२३४५६.०",
            "９８４１２３４５６．０",
            "٩٨٤١٢٣٤٥٦٫٠",
            "984 123 456.0",
            "984\u{202F}123\u{202F}456.00",
            "984'123'456.0",
            "984-123-456.0",
            "9841234570,0",
            "9,841,234,570",
            "9,841,234,570.0",
            "984,123,456.0",
            "9,84,12,34,570",
            "٩٬٨٤١٬٢٣٤٬٥٧٠",
            " 9.84E9\n",
            "tel:984123456.0",
            "home 984123456.0 (Ncell)",
            "9841234570.0.",
        ] {
            assert!(is_damaged(text), "{text:?}");
        }
    }

    #[test]
    fn ordinary_groups_are_not_damage() {
        for text in [
            "9841234567",
            "984.123.4567",
            "984.1234567",
            "+977.984.1234567",
            "00977984.1234567",
            "+977 984 123.4567",
            "+506.900-123-4567",
            "984,123,4567",
            "984, 1234567",
            "98.41.23.45.67",
            "98,41,23,45,67",
            "9841234567.",
            "No. 9841234567",
            "Mr. Rai 9841234567, home",
            "9841234567 ext 45",
            "9721e234567",
            "+49 (0) 1512.3456789",
            "E 9841234567",
            "1.5",
            "",
        ] {
            assert!(!is_damaged(text), "{text:?}");
        }
    }

    #[test]
    fn a_json_number_with_a_fraction_or_an_exponent_is_damaged() {
        for raw in ["9.841234570", "9.84E9", "1.5", "1e400", "9841234567e0000000", "0.1", "1E-7", "1e99999"] {
            assert!(is_damaged(&of_json_number(raw)), "{raw}");
        }
        assert!(matches!(of_json_number("-9841234567"), Cow::Borrowed("-9841234567")));
    }
}
