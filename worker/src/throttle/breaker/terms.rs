//! What the breaker and those who ask it say to each other.

use std::time::Duration;

use shared::domain::Reason;

use super::Outage;

/// A call that was held back: what to note on the user, and when they are due again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rejection {
    pub(crate) reason: Reason,
    /// Zero: at once, for the sweeper waits for the breaker anyway.
    pub(crate) again_in: Duration,
    /// Where only this user's country is held back: how they end if that lasts for `RETRY_FOR`.
    pub(crate) ends_with: Option<Reason>,
    /// Only the channel is held back: another may carry the message.
    pub(crate) channel: bool,
}

impl Rejection {
    pub(crate) fn of(reason: Reason, again_in: Duration) -> Self {
        Self { reason, again_in, ends_with: None, channel: false }
    }
}

/// How a user's call meets the breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Entry {
    /// The probe of the fleet, which passes an open breaker.
    pub(crate) probe: bool,
    /// The probe of its destination.
    pub(crate) destination_probe: bool,
}

/// What a probe found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finding {
    /// Twilio answered, and the account is not at fault.
    Well,
    /// No definite answer.
    Outage(Outage),
    /// The account is at fault.
    Account,
}

/// Whose fault a refusal is that may be the account's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blame {
    /// This recipient's alone, as far as is known.
    Recipient,
    /// The destination's: calls to it are held back.
    Destination,
    /// The account's: all calls are held back.
    Account,
}
