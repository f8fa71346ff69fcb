//! What the `To` of a message denotes.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, PhoneNumberType};

use crate::channel::{Channel, on_whatsapp, person};

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
    /// Reads E.164, with `whatsapp:` before it or not, and WhatsApp's business-scoped user ids. Spaces in front
    /// (an unescaped `+`) make it invalid.
    pub(crate) fn parse(to: &str) -> Self {
        let (channel, number) = (Channel::of(to), person(to));
        if channel == Channel::WhatsApp
            && let Some(country) = user_id_country(number)
        {
            let country = country.to_owned();
            return Self::Number(Destination { address: to.to_owned(), country, line: Line::Textable });
        }
        if (3..=6).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Self::ShortCode;
        }
        match destination(number) {
            Some(destination) if channel == Channel::WhatsApp => {
                Self::Number(Destination { address: on_whatsapp(&destination.address), ..destination })
            }
            Some(destination) => Self::Number(destination),
            None => Self::Invalid,
        }
    }
}

/// Whether this is a business-scoped user id, without its channel.
pub(crate) fn is_user_id(id: &str) -> bool {
    user_id_country(id).is_some()
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

/// The country of a business-scoped user id such as `NP.1234567890` or `NP.ENT.1234567890` (Meta docs,
/// "Business-scoped user ids"); none if it is not one.
fn user_id_country(id: &str) -> Option<&str> {
    let (country, rest) = id.split_once('.')?;
    let rest = rest.strip_prefix("ENT.").unwrap_or(rest);
    let valid = country.len() == 2
        && country.bytes().all(|byte| byte.is_ascii_uppercase())
        && (1..=128).contains(&rest.len())
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
    valid.then_some(country)
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
    fn user_ids_are_recipients_on_whatsapp_only() {
        for (to, country) in
            [("whatsapp:NP.1234567890", Some("NP")), ("whatsapp:US.ENT.9a", Some("US")), ("NP.1", None)]
        {
            let found = match Recipient::parse(to) {
                Recipient::Number(destination) => Some(destination.country),
                Recipient::ShortCode | Recipient::Invalid => None,
            };
            assert_eq!(found.as_deref(), country, "{to}");
        }
        for bad in ["whatsapp:np.1", "whatsapp:NP.", "whatsapp:NP.a-b", "whatsapp:NPL.1"] {
            assert_eq!(Recipient::parse(bad), Recipient::Invalid, "{bad}");
        }
    }

    #[test]
    fn short_codes_are_no_numbers() {
        assert_eq!(Recipient::parse("12345"), Recipient::ShortCode);
    }
}
