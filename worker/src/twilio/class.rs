//! What Twilio says that a code or an HTTP status means.

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

/// The meaning of a code. What follows from it is for the channels to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Class {
    /// This recipient can never be texted.
    Recipient,
    /// The recipient opted out.
    OptOut,
    /// A fault of the configuration, the account or the country.
    Account { scope: FaultScope },
    /// Refused permanently for this text or destination.
    Content,
    /// Not processed, a fault of the path. May be repeated after `min_delay`.
    Throttled { min_delay: Duration },
    /// Refused for now.
    Temporary,
    /// Refused for longer: not to be repeated before `min_delay`.
    Later { min_delay: Duration },
    /// The account has reached its daily cap.
    DailyCap,
    /// The requested state already exists (verified caller IDs only).
    AlreadyDone,
    /// The message may or may not exist.
    Unknown,
    /// Concerns our webhooks or incoming messages; says nothing about the welcome.
    LogOnly,
    /// Concerns Lookup only.
    SkipLookup,
}

impl Class {
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
