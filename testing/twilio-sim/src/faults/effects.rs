//! Actions sorted by the moment at which they matter.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::action::{Action, FailedStatus, PlainBody};
use crate::api_error::ApiError;
use crate::server::Reply;

/// What a request meets on its way; the default is a healthy answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Effects {
    pub(crate) latency: Duration,
    /// Ends the request before it takes effect.
    pub(crate) before: Option<Interruption>,
    /// Spoils the answer after it took effect.
    pub(crate) after: Option<Interruption>,
    /// An error reported as Twilio would, at once or by callback.
    pub(crate) refusal: Option<u32>,
    /// How the message ends; none leaves it to the channel.
    pub(crate) ending: Option<Ending>,
    /// An error with which the message ends, as failed or undelivered at random.
    pub(crate) failure: Option<u32>,
    /// Whether the recipient's phone is off until it is switched on by hand.
    pub(crate) offline: bool,
    pub(crate) callbacks: CallbackEffects,
    pub(crate) list_lag: Duration,
    pub(crate) fetch_not_found: Duration,
    pub(crate) lookup: Option<LookupEffect>,
    pub(crate) page: Option<PageFault>,
}

#[derive(Debug, Clone)]
pub(crate) enum Interruption {
    Answer(Reply),
    Reset,
    Hang(Duration),
    BrokenJson,
}

/// How the life of an accepted message ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ending {
    #[default]
    Delivered,
    /// Delivered, then read.
    Read,
    /// Read, then delivered: the receipts arrive in the wrong order.
    ReadFirst,
    SentLast,
    Failed(FailedStatus, u32),
    /// Sent, then failed.
    SentThenFailed(u32),
    /// Failed on one device, then delivered on another.
    FailedThenDelivered(u32),
    DeliveredThenFailed(u32),
}

impl Ending {
    /// Whether the message reaches the person at some time.
    pub(crate) fn reaches(self) -> bool {
        !matches!(self, Self::SentLast | Self::Failed(..) | Self::SentThenFailed(_))
    }

    /// Whether the first final status is a failure.
    pub(crate) fn fails_first(self) -> bool {
        self.first_error().is_some()
    }

