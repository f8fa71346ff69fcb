//! The reasons for a user's state. Database, metrics, reports and logs use the same names.

use std::{borrow::Cow, fmt, str::FromStr};

use crate::phone::Rejection;

/// The reason for a user's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The number cannot be texted.
    Number(Rejection),
    /// Twilio Lookup reports the number as invalid.
    LookupInvalid,
    /// Another user with the same number was welcomed, or is being welcomed.
    SharedPhone,
    /// The number had its welcome before its user was erased.
    AlreadyWelcomed,
    /// The outcome is still unknown after the deadline. A person must decide.
    Parked,
    /// The user opted out, or the number is suppressed.
    OptedOut,
    /// The number belongs to somebody else.
    WrongNumber,
    /// Temporary refusals lasted longer than `RETRY_FOR`.
    RetriesExhausted,
    /// Twilio's error code of a refusal or of a failed delivery.
    Error(u32),
    /// The HTTP status of a refusal without a Twilio code.
    Http(u16),
    /// Waiting: Twilio was unreachable or throttled us.
    PathFault,
    /// Waiting: the breaker is open.
    BreakerOpen,
    /// Waiting: `MAX_MESSAGES_PER_DAY` is reached.
    DailyCap,
    /// Waiting: a person paused the lane.
    Paused,
    /// Waiting: it is night where the person is.
    Quiet,
    /// Waiting: no consent to the welcome is given.
    NoConsent,
    /// Waiting: a conversation with staff is open.
    Conversation,
    /// Waiting: no template may be sent at the moment.
    NoTemplate,
    /// Waiting: no allowed channel reaches the number for now.
    Unreachable,
    /// Waiting: WhatsApp takes no more people for now.
    ChannelFull,
    /// Waiting: a shutdown released the claim before a byte was written.
    GivenBack,
}

impl Reason {
    /// The stable name; `error_NNNNN` contains Twilio's code.
    pub fn as_str(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Reason::Number(rejection) => rejection.as_str(),
            Reason::LookupInvalid => "lookup_invalid",
            Reason::SharedPhone => "shared_phone",
            Reason::AlreadyWelcomed => "already_welcomed",
            Reason::Parked => "parked",
            Reason::OptedOut => "opted_out",
            Reason::WrongNumber => "wrong_number",
            Reason::RetriesExhausted => "retries_exhausted",
            Reason::PathFault => "path_fault",
            Reason::BreakerOpen => "breaker_open",
            Reason::DailyCap => "daily_cap",
            Reason::Paused => "paused",
            Reason::Quiet => "quiet",
            Reason::NoConsent => "no_consent",
            Reason::Conversation => "conversation",
            Reason::NoTemplate => "no_template",
            Reason::Unreachable => "unreachable",
            Reason::ChannelFull => "channel_full",
            Reason::GivenBack => "given_back",
            Reason::Error(code) => return Cow::Owned(format!("error_{code:05}")),
            Reason::Http(status) => return Cow::Owned(format!("http_{status}")),
        })
    }

    /// The name in metric labels. Codes share one name, so that the set is bounded.
    pub fn label(self) -> &'static str {
        match self {
            Reason::Error(_) | Reason::Http(_) => "error",
            other => match other.as_str() {
                Cow::Borrowed(word) => word,
                Cow::Owned(_) => "error",
            },
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.as_str())
    }
}

impl From<Rejection> for Reason {
    fn from(rejection: Rejection) -> Self {
        Self::Number(rejection)
    }
}

/// The text is not a [`Reason`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown reason {0:?}")]
pub struct UnknownReason(String);

impl FromStr for Reason {
    type Err = UnknownReason;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let plain = [
            Reason::LookupInvalid,
            Reason::SharedPhone,
            Reason::AlreadyWelcomed,
            Reason::Parked,
            Reason::OptedOut,
            Reason::WrongNumber,
            Reason::RetriesExhausted,
            Reason::PathFault,
            Reason::BreakerOpen,
            Reason::DailyCap,
            Reason::Paused,
            Reason::Quiet,
            Reason::NoConsent,
            Reason::Conversation,
            Reason::NoTemplate,
            Reason::Unreachable,
            Reason::ChannelFull,
            Reason::GivenBack,
        ];
        let numbers = Rejection::ALL.into_iter().map(Reason::Number);
        if let Some(reason) = plain.into_iter().chain(numbers).find(|r| r.as_str() == word) {
            return Ok(reason);
        }
        let coded = |prefix: &str| word.strip_prefix(prefix).and_then(|n| n.parse().ok());
        coded("error_")
            .map(Reason::Error)
            .or_else(|| coded("http_").and_then(|n| u16::try_from(n).ok()).map(Reason::Http))
            .ok_or_else(|| UnknownReason(word.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        let mut all: Vec<Reason> = Rejection::ALL.into_iter().map(Reason::Number).collect();
        all.extend([Reason::AlreadyWelcomed]);
        all.extend([Reason::SharedPhone, Reason::Parked, Reason::OptedOut, Reason::BreakerOpen]);
        all.extend([
            Reason::Quiet,
            Reason::NoConsent,
            Reason::Conversation,
            Reason::NoTemplate,
            Reason::Unreachable,
            Reason::ChannelFull,
        ]);
        all.extend([Reason::Error(21211), Reason::Error(575_001), Reason::Http(418)]);
        for reason in all {
            assert_eq!(reason.as_str().parse(), Ok(reason));
        }
        assert!("nonsense".parse::<Reason>().is_err());
    }

    #[test]
    fn labels_are_bounded() {
        assert_eq!(Reason::Error(21211).label(), Reason::Error(21610).label());
        assert_eq!(Reason::SharedPhone.label(), "shared_phone");
    }
}
