//! How one create call ended, as it is to be written.

use std::time::Duration;

use shared::domain::{AttemptOutcome, Reason, UserState};

use super::attempts::AttemptRef;

/// How one create call ended.
pub(crate) struct Ended {
    pub(crate) attempt: AttemptRef,
    pub(crate) user_id: String,
    pub(crate) outcome: AttemptOutcome,
    pub(crate) accepted: Option<Accepted>,
    /// Twilio's code of a refusal.
    pub(crate) error_code: Option<u32>,
    /// Unknown outcomes: when to ask Twilio first.
    pub(crate) check_in: Option<Duration>,
    /// What becomes of the user, or of a message of another kind, unless the attempt says it.
    pub(crate) user: Option<UserChange>,
    /// The user opted out: none of the user's numbers is ever texted again.
    pub(crate) suppress: bool,
}

/// What Twilio said of an accepted message.
pub(crate) struct Accepted {
    pub(crate) sid: String,
    pub(crate) status: String,
    pub(crate) rank: i16,
}

/// A user's state after a call that led to no message.
pub(crate) struct UserChange {
    pub(crate) state: UserState,
    pub(crate) reason: Reason,
    /// When the sweeper enqueues the user again.
    pub(crate) again_in: Option<Duration>,
    /// A refusal counts towards `RETRY_FOR`.
    pub(crate) counts: bool,
    /// Why the user has failed, once that time is over.
    pub(crate) ends_with: Reason,
}
