//! How the handling of a delivery ended.

use std::{sync::Arc, time::Duration};

use shared::{
    db::sqlstate,
    domain::{Reason, decision::SkipReason},
    phone::E164,
};

use crate::{
    facts::Facts,
    store::{attempts::AttemptRef, batch::BatchError},
};

/// How a message, or a delivery, ended. Everything about it is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Twilio has the message.
    Sent,
    /// It is not known yet whether Twilio has it.
    Unknown,
    /// Nothing was left to do.
    Skipped(SkipReason),
    /// The number is held by an attempt already.
    Linked,
    /// The number cannot be texted.
    Rejected(Reason),
    /// The number is suppressed, or the user opted out.
    OptedOut,
    /// A message that is not sent any more: its time is over, another has its key, or it cannot be rendered.
    Dropped(&'static str),
    /// A message that this worker cannot send, and another one may.
    Postponed(&'static str),
    /// To be tried again later.
    Deferred(Reason),
    /// Refused permanently.
    Failed(Reason),
    /// Stored as a dead letter for an operator.
    DeadLetter,
    /// From before the erasure of its user: ignored.
    Erased,
}

impl Outcome {
    /// The label of `onboarding_events_processed_total`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Outcome::Sent => "sent",
            Outcome::Unknown => "unknown",
            Outcome::Skipped(_) | Outcome::Linked => "duplicate",
            Outcome::Rejected(_) => "invalid",
            Outcome::OptedOut => "opted_out",
            Outcome::Dropped(_) => "skipped",
            Outcome::Deferred(_) | Outcome::Postponed(_) => "deferred",
            Outcome::Failed(_) => "failed",
            Outcome::DeadLetter => "dead_letter",
            Outcome::Erased => "erased",
        }
    }
}

/// A delivery that was handled to its end, with what its log line shows.
pub(super) enum Handled {
    DeadLetter {
        reason: &'static str,
        detail: String,
    },
    User(HandledUser),
    /// The event is from before the erasure of its user.
    Erased,
}

impl Handled {
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self::DeadLetter { .. } => Outcome::DeadLetter,
            Self::User(user) => user.outcome,
            Self::Erased => Outcome::Erased,
        }
    }
}

/// What an event led to for its user.
pub(super) struct HandledUser {
    pub(super) facts: Arc<Facts>,
    pub(super) outcome: Outcome,
    /// The call to Twilio, if one was made.
    pub(super) call: Option<Called>,
    /// A stop or a loss silences the user.
    pub(super) silenced: bool,
}

/// A create call and its stored outcome.
pub(super) struct Called {
    pub(super) outcome: Outcome,
    pub(super) phone: E164,
    pub(super) channel: &'static str,
    pub(super) attempt: AttemptRef,
    pub(super) error_code: Option<u32>,
    pub(super) error_class: Option<&'static str>,
    pub(super) sid: Option<String>,
    pub(super) reason: Option<Reason>,
    /// When the user is tried again.
    pub(super) again_in: Option<Duration>,
}

/// Why the handling of a delivery did not come to its end; it is not acked and comes back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Interrupted {
    /// The database failed, or the worker stops.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// A single statement failed.
    #[error("a statement failed: {}", sqlstate(.0))]
    Database(#[from] sqlx::Error),
    /// The user's data kept changing.
    #[error("the stored data kept changing")]
    Restless,
    /// The worker is stopping and nothing was claimed.
    #[error("the worker is stopping")]
    Stopping,
}

impl Interrupted {
    /// Whether the database failed: nothing that the message did.
    pub(crate) fn is_database(&self) -> bool {
        matches!(self, Self::Database(_) | Self::Batch(BatchError::Unavailable))
    }

    /// Whether only this delivery is concerned, and the others of its lane go on.
    pub(crate) fn is_of_one_delivery(&self) -> bool {
        matches!(self, Self::Restless)
    }

    /// Whether the worker stops, rather than something being wrong.
    pub(crate) fn is_stopping(&self) -> bool {
        matches!(self, Self::Stopping | Self::Batch(BatchError::Stopping))
    }
}
