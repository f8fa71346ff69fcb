//! A WhatsApp sender as the command line names it.

use std::str::FromStr;

use crate::channel::{Channel, person};

/// A WhatsApp sender of the account at start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhatsAppSender {
    /// `whatsapp:` and an E.164 number.
    pub address: String,
    /// Its status, for example `ONLINE`.
    pub status: String,
    /// Distinct people outside a window per 24 hours; none means unlimited.
    pub limit: Option<u32>,
}

/// Why an argument is not a WhatsApp sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected whatsapp:+NUMBER[,status=STATUS][,limit=PEOPLE|unlimited]")]
pub struct NotASender;

impl WhatsAppSender {
    /// An online sender with the limit of an established business.
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into(), status: "ONLINE".to_owned(), limit: Some(100_000) }
    }
}

impl FromStr for WhatsAppSender {
    type Err = NotASender;

    fn from_str(text: &str) -> Result<Self, NotASender> {
        let mut parts = text.split(',');
        let address = parts.next().unwrap_or_default();
        let digits = person(address).strip_prefix('+').unwrap_or_default();
        let valid = Channel::of(address) == Channel::WhatsApp
            && (7..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !valid {
            return Err(NotASender);
        }
        let mut sender = Self::new(address);
        for part in parts {
            match part.split_once('=') {
                Some(("status", status)) if !status.is_empty() => status.clone_into(&mut sender.status),
                Some(("limit", "unlimited")) => sender.limit = None,
                Some(("limit", people)) => sender.limit = Some(people.parse().map_err(|_| NotASender)?),
                _ => return Err(NotASender),
            }
        }
        Ok(sender)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_with_options() {
        let sender: WhatsAppSender = "whatsapp:+14155238886,status=OFFLINE,limit=250".parse().unwrap();
        let expected = WhatsAppSender {
            address: "whatsapp:+14155238886".to_owned(),
            status: "OFFLINE".to_owned(),
            limit: Some(250),
        };
        assert_eq!(sender, expected);
        assert_eq!("whatsapp:+14155238886,limit=unlimited".parse::<WhatsAppSender>().unwrap().limit, None);
        for bad in ["+14155238886", "whatsapp:", "whatsapp:+1a", "whatsapp:+14155238886,limit=x", ""] {
            assert_eq!(bad.parse::<WhatsAppSender>(), Err(NotASender), "{bad}");
        }
    }
}
