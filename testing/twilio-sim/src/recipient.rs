//! What the `To` of a message denotes.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, PhoneNumberType};

const WHATSAPP: &str = "whatsapp:";

/// A destination, as far as the numbering plan shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Recipient {
    /// A number of the plan.
    Number(Destination),
    ShortCode,
    Invalid,
}

/// A valid number and what the plan says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Destination {
    /// E.164, with the channel prefix if there was one.
    pub(crate) address: String,
    /// ISO 3166 alpha-2, empty for numbers of no country.
    pub(crate) country: String,
    pub(crate) line: Line,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    Textable,
    Fixed,
    Premium,
}

impl Recipient {
    /// Reads E.164, with `whatsapp:` before it or not. Spaces in front (an unescaped `+`) make it invalid.
    pub(crate) fn parse(to: &str) -> Self {
        let (prefix, number) = to.strip_prefix(WHATSAPP).map_or(("", to), |rest| (WHATSAPP, rest));
        if (3..=6).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Self::ShortCode;
        }
        match destination(number) {
            Some(destination) => Self::Number(Destination {
                address: format!("{prefix}{}", destination.address),
                ..destination
            }),
            None => Self::Invalid,
        }
    }
}

fn destination(number: &str) -> Option<Destination> {
    let plain =
        number.strip_prefix('+')?.bytes().all(|byte| byte.is_ascii_digit() || b" -().".contains(&byte));
    if !plain || number.len() > 40 {
        return None;
    }
    let parsed = PHONE_NUMBER_UTIL.parse(number, None).ok()?;
    if !parsed.is_valid() {
        return None;
    }
    let line = match parsed.get_type() {
        PhoneNumberType::FixedLine => Line::Fixed,
        PhoneNumberType::PremiumRate => Line::Premium,
        _ => Line::Textable,
    };
    let country = parsed.get_region_code().map(|region| region.to_string()).unwrap_or_default();
    Some(Destination { address: parsed.format_as(PhoneNumberFormat::E164).into_owned(), country, line })
}

pub(crate) fn is_whatsapp(address: &str) -> bool {
    address.starts_with(WHATSAPP)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(to: &str) -> Option<Line> {
        match Recipient::parse(to) {
            Recipient::Number(destination) => Some(destination.line),
            Recipient::ShortCode | Recipient::Invalid => None,
        }
    }

    #[test]
    fn nepal_numbers() {
        assert_eq!(line("+9779841234567"), Some(Line::Textable));
        assert_eq!(line("+97714512345"), Some(Line::Fixed));
        for bad in
            ["+9779831234567", "+977984123456", "+9779841234567890", " 9779841234567", "9841234567", "", "+"]
        {
            assert_eq!(Recipient::parse(bad), Recipient::Invalid, "{bad}");
        }
    }

    #[test]
    fn channel_and_country_are_kept() {
        let Recipient::Number(found) = Recipient::parse("whatsapp:+977 984-1234567") else {
            panic!("a number")
        };
        assert_eq!((found.address.as_str(), found.country.as_str()), ("whatsapp:+9779841234567", "NP"));
    }

    #[test]
    fn short_codes_are_no_numbers() {
        assert_eq!(Recipient::parse("12345"), Recipient::ShortCode);
    }
}
