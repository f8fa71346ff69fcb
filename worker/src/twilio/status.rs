//! Delivery status of a message.

use std::fmt;

/// The thirteen statuses of Twilio's Message resource, and whatever it may add.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum MessageStatus {
    Accepted,
    Scheduled,
    Canceled,
    Queued,
    Sending,
    Sent,
    Failed,
    Delivered,
    Undelivered,
    Receiving,
    Received,
    Read,
    PartiallyDelivered,
    /// A status this version does not know; at most 32 characters of it.
    Other(String),
}

const OTHER_LIMIT: usize = 32;

impl MessageStatus {
    /// Never fails: an unknown status becomes `Other`.
    pub(crate) fn parse(word: &str) -> Self {
        match word {
            "accepted" => Self::Accepted,
            "scheduled" => Self::Scheduled,
            "canceled" => Self::Canceled,
            "queued" => Self::Queued,
            "sending" => Self::Sending,
            "sent" => Self::Sent,
            "failed" => Self::Failed,
            "delivered" => Self::Delivered,
            "undelivered" => Self::Undelivered,
            "receiving" => Self::Receiving,
            "received" => Self::Received,
            "read" => Self::Read,
            "partially_delivered" => Self::PartiallyDelivered,
            other => Self::Other(other.chars().filter(|c| !c.is_control()).take(OTHER_LIMIT).collect()),
        }
    }

    /// Twilio's name of the status.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Accepted => "accepted",
            Self::Scheduled => "scheduled",
            Self::Canceled => "canceled",
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
            Self::Receiving => "receiving",
            Self::Received => "received",
            Self::Read => "read",
            Self::PartiallyDelivered => "partially_delivered",
            Self::Other(word) => word,
        }
    }

    /// Place in the life of an outgoing message; a status only ever replaces one of lower rank.
    ///
    /// Unknown ones and those of incoming messages rank lowest, so that they never hide a known one.
    pub(crate) fn rank(&self) -> u8 {
        match self {
            Self::Accepted | Self::Scheduled | Self::Receiving | Self::Received | Self::Other(_) => 0,
            Self::Queued => 1,
            Self::Sending => 2,
            Self::Sent | Self::PartiallyDelivered => 3,
            Self::Failed | Self::Undelivered | Self::Delivered | Self::Canceled => 4,
            Self::Read => 5,
        }
    }

    /// No further status is expected, save `read` after `delivered`.
    pub(crate) fn is_final(&self) -> bool {
        self.rank() >= 4
    }
}

impl fmt::Display for MessageStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: [(&str, u8); 13] = [
        ("accepted", 0),
        ("scheduled", 0),
        ("canceled", 4),
        ("queued", 1),
        ("sending", 2),
        ("sent", 3),
        ("failed", 4),
        ("delivered", 4),
        ("undelivered", 4),
        ("receiving", 0),
        ("received", 0),
        ("read", 5),
        ("partially_delivered", 3),
    ];

    #[test]
    fn each_word_keeps_its_name_and_rank() {
        for (word, rank) in WORDS {
            let status = MessageStatus::parse(word);
            assert_eq!((status.as_str(), status.rank()), (word, rank));
            assert!(!matches!(status, MessageStatus::Other(_)), "{word}");
            assert_eq!(status.is_final(), rank >= 4);
        }
    }

    #[test]
    fn an_unknown_word_is_kept_short_and_ranks_lowest() {
        let status = MessageStatus::parse(&"über\n".repeat(100));
        assert_eq!(status.as_str().chars().count(), OTHER_LIMIT);
        assert!(!status.as_str().contains('\n'));
        assert_eq!((status.rank(), status.is_final()), (0, false));
    }
}
