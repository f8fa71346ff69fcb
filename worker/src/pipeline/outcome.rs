//! How the handling of a delivery ended.

use shared::{
    db::sqlstate,
    domain::{Reason, decision::SkipReason},
};

use crate::store::batch::BatchError;

/// Everything about the delivery is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Twilio has the message.
    Sent,
    /// Nobody knows yet whether Twilio has it.
    Unknown,
    /// Nothing was left to do.
    Skipped(SkipReason),
    /// The number is held by an attempt already.
    Linked,
    /// The number cannot be texted.
    Rejected(Reason),
    /// The number is suppressed, or she opted out.
    OptedOut,
    /// To be tried again later.
    Deferred(Reason),
    /// Refused for good.
    Failed(Reason),
    /// Kept for a person.
    DeadLetter,
}

impl Verdict {
    /// The label of `onboarding_events_processed_total`.
    pub(crate) fn outcome(self) -> &'static str {
        match self {
            Verdict::Sent => "sent",
            Verdict::Unknown => "unknown",
            Verdict::Skipped(_) | Verdict::Linked => "duplicate",
            Verdict::Rejected(_) => "invalid",
            Verdict::OptedOut => "opted_out",
            Verdict::Deferred(_) => "deferred",
            Verdict::Failed(_) => "failed",
            Verdict::DeadLetter => "dead_letter",
        }
    }
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
    /// Her data kept changing.
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
