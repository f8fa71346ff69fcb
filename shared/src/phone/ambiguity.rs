//! Doubts about a text that the engine alone does not have: two numbers in one field, and digits that
//! nobody typed.

use rlibphonenumber::PHONE_NUMBER_UTIL;

use super::{LineType, Rejection, libphonenumber::Reading};

/// Fewer digits than this are an extension, an area code or a house number, not a second phone number.
const DIGITS_OF_A_NUMBER: usize = 7;
/// From so many letters on, the engine reads letters as the digits of their keys (E.161).
const LETTERS_OF_A_WORD: usize = 3;

/// Why a number is not taken although the engine can read it.
pub(super) fn check(text: &str, reading: &Reading) -> Option<Rejection> {
    if reading.line_type == LineType::Unknown {
        return Some(match better_reason(text, reading.fault()) {
            // The digits that are too many are letters.
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

/// The better reason for a text that is no valid number: perhaps it is several.
pub(super) fn better_reason(text: &str, why: Rejection) -> Rejection {
    let blanks = |c: char| separates(c) || c.is_whitespace();
    let several = count(text, separates) > 1
        || why == Rejection::TooLong && (count(text, blanks) > 1 || count(text, |c| !c.is_numeric()) > 1);
    if several { Rejection::MultipleNumbers } else { why }
}

/// The engine takes what follows `;`, `x` or `ext` for an extension and drops it. A slash may also stand
/// within one number (`0151/1234567`): then no part holds all of it.
fn followed_by_another(text: &str, reading: &Reading) -> bool {
    count(text, separates) > 1 && {
        let national = reading.national();
        numbers(text, separates).any(|part| holds(part, &national))
    }
}

/// `980-SAMIRA-1`: nobody in Nepal spells numbers, so such a text is a name or a mistake, and the digits
/// on the letters' keys are some stranger's.
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

/// The parts with enough digits for a phone number.
fn numbers(text: &str, split: impl Fn(char) -> bool) -> impl Iterator<Item = &str> {
    let long = |part: &&str| part.chars().filter(|c| c.is_numeric()).count() >= DIGITS_OF_A_NUMBER;
    text.split(split).filter(long)
}

/// Everything that does not stand inside one number: words, comma, semicolon, slash, new line, a plus.
pub(super) fn separates(c: char) -> bool {
    !(c.is_numeric()
        || matches!(c, ' ' | '.' | '-' | '(' | ')' | '[' | ']' | '\u{A0}')
        || matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{3000}' | '\u{FF08}' | '\u{FF09}'))
}
