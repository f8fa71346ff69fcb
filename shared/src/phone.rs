//! Phone numbers: from what a person typed to E.164, or the reason why it cannot be texted.
//!
//! `rlibphonenumber` (libphonenumber's metadata) reads the number and names its type; around it stand a
//! length cap, the removal of invisible marks, and two doubts that turn an accepted number away: a
//! second number in the same field, and digits nobody typed. A wrong number tells a stranger that
//! someone is pregnant, so nothing here guesses.

mod clean;
mod country;
mod describe;
mod doubt;
mod e164;
mod engine;
pub mod escape;
mod line_type;
mod region;
mod unusable;

pub use country::{CountryList, InvalidCountryList};
pub use describe::{Description, describe};
pub use e164::{E164, InvalidE164};
pub use line_type::LineType;
pub use region::{CountryCode, InvalidRegion, Region};
pub use unusable::Unusable;

use std::borrow::Cow;

use engine::Reading;

/// The longest input that is looked at, in bytes; libphonenumber's own limit is 250 characters.
pub const MAX_INPUT_BYTES: usize = 250;

/// A number that can be texted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phone {
    /// The number.
    pub e164: E164,
    /// Mobile, or fixed line or mobile.
    pub line_type: LineType,
    /// Whether the E.164 form differs from what was typed.
    pub changed: bool,
}

/// Reads a number as typed; without a country code it is one of `region`.
///
/// # Errors
/// Why the number cannot be texted.
pub fn normalise(raw: &str, region: Region) -> Result<Phone, Unusable> {
    let (text, reading) = read(raw, region)?;
    if let Some(why) = refusal(&text, &reading) {
        return Err(why);
    }
    let e164 = reading.e164().ok_or(Unusable::TooLong)?;
    Ok(Phone { e164, line_type: reading.line_type, changed: e164.as_str() != raw })
}

/// Whether the number's country may be texted.
///
/// # Errors
/// [`Unusable::CountryNotAllowed`].
pub fn check_country(e164: &E164, allowed: &CountryList) -> Result<(), Unusable> {
    let fine = *allowed == CountryList::Any || allowed.allows(e164.country());
    if fine { Ok(()) } else { Err(Unusable::CountryNotAllowed) }
}

/// Loads the metadata and compiles what a Nepali number needs, so that the first signup does not wait
/// some milliseconds for it.
pub fn warm_up() {
    for typed in ["9800000000", "+977-980-0000000", "०९८००००००००", "01-4412345"] {
        let _warm = normalise(typed, Region::NEPAL);
    }
}

/// The engine's reading, and the text without invisible marks. The marks go only where the engine does
/// not find a valid number as it is.
fn read(raw: &str, region: Region) -> Result<(Cow<'_, str>, Reading), Unusable> {
    if raw.len() > MAX_INPUT_BYTES {
        return Err(Unusable::TooLong);
    }
    let text = clean::visible(raw);
    if text.trim_start().is_empty() {
        return Err(Unusable::Empty);
    }
    let valid = |reading: &Reading| reading.line_type != LineType::Unknown;
    let reading = match (engine::read(raw, region), &text) {
        (Ok(reading), _) if valid(&reading) => Ok(reading),
        (_, Cow::Owned(text)) => engine::read(text, region),
        (refused, Cow::Borrowed(_)) => refused,
    };
    match reading {
        Ok(reading) => Ok((text, reading)),
        Err(why) => Err(doubt::second_thought(&text, why)),
    }
}

/// Why a number the numbering plan knows is not texted all the same.
fn refusal(text: &str, reading: &Reading) -> Option<Unusable> {
    doubt::about(text, reading).or_else(|| reading.line_type.refusal())
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
