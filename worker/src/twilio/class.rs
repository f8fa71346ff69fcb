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

/// Whose fault a fault of the sender is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SenderScope {
    /// This sender's.
    Sender,
    /// Our business account's with the channel.
    Business,
}

/// For how many days a recipient cannot be reached on a channel: after the first failure, the second and so on. Zeros
/// at the end repeat the last number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Absence([u16; 4]);

impl Absence {
    #[cfg(test)]
    pub(super) const fn of(days: [u16; 4]) -> Self {
        Self(days)
    }

    /// Until tomorrow, each time.
    pub(crate) const ONE_DAY: Self = Self([1, 0, 0, 0]);

    /// Reads days between commas, one to four numbers above zero.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut days = [0; 4];
        let mut places = days.iter_mut();
        for word in text.split(',') {
            *places.next()? = word.parse().ok().filter(|days| *days > 0)?;
        }
        Some(Self(days))
    }

    /// The days of each failure in a row; the last number is that of all later ones.
    pub(crate) fn days(self) -> impl Iterator<Item = u16> {
        self.0.into_iter().take_while(|days| *days > 0)
    }
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
    /// This recipient cannot be reached on this channel for some days, such as a number that is not on WhatsApp.
    Unreachable(Absence),
    /// The recipient wants no messages on this channel, and said so to the channel.
    Declined,
    /// A fault of the template, or of how it was filled: every recipient would meet it.
    Template,
    /// A fault of the channel's sender, or of our account with the channel; other channels go on.
    Sender { scope: SenderScope },
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
            Self::Recipient | Self::Unreachable(_) => "recipient",
            Self::OptOut | Self::Declined => "optout",
            Self::Account { .. } | Self::DailyCap | Self::Sender { .. } | Self::Template => "account",
            Self::Content => "content",
            Self::Throttled { .. } | Self::Temporary | Self::Later { .. } => "transient",
            Self::Unknown => "unknown",
            Self::AlreadyDone | Self::LogOnly | Self::SkipLookup => "other",
        }
    }
}
