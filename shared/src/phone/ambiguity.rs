//! The ambiguity check, beyond libphonenumber: two numbers in one field, and letters that are read as digits.

use rlibphonenumber::PHONE_NUMBER_UTIL;

use super::{LineType, Rejection, libphonenumber::Reading};

/// Fewer digits than this are an extension, an area code or a house number, not a second phone number.
const DIGITS_OF_A_NUMBER: usize = 7;
/// From this many letters on, the library reads letters as the digits of their keys (E.161).
const LETTERS_OF_A_WORD: usize = 3;

/// Why a number is rejected although the library can read it.
pub(super) fn check(text: &str, reading: &Reading) -> Option<Rejection> {
    if reading.line_type == LineType::Unknown {
        return Some(match better_reason(text, reading.fault()) {
            // The surplus digits are letters.
            Rejection::TooLong if spelt_in_letters(text, reading) => Rejection::NotANumber,
            why => why,
        });
    }
    if text.bytes().all(|byte| byte.is_ascii_digit() || b"+-. ()".contains(&byte)) {
        return None;
    }
    if followed_by_another(text, reading) {
        return Some(Rejection::MultipleNumbers);
    }
    spelt_in_letters(text, reading).then_some(Rejection::NotANumber)
}

/// The reason for a text that is not a valid number: `MultipleNumbers` if it may hold several, else `why`.
pub(super) fn better_reason(text: &str, why: Rejection) -> Rejection {
    let blanks = |c: char| separates(c) || c.is_whitespace();
    let several = count(text, separates) > 1
        || why == Rejection::TooLong && (count(text, blanks) > 1 || count(text, |c| !c.is_numeric()) > 1);
    if several { Rejection::MultipleNumbers } else { why }
}

/// Whether another number follows. The library drops the text after `;`, `x` or `ext` as an extension. A slash can also
/// be a part of one number (`0151/1234567`); then none of the parts holds the whole number.
fn followed_by_another(text: &str, reading: &Reading) -> bool {
    count(text, separates) > 1 && {
        let national = reading.national();
        numbers(text, separates).any(|part| holds(part, &national))
    }
}

/// Whether letters are read as digits, as in `980-SAMIRA-1`. People in Nepal do not spell numbers, so the text is a name
/// or a mistake, and the digits of the letters belong to a stranger's number.
fn spelt_in_letters(text: &str, reading: &Reading) -> bool {
    let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    letters >= LETTERS_OF_A_WORD && !holds(text, &reading.national())
}

fn holds(text: &str, national: &str) -> bool {
    PHONE_NUMBER_UTIL.normalize_digits_only(text).contains(national)
}

fn count(text: &str, split: impl Fn(char) -> bool) -> usize {
    numbers(text, split).count()
}

/// The parts that have enough digits for a phone number.
fn numbers(text: &str, split: impl Fn(char) -> bool) -> impl Iterator<Item = &str> {
    let long = |part: &&str| part.chars().filter(|c| c.is_numeric()).count() >= DIGITS_OF_A_NUMBER;
    text.split(split).filter(long)
}

/// Whether the character separates numbers: letters, comma, semicolon, slash, new line, plus. Blanks, dots, hyphens and
/// brackets do not.
pub(super) fn separates(c: char) -> bool {
    !(c.is_numeric()
        || matches!(c, ' ' | '.' | '-' | '(' | ')' | '[' | ']' | '\u{A0}')
        || matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{3000}' | '\u{FF08}' | '\u{FF09}'))
}