    /// The error of the first final status, if that is a failure.
    pub(crate) fn first_error(self) -> Option<u32> {
        match self {
            Self::Failed(_, code) | Self::SentThenFailed(code) | Self::FailedThenDelivered(code) => {
                Some(code)
            }
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct CallbackEffects {
    pub(crate) none: bool,
    pub(crate) copies: Option<u8>,
    pub(crate) shuffled: bool,
    pub(crate) at_once: bool,
    pub(crate) signing: Signing,
    pub(crate) recipient: RecipientShown,
    /// How much later than the change of status each callback is sent.
    pub(crate) late: Duration,
    /// A status that one more callback reports before the last one.
    pub(crate) extra_status: Option<String>,
}

/// How WhatsApp callbacks name the recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum RecipientShown {
    #[default]
    ByPhone,
    /// By the business-scoped user id alone.
    ByUserId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Signing {
    #[default]
    Right,
    Wrong,
    Missing,
}

/// A fault in the links of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageFault {
    Repeated,
    Endless,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LookupEffect {
    Invalid(String),
    PackageError(u32),
    Line(String),
}

impl Effects {
    pub(crate) fn of(actions: &[Action]) -> Self {
        let mut effects = Self::default();
        for action in actions {
            effects.interrupt(action);
            effects.bend(action);
        }
        effects
    }

    /// Actions on the answer.
    fn interrupt(&mut self, action: &Action) {
        let (interruption, store) = match action {
            Action::Error { store, .. } => (Interruption::Answer(error_reply(action)), *store),
            Action::Reset { store } => (Interruption::Reset, *store),
            Action::Hang { ms, store } => (Interruption::Hang(Duration::from_millis(*ms)), *store),
            Action::BrokenJson => (Interruption::BrokenJson, true),
            Action::CallbackFirst { ms } => {
                self.callbacks.at_once = true;
                (Interruption::Hang(Duration::from_millis(*ms)), true)
            }
            _ => return,
        };
        let slot = if store { &mut self.after } else { &mut self.before };
        *slot = Some(interruption);
    }

    /// Actions on the message, its callbacks and the results of reads.
    fn bend(&mut self, action: &Action) {
        match action {
            Action::Latency { ms } => self.latency = Duration::from_millis(*ms),
            Action::Refuse { code } => self.refusal = Some(*code),
            Action::FinalStatus { status, error_code } => {
                self.ending = Some(Ending::Failed(*status, *error_code));
            }
            Action::Fail { error_code } => self.failure = Some(*error_code),
            Action::SentLast => self.ending = Some(Ending::SentLast),
            Action::Read => self.ending = Some(Ending::Read),
            Action::Unread => self.ending = Some(Ending::Delivered),
            Action::ReadFirst => self.ending = Some(Ending::ReadFirst),
            Action::FailedThenDelivered { error_code } => {
                self.ending = Some(Ending::FailedThenDelivered(*error_code));
            }
            Action::DeliveredThenFailed { error_code } => {
                self.ending = Some(Ending::DeliveredThenFailed(*error_code));
            }
            Action::Offline => self.offline = true,
            Action::HiddenPhone => self.callbacks.recipient = RecipientShown::ByUserId,
            Action::LateCallbacks { ms } => self.callbacks.late = Duration::from_millis(*ms),
            Action::ExtraCallback { status } => self.callbacks.extra_status = Some(status.clone()),
            Action::NoCallbacks => self.callbacks.none = true,
            Action::DuplicateCallbacks { copies } => self.callbacks.copies = Some(*copies),
            Action::ShuffleCallbacks => self.callbacks.shuffled = true,
            Action::WrongSignature => self.callbacks.signing = Signing::Wrong,
            Action::MissingSignature => self.callbacks.signing = Signing::Missing,
            Action::ListLag { ms } => self.list_lag = Duration::from_millis(*ms),
            Action::FetchNotFound { ms } => self.fetch_not_found = Duration::from_millis(*ms),
            Action::RepeatPage => self.page = Some(PageFault::Repeated),
            Action::EndlessPages => self.page = Some(PageFault::Endless),
            Action::LookupInvalid { error } => self.lookup = Some(LookupEffect::Invalid(error.clone())),
            Action::LookupPackageError { code } => self.lookup = Some(LookupEffect::PackageError(*code)),
            Action::LookupLine { line_type } => self.lookup = Some(LookupEffect::Line(line_type.clone())),
            Action::Error { .. }
            | Action::Reset { .. }
            | Action::Hang { .. }
            | Action::BrokenJson
            | Action::CallbackFirst { .. } => {}
        }
    }
}

fn error_reply(action: &Action) -> Reply {
    let Action::Error { status, code, message, retry_after, body, .. } = action else {
        return ApiError::of(20500).reply();
    };
    let mut error = ApiError::of(code.unwrap_or_else(|| usual_code(status.unwrap_or(500))));
    error.status = status.unwrap_or(error.status);
    if let Some(message) = message {
        error = error.with_message(message.clone());
    }
    let mut reply = match body {
        None => error.reply(),
        Some(PlainBody::Empty) => Reply::raw(error.status, "text/plain", ""),
        Some(PlainBody::Html) => {
            Reply::raw(error.status, "text/html", "<html><body><h1>Bad Gateway</h1></body></html>")
        }
    };
    reply.retry_after = *retry_after;
    reply
}

fn usual_code(status: u16) -> u32 {
    match status {
        401 => 20003,
        403 => 20403,
        404 => 20404,
        409 => 20409,
        429 => 20429,
        503 => 20503,
        500..=599 => 20500,
        _ => 20001,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(action: &Action) -> Reply {
        error_reply(action)
    }

    #[test]
    fn status_and_code_complete_each_other() {
        let reply = answer(&Action::status(503, false));
        assert_eq!((reply.status, reply.body.starts_with(br#"{"code":20503,"#)), (503, true));
        assert_eq!(answer(&Action::error(21611)).status, 429);
        assert_eq!(answer(&Action::too_many_requests(7)).retry_after, Some(7));
    }

    #[test]
    fn store_decides_the_moment() {
        let lost = Effects::of(&[Action::Reset { store: true }]);
        assert!(lost.before.is_none() && matches!(lost.after, Some(Interruption::Reset)));
        let refused = Effects::of(&[Action::Reset { store: false }]);
        assert!(refused.after.is_none() && matches!(refused.before, Some(Interruption::Reset)));
    }

    #[test]
    fn actions_combine() {
        let actions =
            [Action::DuplicateCallbacks { copies: 3 }, Action::ShuffleCallbacks, Action::Latency { ms: 5 }];
        let effects = Effects::of(&actions);
        assert_eq!((effects.callbacks.copies, effects.callbacks.shuffled), (Some(3), true));
        assert_eq!(effects.latency, Duration::from_millis(5));
    }
}
