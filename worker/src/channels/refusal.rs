//! What follows from a refusal: for its message, and for others.

use std::time::Duration;

use crate::twilio::{Absence, Class, FaultScope};

/// What follows from a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The recipient or the text cannot be sent to: the message ends with the code.
    Final,
    /// The recipient opted out: the message ends, and the number is suppressed.
    OptedOut,
    /// The account, its sender or the country is at fault: calls are held back, and no user fails by it.
    Fault(FaultScope),
    /// The account has used up its messages of the day: calls are held back until the next day.
    DailyCap,
    /// Twilio did not process the request: it is made again, not before this time has passed.
    Throttled { not_before: Duration },
    /// Refused for now: it is tried again, not before this time has passed, and counts towards the limit.
    Temporary { not_before: Duration },
    /// The recipient cannot be reached on this channel for some days. The message may go by another.
    Unreachable(Absence),
    /// The recipient wants no messages on this channel: the consent to it is withdrawn.
    Declined,
    /// The template is at fault: its messages are held back until it may be sent again, and no user fails by it.
    Template,
    /// The sender of this channel is at fault: the channel's calls are held back, and no user fails by it.
    Sender,
    /// The message may or may not exist: it is looked for and never repeated blindly.
    Unknown,
}

impl Refusal {
    /// What follows from an error of this class on a channel that has no templates, and no senders of its own.
    pub(crate) fn of(class: Class) -> Self {
        match class {
            Class::Recipient
            | Class::Unreachable(_)
            | Class::Content
            | Class::AlreadyDone
            | Class::LogOnly
            | Class::SkipLookup => Self::Final,
            Class::OptOut | Class::Declined => Self::OptedOut,
            Class::Account { scope } => Self::Fault(scope),
            Class::Template | Class::Sender { .. } => Self::Fault(FaultScope::Account),
            Class::DailyCap => Self::DailyCap,
            Class::Throttled { min_delay } => Self::Throttled { not_before: min_delay },
            Class::Temporary => Self::Temporary { not_before: Duration::ZERO },
            Class::Later { min_delay } => Self::Temporary { not_before: min_delay },
            Class::Unknown => Self::Unknown,
        }
    }

    /// Whether the answer counts as an attempt of the user; faults of account and path do not.
    pub(crate) fn uses_attempt(self) -> bool {
        !matches!(
            self,
            Self::Fault(_) | Self::Template | Self::Sender | Self::DailyCap | Self::Throttled { .. }
        )
    }

    /// The least time before the next try; zero leaves it to the ordinary backoff.
    pub(crate) fn not_before(self) -> Duration {
        match self {
            Self::Throttled { not_before } | Self::Temporary { not_before } => not_before,
            _ => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: Class = Class::Account { scope: FaultScope::Account };
    const COUNTRY: Class = Class::Account { scope: FaultScope::Country };

    fn throttled(seconds: u64) -> Class {
        Class::Throttled { min_delay: Duration::from_secs(seconds) }
    }

    fn later(seconds: u64) -> Class {
        Class::Later { min_delay: Duration::from_secs(seconds) }
    }

    #[test]
    fn reactions_follow_from_the_class() {
        for (class, uses_attempt) in [
            (Class::Recipient, true),
            (Class::OptOut, true),
            (ACCOUNT, false),
            (COUNTRY, false),
            (Class::Content, true),
            (throttled(5), false),
            (Class::Temporary, true),
            (later(300), true),
            (Class::DailyCap, false),
            (Class::Unknown, true),
        ] {
            assert_eq!(Refusal::of(class).uses_attempt(), uses_attempt, "{class:?}");
        }
        assert_eq!(Refusal::of(later(301)).not_before(), Duration::from_secs(301));
        assert_eq!(Refusal::of(throttled(5)).not_before(), Duration::from_secs(5));
        assert_eq!(Refusal::of(Class::Temporary).not_before(), Duration::ZERO);
    }
}
