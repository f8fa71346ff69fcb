//! The states of a user and of one attempt to welcome her, as stored.

/// What is true of a user apart from her current attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "user_state", rename_all = "snake_case")]
pub enum UserState {
    /// Imported, never enqueued.
    Stored,
    /// Her event was seen; work lies ahead.
    Received,
    /// Her number cannot be texted.
    Rejected,
    /// Her number is registered; her attempt, or the one she shares, tells the rest.
    Registered,
    /// She opted out or her number is suppressed.
    Suppressed,
    /// Refused for good.
    Failed,
}

impl UserState {
    /// All of them, in the order of the column's type.
    pub const ALL: [UserState; 6] =
        [Self::Stored, Self::Received, Self::Rejected, Self::Registered, Self::Suppressed, Self::Failed];

    /// The word for this state in the database, metrics and logs.
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

/// What is known of one create call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "attempt_outcome", rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// Claimed; the call is in flight or about to be.
    Sending,
    /// Twilio has the message.
    Accepted,
    /// No definite answer: she may have been texted.
    Unknown,
    /// Definitely refused.
    Refused,
    /// Definitely refused for a cause that is not hers: account, sender, throttling.
    Deferred,
    /// No byte of the request left us.
    Unwritten,
}

impl AttemptOutcome {
    /// Whether an attempt with this outcome forbids another one to the same number.
    pub fn blocks(self) -> bool {
        matches!(self, Self::Sending | Self::Accepted | Self::Unknown)
    }

    /// The word for this outcome in the database and logs.
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
