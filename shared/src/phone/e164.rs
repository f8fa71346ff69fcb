//! A phone number in E.164 form: `+`, country code, national number.

use std::{fmt, str::FromStr};

use super::{CountryCode, libphonenumber};

/// `+` and 15 digits, the longest E.164 number (ITU-T E.164, 6.2.1).
const MAX_BYTES: usize = 16;

/// A phone number in E.164 form. `Display` and `Debug` show the masked form, [`E164::as_str`] the whole number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct E164 {
    /// ASCII, the rest zero.
    bytes: [u8; MAX_BYTES],
    len: u8,
}

impl E164 {
    /// Reads the form this type writes: `+`, a digit other than 0, then 6 to 14 digits.
    ///
    /// # Errors
    /// [`InvalidE164`], which does not quote the text.
    pub fn parse(text: &str) -> Result<Self, InvalidE164> {
        match text.as_bytes() {
            [b'+', b'1'..=b'9', rest @ ..] if (6..=14).contains(&rest.len()) => {
                let digits = rest.iter().all(u8::is_ascii_digit);
                if digits { Self::pack(text.as_bytes()).ok_or(InvalidE164) } else { Err(InvalidE164) }
            }
            _ => Err(InvalidE164),
        }
    }

    /// Builds a number from country code, leading zeros and national number; `None` if it is too long.
    pub(super) fn assemble(country_code: u64, zeros: usize, national: u64) -> Option<Self> {
        let mut scratch = [b'0'; 48];
        let mut at = put_digits(&mut scratch, 48, national);
        at = at.checked_sub(zeros).filter(|at| *at > 3)?;
        at = put_digits(&mut scratch, at, country_code).checked_sub(1)?;
        scratch[at] = b'+';
        Self::pack(&scratch[at..])
    }

    /// The whole number, for the database and for Twilio. Never log it.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or_default()
    }

    /// The number with dots except for country code and last two digits: `+977••••••••78`.
    pub fn masked(&self) -> String {
        let text = self.as_str();
        let shown = 1 + country_code_len(text.as_bytes());
        let tail = text.len().saturating_sub(2).max(shown);
        format!("{}{}{}", &text[..shown], "•".repeat(tail - shown), &text[tail..])
    }

    /// Its country; `None` for numbers outside countries (+800, +870, …).
    pub fn country(&self) -> Option<CountryCode> {
        let (country_code, national) = self.as_str().get(1..)?.split_at(country_code_len(&self.bytes));
        libphonenumber::country(country_code.parse().ok()?, national)
    }

    fn pack(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; MAX_BYTES];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        Some(Self { bytes, len: u8::try_from(text.len()).ok()? })
    }
}

/// Writes the digits of a number, at least one, before `end`. Returns where they begin.
fn put_digits(into: &mut [u8], end: usize, mut number: u64) -> usize {
    let mut at = end;
    while at > 0 {
        at -= 1;
        into[at] = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
        if number == 0 {
            break;
        }
    }
    at
}

/// The number of digits of the country code after `+`. The first digits determine it, for unassigned codes too (ITU-T
/// E.164, list of assigned country codes).
fn country_code_len(text: &[u8]) -> usize {
    match text {
        [_, b'1' | b'7', ..] => 1,
        [_, b'2', b'0' | b'7', ..]
        | [_, b'3', b'0'..=b'4' | b'6' | b'9', ..]
        | [_, b'4', b'0' | b'1' | b'3'..=b'9', ..]
        | [_, b'5', b'1'..=b'8', ..]
        | [_, b'6', b'0'..=b'6', ..]
        | [_, b'8', b'1' | b'2' | b'4' | b'6', ..]
        | [_, b'9', b'0'..=b'5' | b'8', ..] => 2,
        _ => 3,
    }
}

impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl fmt::Debug for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl FromStr for E164 {
    type Err = InvalidE164;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for E164 {
    type Error = InvalidE164;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

/// The text is not an E.164 number. The error does not quote the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a phone number in E.164 form")]
pub struct InvalidE164;

#[cfg(test)]
mod tests {
    use rlibphonenumber::PHONE_NUMBER_UTIL;

    use super::*;

    #[test]
    fn parse_checks_only_the_form() {
        for good in ["+9779807969278", "+1234567", "+123456789012345"] {
            assert_eq!(E164::parse(good).unwrap().as_str(), good);
        }
        for bad in
            ["", "+", "9779807969278", "+0779807969278", "+123456", "+1234567890123456", "+97798०7969278"]
        {
            assert_eq!(E164::parse(bad), Err(InvalidE164), "{bad}");
        }
    }

    #[test]
    fn printing_masks() {
        let number = E164::parse("+9779807969278").unwrap();
        assert_eq!(number.to_string(), "+977••••••••78");
        assert_eq!(format!("{number:?}"), "+977••••••••78");
        assert_eq!(E164::parse("+14155238886").unwrap().masked(), "+1••••••••86");
        assert_eq!(E164::parse("+919876543210").unwrap().masked(), "+91••••••••10");
    }

    #[test]
    fn assembling_keeps_leading_zeros() {
        assert_eq!(E164::assemble(39, 1, 212_345_678).unwrap().as_str(), "+390212345678");
        assert_eq!(E164::assemble(977, 0, 9_807_969_278).unwrap().as_str(), "+9779807969278");
        assert_eq!(E164::assemble(992, 8, 0).unwrap().as_str(), "+992000000000");
        assert_eq!(E164::assemble(49, 0, 123_456_789_012_345), None);
        assert_eq!(E164::assemble(39, 4_000, 1), None);
        assert_eq!(E164::assemble(u64::MAX, 27, u64::MAX), None);
    }

    #[test]
    fn country_code_lengths_are_those_of_the_plans() {
        for code in PHONE_NUMBER_UTIL.get_supported_calling_codes() {
            let number = format!("+{code}1234567");
            assert_eq!(country_code_len(number.as_bytes()), code.to_string().len(), "{code}");
        }
    }
}
