//! Phone numbers: from the text that a person typed to E.164, or to the reason why the number is rejected.
//!
//! `rlibphonenumber` (libphonenumber's metadata) reads the number and its type. Our own rules limit the length, remove
//! invisible marks, reject damaged numbers, and reject two kinds of ambiguity: a second number in the same field, and
//! letters that the library reads as digits. A message to a wrong number tells a stranger that someone is pregnant, so
//! this module never guesses.

mod ambiguity;
mod country;
mod damage;
mod describe;
mod e164;
pub mod escape;
mod libphonenumber;
mod line_type;
mod policy;
mod region;
mod rejection;
mod repair;

pub use country::{CountryList, InvalidCountryList};
pub use damage::of_json_number;
pub use describe::{Description, describe};
pub use e164::{E164, InvalidE164};
pub use line_type::LineType;
pub use policy::NumberPolicy;
pub use region::{CountryCode, InvalidRegion, Region};
pub use rejection::Rejection;

use std::borrow::Cow;

use libphonenumber::Reading;

/// The longest input in bytes that is read. libphonenumber's own limit is 250 characters.
pub const MAX_INPUT_BYTES: usize = 250;

/// A number that can be texted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phone {
    /// The number.
    pub e164: E164,
    /// Mobile, or fixed line or mobile.
    pub line_type: LineType,
    /// Whether the E.164 form differs from the typed text.
    pub changed: bool,
}

/// Reads a number as typed. Without a country code it belongs to `region`.
///
/// # Errors
/// Why the number cannot be texted.
pub fn normalise(raw: &str, region: Region) -> Result<Phone, Rejection> {
    let Assessment { reading, refusal } = read(raw, region)?;
    if let Some(why) = refusal {
        return Err(why);
    }
    let e164 = reading.e164().ok_or(Rejection::TooLong)?;
    Ok(Phone { e164, line_type: reading.line_type, changed: e164.as_str() != raw })
}

/// Checks that the number's country may be texted.
///
/// # Errors
/// [`Rejection::CountryNotAllowed`].
pub fn check_country(e164: &E164, allowed: &CountryList) -> Result<(), Rejection> {
    let fine = *allowed == CountryList::Any || allowed.allows(e164.country());
    if fine { Ok(()) } else { Err(Rejection::CountryNotAllowed) }
}

/// Loads the metadata and compiles the patterns for Nepali numbers, so that the first signup does not wait some
/// milliseconds for them.
pub fn warm_up() {
    for typed in ["9800000000", "+977-980-0000000", "०९८००००००००", "01-4412345"] {
        let _warm = normalise(typed, Region::NEPAL);
    }
}

/// A reading of a number, and the reason if it is rejected nevertheless.
struct Assessment {
    reading: Reading,
    refusal: Option<Rejection>,
}

/// Reads a text with libphonenumber, or with our repairs if the library does not find a valid number. Invisible marks are
/// removed only if the library does not find a valid number in the unchanged text.
fn read(raw: &str, region: Region) -> Result<Assessment, Rejection> {
    if raw.len() > MAX_INPUT_BYTES {
        return Err(Rejection::TooLong);
    }
    let text = visible(raw);
    if text.trim_start().is_empty() {
        return Err(Rejection::Empty);
    }
    if damage::is_damaged(&text) {
        let invalid = libphonenumber::read(&text, region).ok().filter(|reading| !reading.is_valid());
        return invalid
            .map(|reading| Assessment { reading, refusal: Some(Rejection::Damaged) })
            .ok_or(Rejection::Damaged);
    }
    let found = match (libphonenumber::read(raw, region), &text) {
        (Ok(reading), _) if reading.is_valid() => Ok(Assessment::of(&text, reading)),
        (_, Cow::Owned(text)) => assess(text, region),
        (Ok(reading), Cow::Borrowed(_)) => Ok(Assessment::of(&text, reading)),
        (Err(why), Cow::Borrowed(_)) => Err(ambiguity::better_reason(&text, why)),
    };
    match found {
        Ok(Assessment { refusal: None, .. }) => found,
        found => repair::reread(&text, &found, region).unwrap_or(found),
    }
}

/// The text without invisible marks, which come along when a number is copied from a contact list or a chat. A mark is
/// not a digit, so its removal cannot make the number another person's.
fn visible(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !text.contains(is_invisible) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace(is_invisible, ""))
}

/// Bidirectional controls, zero-width characters, soft hyphen, byte order mark, variation selectors.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{FEFF}'
        | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{2069}'
        | '\u{FE00}'..='\u{FE0F}')
}

impl Assessment {
    fn of(text: &str, reading: Reading) -> Self {
        let refusal = ambiguity::check(text, &reading).or_else(|| reading.line_type.refusal());
        Self { reading, refusal }
    }
}

/// The library's reading of a text without invisible marks.
fn assess(text: &str, region: Region) -> Result<Assessment, Rejection> {
    match libphonenumber::read(text, region) {
        Ok(reading) => Ok(Assessment::of(text, reading)),
        Err(why) => Err(ambiguity::better_reason(text, why)),
    }
}

#[cfg(test)]
mod tests;
