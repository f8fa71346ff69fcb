//! A user: the portal's id and the stored state.

use std::fmt;

use serde::Serialize;

/// The portal's id of a user: 1 to 128 characters without control characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct UserId(String);

/// Why a text is not a [`UserId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadUserId {
    /// The text is empty.
    #[error("user_id is empty: give the portal's id of the user")]
    Empty,
    /// The text exceeds 128 characters.
    #[error("user_id is longer than 128 characters")]
    TooLong,
    /// The text contains a control character such as NUL or a line break.
    #[error("user_id contains a control character")]
    Control,
}

impl UserId {
    /// Checks `text` without trimming it.
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

/// The state of a user, apart from the current attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "user_state", rename_all = "snake_case")]
pub enum UserState {
    /// Imported, but never enqueued.
    Stored,
    /// An event was received. The user is not finished.
    Received,
    /// The number cannot be texted.
    Rejected,
    /// The number is registered. The attempt of this number holds the result.
    Registered,
    /// The user opted out, or the number is suppressed.
    Suppressed,
    /// Refused permanently.
    Failed,
}

impl UserState {
    /// Every state, in the order of the column's type.
    pub const ALL: [UserState; 6] =
        [Self::Stored, Self::Received, Self::Rejected, Self::Registered, Self::Suppressed, Self::Failed];

    /// The name in the database, metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            UserState::Stored => "stored",
            UserState::Received => "received",
            UserState::Rejected => "rejected",
            UserState::Registered => "registered",
            UserState::Suppressed => "suppressed",
            UserState::Failed => "failed",
        }
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
}
