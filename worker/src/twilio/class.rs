//! What a Twilio code or HTTP status means for the user and for the whole worker.

use std::time::Duration;

/// How far an account fault reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum FaultScope {
    /// Nothing of this account can be sent.
    Account,
    /// Nothing to the recipient's country can be sent; other countries go on.
    Country,
    /// This recipient cannot be reached by this sender; where several of a country cannot, the country.
    Destination,
}

/// The reaction a code calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Class {
    /// This recipient can never be texted: finish this user.
    Recipient,
    /// The recipient opted out: finish this user and suppress the number.
    OptOut,
    /// Configuration or account fault: open the breaker, burn no user and no attempt.
    Account { scope: FaultScope },
    /// Refused for good for this text or destination: finish this user with the code.
    Content,
    /// Not processed, a fault of the path: back off, at least `min_delay`; no attempt is used up.
    Throttled { min_delay: Duration },
    /// Refused for now: retry with backoff, uses up an attempt.
    Temporary,
    /// Refused for longer: as `Temporary`, but not before `min_delay`.
    Later { min_delay: Duration },
    /// The account's daily cap: hold everything until the next day, burn nothing.
    DailyCap,
    /// What was asked for was already so (verified caller IDs only).
    AlreadyDone,
    /// The message may or may not exist: resolve by callback or listing, never repeat blindly.
    Unknown,
    /// Concerns our webhooks or incoming messages; says nothing about the welcome.
    LogOnly,
    /// Concerns Lookup only: go on without it.
    SkipLookup,
}

impl Class {
    /// The answer counts as an attempt of the user; account and path faults do not.
    pub(crate) fn uses_attempt(self) -> bool {
        !matches!(self, Self::Account { .. } | Self::DailyCap | Self::Throttled { .. })
    }

    /// The least time before the next try; zero leaves it to the ordinary backoff.
    pub(crate) fn min_delay(self) -> Duration {
        match self {
            Self::Later { min_delay } | Self::Throttled { min_delay } => min_delay,
            _ => Duration::ZERO,
        }
    }

    /// Metrics label, one of seven.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Recipient => "recipient",
            Self::OptOut => "optout",
            Self::Account { .. } | Self::DailyCap => "account",
            Self::Content => "content",
            Self::Throttled { .. } | Self::Temporary | Self::Later { .. } => "transient",
            Self::Unknown => "unknown",
            Self::AlreadyDone | Self::LogOnly | Self::SkipLookup => "other",
        }
    }
}
