//! What a backfill does about one stored user.

use shared::{domain::decision::SkipReason, phone::Rejection};

/// What a backfill does about one stored user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Her event is published.
    Enqueue(Expect),
    /// This run published her event before it was stopped; it only has to be counted.
    Enqueued(Expect),
    /// It is certain that the worker would do nothing.
    Skip(SkipReason),
}

/// What the worker will make of her event, as far as can be told now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expect {
    /// A message of so many segments.
    Welcome {
        /// Billed segments.
        segments: u32,
    },
    /// Recorded: her number was welcomed for her before.
    AlreadyWelcomed,
    /// Recorded: another user on her number is welcomed.
    SharedPhone,
    /// Recorded: her number is suppressed.
    Suppressed,
    /// Recorded: her number cannot be texted.
    Rejected(Rejection),
}
