//! Identifiers that cannot be mixed up.

use std::fmt;

use serde::Serialize;
use uuid::Uuid;

/// The portal's id of a user: 1 to 128 characters without control characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct UserId(String);

/// Why a text is no [`UserId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadUserId {
    /// No characters.
    #[error("user_id is empty: give the portal's id of the user")]
    Empty,
    /// Over 128 characters.
    #[error("user_id is longer than 128 characters")]
    TooLong,
    /// A control character such as NUL or a line break.
    #[error("user_id contains a control character")]
    Control,
}

impl UserId {
    /// Checks `text` as it is, without trimming.
    pub fn parse(text: &str) -> Result<Self, BadUserId> {
        if text.is_empty() {
            return Err(BadUserId::Empty);
        }
        if text.chars().any(char::is_control) {
            return Err(BadUserId::Control);
        }
        if text.chars().count() > 128 {
            return Err(BadUserId::TooLong);
        }
        Ok(Self(text.to_owned()))
    }

    /// The id as the portal writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Our own id of one create call; travels in its status callbacks, so that a lost response can be tied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct MessageId(Uuid);

impl MessageId {
    /// A new id, ordered by time of creation (UUID v7).
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }

    /// The id as stored.
    pub fn uuid(self) -> Uuid {
        self.0
    }
}

impl Default for MessageId {
    fn default() -> Self {
        Self::new()
    }
}

impl From<Uuid> for MessageId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_id_has_1_to_128_characters_without_controls() {
        assert_eq!(UserId::parse(""), Err(BadUserId::Empty));
        assert_eq!(UserId::parse("a\0b"), Err(BadUserId::Control));
        assert_eq!(UserId::parse(&"x".repeat(129)), Err(BadUserId::TooLong));
        assert!(UserId::parse(&"न".repeat(128)).is_ok());
        assert_eq!(UserId::parse("42").map(|id| id.to_string()), Ok("42".into()));
    }

    #[test]
    fn message_ids_sort_by_creation() {
        let ids: Vec<_> = (0..100).map(|_| MessageId::new()).collect();
        assert!(ids.is_sorted());
    }
}
