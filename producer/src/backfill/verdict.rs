//! What a backfill does about one stored user.

use shared::phone::Rejection;

/// What a backfill does about one stored user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Her event is published.
    Enqueue(Expect),
    /// This run published her event before it was stopped; it only has to be counted.
    Enqueued(Expect),
    /// It is certain that the worker would do nothing.
    Skip(Skip),
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

/// Why nothing is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Skip {
    /// Her number was welcomed, or is being welcomed, for her.
    AlreadyWelcomed,
    /// It is recorded that another user on her number was welcomed.
    SharedPhone,
    /// She opted out, and still has.
    Suppressed,
    /// It is recorded that her number cannot be texted.
    Rejected(Rejection),
    /// Lookup called her number invalid.
    LookupInvalid,
    /// Refused for good; a person may reopen it.
    Failed,
    /// Waiting for a retry at its time.
    Scheduled,
    /// Her event is in a queue.
    Queued,
    /// The portal closed her account.
    Inactive,
}
