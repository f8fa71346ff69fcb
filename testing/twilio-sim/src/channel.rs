//! How a message travels, and the person behind an address.

use serde::{Deserialize, Serialize};

const WHATSAPP: &str = "whatsapp:";

/// The channel of a message, as its addresses name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// Text message.
    Sms,
    /// WhatsApp: the addresses begin with `whatsapp:`.
    WhatsApp,
}

impl Channel {
    /// Both, in the order of [`Channel::index`].
    pub(crate) const ALL: [Self; 2] = [Self::Sms, Self::WhatsApp];

    /// The channel of an address.
    pub(crate) fn of(address: &str) -> Self {
        if address.starts_with(WHATSAPP) { Self::WhatsApp } else { Self::Sms }
    }

    pub(crate) fn index(self) -> usize {
        self as usize
    }
}

/// The address without its channel: the same person on every channel.
pub(crate) fn person(address: &str) -> &str {
    address.strip_prefix(WHATSAPP).unwrap_or(address)
}

/// The WhatsApp address of a person.
pub(crate) fn on_whatsapp(person: &str) -> String {
    format!("{WHATSAPP}{person}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_channel_and_person() {
        for (address, channel) in
            [("+9779841234567", Channel::Sms), ("whatsapp:+9779841234567", Channel::WhatsApp)]
        {
            assert_eq!((Channel::of(address), person(address)), (channel, "+9779841234567"));
            assert_eq!(Channel::ALL[channel.index()], channel);
        }
        assert_eq!(serde_json::to_string(&Channel::WhatsApp).unwrap(), r#""whatsapp""#);
        assert_eq!(on_whatsapp("+1"), "whatsapp:+1");
    }
}
