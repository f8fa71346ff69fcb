//! What the numbering plan says of an input.

use rlibphonenumber::{
    NumberLengthType, PHONE_NUMBER_UTIL, ParseError, PhoneNumber, PhoneNumberFormat, PhoneNumberType, Region,
    ValidationError,
};

/// The parsed number, or why it is not valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    /// E.164 where that is known, else the input.
    pub(super) number: String,
    pub(super) calling_code: Option<String>,
    pub(super) country: Option<String>,
    pub(super) national: Option<String>,
    pub(super) kind: PhoneNumberType,
    /// Twilio's words; none means valid.
    pub(super) errors: Vec<String>,
}

impl Verdict {
    /// Reads E.164, or a national form with the country it belongs to.
    pub(super) fn of(input: &str, country: Option<&str>) -> Self {
        let region = country.and_then(|code| code.parse::<Region>().ok());
        let input = input.get(..64).unwrap_or(input);
        match PHONE_NUMBER_UTIL.parse(input, region) {
            Ok(number) => Self::of_number(&number, region),
            Err(error) => Self::unread(input, country, &error),
        }
    }

    fn of_number(number: &PhoneNumber, asked: Option<Region>) -> Self {
        let region = number.get_region_code().or(asked);
        let error = if number.is_valid() {
            None
        } else {
            Some(number.is_possible_with_reason().map_or_else(length_error, possible))
        };
        Self {
            number: number.format_as(PhoneNumberFormat::E164).into_owned(),
            calling_code: Some(number.country_code.to_string()),
            country: region.map(|region| region.to_string()),
            national: Some(number.format_as(PhoneNumberFormat::National).into_owned()),
            kind: number.get_type(),
            errors: error.map(str::to_owned).into_iter().collect(),
        }
    }

    fn unread(input: &str, country: Option<&str>, error: &ParseError) -> Self {
        let word = match error {
            ParseError::InvalidCountryCode => "INVALID_COUNTRY_CODE",
            ParseError::NotANumber(_) => "NOT_A_NUMBER",
            ParseError::TooShortAfterIdd | ParseError::TooShortNsn => "TOO_SHORT",
            ParseError::TooLongNsn => "TOO_LONG",
        };
        Self {
            number: input.to_owned(),
            calling_code: None,
            country: country.map(str::to_owned),
            national: None,
            kind: PhoneNumberType::Unknown,
            errors: vec![word.to_owned()],
        }
    }
}

fn possible(length: NumberLengthType) -> &'static str {
    match length {
        NumberLengthType::IsPossible => "INVALID_BUT_POSSIBLE",
        // Enough within a town, not with a country code before it.
        NumberLengthType::IsPossibleLocalOnly => "TOO_SHORT",
    }
}

fn length_error(error: ValidationError) -> &'static str {
    match error {
        ValidationError::InvalidCountryCode => "INVALID_COUNTRY_CODE",
        ValidationError::TooShort => "TOO_SHORT",
        ValidationError::TooLong => "TOO_LONG",
        ValidationError::InvalidLength => "INVALID_LENGTH",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(input: &str) -> Option<String> {
        Verdict::of(input, None).errors.pop()
    }

    #[test]
    fn valid_numbers() {
        let verdict = Verdict::of("+9779841234567", None);
        assert_eq!(verdict.number, "+9779841234567");
        assert_eq!((verdict.calling_code.as_deref(), verdict.country.as_deref()), (Some("977"), Some("NP")));
        assert_eq!(Verdict::of("9841234567", Some("NP")).number, "+9779841234567");
    }

    #[test]
    fn each_error() {
        for (input, expected) in [
            ("+977984123", "TOO_SHORT"),
            ("+9779841234567890", "TOO_LONG"),
            ("+9779831234567", "INVALID_BUT_POSSIBLE"),
            ("+9991234567", "INVALID_COUNTRY_CODE"),
            ("9841234567", "INVALID_COUNTRY_CODE"),
            ("nonsense", "NOT_A_NUMBER"),
        ] {
            assert_eq!(error(input).as_deref(), Some(expected), "{input}");
        }
    }
}
