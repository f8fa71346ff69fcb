//! One attempt to send a message: our id and the stored outcome.

use std::fmt;

use serde::Serialize;
use uuid::Uuid;

/// Our own id of one create call. Its status callbacks carry it, so that the attempt is found even if the response was
/// lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct AttemptId(Uuid);

impl AttemptId {
    /// A new id, ordered by time of creation (UUID v7).
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }

    /// The id as stored.
    pub fn uuid(self) -> Uuid {
        self.0
    }
}

impl Default for AttemptId {
    fn default() -> Self {
        Self::new()
    }
}

impl From<Uuid> for AttemptId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The outcome of one create call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "attempt_outcome", rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// Claimed. The call is in flight or about to start.
    Sending,
    /// Twilio accepted the message.
    Accepted,
    /// Twilio's answer is missing or unclear, so the user may have been texted.
    Unknown,
    /// Twilio refused the message.
    Refused,
    /// Twilio refused the message because of the account, the sender or throttling, not because of the user.
    Deferred,
    /// No byte of the request was sent.
    Unwritten,
}

impl AttemptOutcome {
    /// Whether this outcome forbids another attempt to the same number.
    pub fn blocks(self) -> bool {
        matches!(self, Self::Sending | Self::Accepted | Self::Unknown)
    }

    /// The name in the database and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sending => "sending",
            Self::Accepted => "accepted",
            Self::Unknown => "unknown",
            Self::Refused => "refused",
            Self::Deferred => "deferred",
            Self::Unwritten => "unwritten",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempt_ids_sort_by_creation() {
        let ids: Vec<_> = (0..100).map(|_| AttemptId::new()).collect();
        assert!(ids.is_sorted());
    }
}
