//! The adapter of libphonenumber, which reads texts as phone numbers.

use rlibphonenumber::{
    NumberLengthType, PHONE_NUMBER_UTIL, ParseError, PhoneNumber, PhoneNumberFormat, PhoneNumberType,
    ValidationError, get_national_significant_number_owned,
};

use super::{CountryCode, E164, LineType, Region, Rejection};

/// Nepal's country code.
const NEPAL: i32 = 977;
/// Digits of a Nepali mobile number without country code.
const NEPAL_MOBILE_DIGITS: usize = 10;

/// A text read as a phone number. The number may be invalid.
pub(super) struct Reading {
    number: PhoneNumber,
    /// [`LineType::Unknown`] if the numbering plan does not contain the number.
    pub(super) line_type: LineType,
}

impl Reading {
    /// Whether the numbering plan contains the number.
    pub(super) fn is_valid(&self) -> bool {
        self.line_type != LineType::Unknown
    }

    /// The E.164 form; `None` above 15 digits. Germany has such numbers, but they are not mobiles.
    pub(super) fn e164(&self) -> Option<E164> {
        let zeros = match (self.number.italian_leading_zero, self.number.number_of_leading_zeros) {
            (Some(true), zeros) => usize::try_from(zeros.unwrap_or(1)).ok()?,
            _ => 0,
        };
        let country_code = u64::try_from(self.number.country_code).ok()?;
        E164::assemble(country_code, zeros, self.number.national_number)
    }

    /// The E.164 form of any length.
    pub(super) fn e164_text(&self) -> String {
        PHONE_NUMBER_UTIL.format(&self.number, PhoneNumberFormat::E164).into_owned()
    }

    /// The digits after the country code.
    pub(super) fn national(&self) -> String {
        get_national_significant_number_owned(&self.number)
    }

    /// Why the numbering plan does not contain the number.
    pub(super) fn fault(&self) -> Rejection {
        match PHONE_NUMBER_UTIL.is_possible_number_with_reason(&self.number) {
            Ok(NumberLengthType::IsPossible) => self.nepali_mobile_fault().unwrap_or(Rejection::NotAssigned),
            Ok(NumberLengthType::IsPossibleLocalOnly) | Err(ValidationError::TooShort) => Rejection::TooShort,
            Err(ValidationError::TooLong) => Rejection::TooLong,
            Err(ValidationError::InvalidCountryCode) => Rejection::NotAssigned,
            Err(ValidationError::InvalidLength) => self.mobile_length_fault(),
        }
    }

    /// The fault of a length between those of the plan: too short or too long for a mobile.
    fn mobile_length_fault(&self) -> Rejection {
        let mobile = PhoneNumberType::Mobile;
        match PHONE_NUMBER_UTIL.is_possible_number_for_type_with_reason(&self.number, mobile) {
            Err(ValidationError::TooShort) => Rejection::TooShort,
            Err(ValidationError::TooLong) => Rejection::TooLong,
            _ => Rejection::NotAssigned,
        }
    }

    /// The fault of a mobile number in Nepal. Fixed lines have 8 digits and toll-free numbers 11, so a mobile number with
    /// missing or surplus digits can have a possible length. 96, 97 and 98 show that it is a mobile number.
    fn nepali_mobile_fault(&self) -> Option<Rejection> {
        let national = self.national();
        let mobile = ["96", "97", "98"].iter().any(|prefix| national.starts_with(prefix));
        if self.number.country_code != NEPAL || !mobile {
            return None;
        }
        match national.len() {
            0..NEPAL_MOBILE_DIGITS => Some(Rejection::TooShort),
            NEPAL_MOBILE_DIGITS => None,
            _ => Some(Rejection::TooLong),
        }
    }
}

/// The country of a number in two parts; `None` for a plan without a country.
pub(super) fn country(country_code: i32, national: &str) -> Option<CountryCode> {
    let mut regions = PHONE_NUMBER_UTIL.get_regions_for_country_calling_code(country_code)?;
    let region = if regions.len() > 1 {
        PHONE_NUMBER_UTIL.get_region_for_number(&assemble(country_code, national)?)
    } else {
        regions.next()
    };
    region.and_then(CountryCode::of)
}

fn assemble(country_code: i32, national: &str) -> Option<PhoneNumber> {
    let zeros = i32::try_from(national.len() - national.trim_start_matches('0').len()).ok()?;
    let mut number = PhoneNumber { country_code, ..PhoneNumber::default() };
    number.national_number = national.parse().ok()?;
    number.italian_leading_zero = (zeros > 0).then_some(true);
    number.number_of_leading_zeros = (zeros > 1).then_some(zeros);
    Some(number)
}

/// Reads a text.
///
/// # Errors
/// Why the text is not a phone number.
pub(super) fn read(text: &str, region: Region) -> Result<Reading, Rejection> {
    if context_before_scheme(text) {
        return Err(Rejection::NotANumber);
    }
    let number =
        PHONE_NUMBER_UTIL.parse(text, region.libphonenumber()).map_err(|error| parse_fault(&error, text))?;
    let line_type = PHONE_NUMBER_UTIL.get_number_type(&number).into();
    Ok(Reading { number, line_type })
}

/// Whether `;phone-context=` precedes `tel:`, the wrong order of RFC 3966, on which rlibphonenumber 2.2.15 panics.
fn context_before_scheme(text: &str) -> bool {
    // Few texts have a semicolon, and a search for one byte is cheap.
    if !text.as_bytes().contains(&b';') {
        return false;
    }
    let Some(context) = text.find(";phone-context=") else { return false };
    text.find("tel:").is_some_and(|scheme| scheme > context)
}

fn parse_fault(error: &ParseError, text: &str) -> Rejection {
    match error {
        ParseError::InvalidCountryCode if text.contains(['+', '＋']) => Rejection::NotAssigned,
        ParseError::InvalidCountryCode | ParseError::NotANumber(_) => Rejection::NotANumber,
        ParseError::TooShortAfterIdd | ParseError::TooShortNsn => Rejection::TooShort,
        ParseError::TooLongNsn => Rejection::TooLong,
    }
}
