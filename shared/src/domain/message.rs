//! What identifies a message: its kind and its channel.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Why a message is sent. The names are stable: they are stored, logged and used as metric labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// The one message after a signup. A number gets it at most once, permanently.
    Welcome,
    /// The text of one day of the pregnancy or of the baby's life.
    Tip,
    /// A message about the service itself, such as a confirmation that messages have stopped.
    Notice,
    /// The answer to a message that the user sent.
    Reply,
}

impl MessageKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Welcome, Self::Tip, Self::Notice, Self::Reply];

    /// The names of all kinds, in the order of [`MessageKind::ALL`].
    pub const NAMES: [&'static str; Self::ALL.len()] = {
        let mut names = [""; Self::ALL.len()];
        let mut n = 0;
        while n < names.len() {
            names[n] = Self::ALL[n].as_str();
            n += 1;
        }
        names
    };

    /// The stable name, in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Welcome => "welcome",
            Self::Tip => "tip",
            Self::Notice => "notice",
            Self::Reply => "reply",
        }
    }
}

impl fmt::Display for MessageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for MessageKind {
    type Err = UnknownMessageKind;

    /// Reads exactly the names that [`MessageKind::as_str`] returns.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == name);
        found.ok_or_else(|| UnknownMessageKind(name.to_owned()))
    }
}

/// The text does not name a [`MessageKind`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown message kind {0:?}: give one of {names}", names = MessageKind::NAMES.join(", "))]
pub struct UnknownMessageKind(String);

/// How a message reaches the user. The names are stable: they are stored, logged and used as metric labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A text message, billed by segment.
    Sms,
    /// A WhatsApp message. Outside a conversation only approved templates are delivered.
    Whatsapp,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 2] = [Self::Sms, Self::Whatsapp];

    /// The names of all channels, in the order of [`Channel::ALL`].
    pub const NAMES: [&'static str; Self::ALL.len()] = {
        let mut names = [""; Self::ALL.len()];
        let mut n = 0;
        while n < names.len() {
            names[n] = Self::ALL[n].as_str();
            n += 1;
        }
        names
    };

    /// The stable name, in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Whatsapp => "whatsapp",
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Channel {
    type Err = UnknownChannel;

    /// Reads exactly the names that [`Channel::as_str`] returns.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|channel| channel.as_str() == name);
        found.ok_or_else(|| UnknownChannel(name.to_owned()))
    }
}

/// The text does not name a [`Channel`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown channel {0:?}: give one of {names}", names = Channel::NAMES.join(", "))]
pub struct UnknownChannel(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_kinds_round_trip_in_text_and_json() {
        for kind in MessageKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
            assert_eq!(kind.to_string(), kind.as_str());
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
            assert_eq!(serde_json::from_value::<MessageKind>(kind.as_str().into()).unwrap(), kind);
        }
    }

    #[test]
    fn names_of_channels_round_trip_in_text_and_json() {
        for channel in Channel::ALL {
            assert_eq!(channel.as_str().parse(), Ok(channel));
            assert_eq!(channel.to_string(), channel.as_str());
            assert_eq!(serde_json::to_value(channel).unwrap(), channel.as_str());
            assert_eq!(serde_json::from_value::<Channel>(channel.as_str().into()).unwrap(), channel);
        }
    }

    #[test]
    fn other_names_are_refused_with_the_known_ones() {
        for name in ["", "Welcome", "tips", " tip"] {
            let error = name.parse::<MessageKind>().unwrap_err().to_string();
            assert!(MessageKind::ALL.iter().all(|kind| error.contains(kind.as_str())), "{error}");
        }
        for name in ["", "SMS", "WhatsApp", "email"] {
            let error = name.parse::<Channel>().unwrap_err().to_string();
            assert!(Channel::ALL.iter().all(|channel| error.contains(channel.as_str())), "{error}");
        }
    }
}
