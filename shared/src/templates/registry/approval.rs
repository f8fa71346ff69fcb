//! Whether WhatsApp approved a template.

use std::fmt;

/// The statuses of an approval (Twilio docs, "Message template approvals and statuses"), and whatever Twilio may add.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ApprovalStatus {
    /// Twilio holds the content, and nobody asked for its approval.
    Unsubmitted,
    /// Twilio has the request.
    Received,
    /// Meta reviews it.
    Pending,
    /// It may be sent.
    Approved,
    /// Meta refused it.
    Rejected,
    /// Meta stopped it for some hours, because users blocked or reported it.
    Paused,
    /// Meta stopped it permanently.
    Disabled,
    /// A status this version does not know; at most 32 characters of it.
    Other(String),
}

const OTHER_LIMIT: usize = 32;

impl ApprovalStatus {
    /// Never fails: an unknown status becomes `Other`. The case of the letters does not matter.
    pub fn parse(word: &str) -> Self {
        let word = word.trim().to_lowercase();
        match word.as_str() {
            "" | "unsubmitted" => Self::Unsubmitted,
            "received" => Self::Received,
            "pending" => Self::Pending,
            "approved" => Self::Approved,
            "rejected" => Self::Rejected,
            "paused" => Self::Paused,
            "disabled" => Self::Disabled,
            other => Self::Other(other.chars().filter(|c| !c.is_control()).take(OTHER_LIMIT).collect()),
        }
    }

    /// Twilio's name of the status.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Unsubmitted => "unsubmitted",
            Self::Received => "received",
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Paused => "paused",
            Self::Disabled => "disabled",
            Self::Other(word) => word,
        }
    }
}

impl fmt::Display for ApprovalStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_round_trip_and_unknown_ones_stay_unknown() {
        for word in ["unsubmitted", "received", "pending", "approved", "rejected", "paused", "disabled"] {
            let status = ApprovalStatus::parse(word);
            assert!(!matches!(status, ApprovalStatus::Other(_)) && status.as_str() == word, "{word}");
        }
        assert_eq!(ApprovalStatus::parse(" APPROVED "), ApprovalStatus::Approved);
        assert_eq!(ApprovalStatus::parse(""), ApprovalStatus::Unsubmitted);
        for word in ["in_appeal", "deleted", "pending_deletion", "approved!"] {
            assert_eq!(ApprovalStatus::parse(word), ApprovalStatus::Other(word.to_owned()));
        }
        assert_eq!(ApprovalStatus::parse(&"x\n".repeat(99)).as_str(), "x".repeat(32));
    }
}
