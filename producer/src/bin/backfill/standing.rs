//! How far the outcomes of a run are.

use serde::Serialize;

use crate::store::outcomes::Outcome;

/// Users of a run, by how their outcome counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Tally {
    /// The operator reported it.
    pub(crate) delivered: u64,
    /// A message, or a call for one, that came to nothing; or a number that Lookup does not know.
    pub(crate) failed: u64,
    /// The operator has it and has not reported more.
    pub(crate) sent: u64,
    /// Anything before that.
    pub(crate) open: u64,
    /// Recorded only: shared phone, suppressed, number unusable.
    pub(crate) without_message: u64,
}

enum Standing {
    Delivered,
    Failed,
    Sent,
    Open,
    WithoutMessage,
}

impl Tally {
    pub(crate) fn of(outcomes: &[Outcome]) -> Self {
        let mut tally = Self::default();
        for outcome in outcomes {
            let count = match standing(outcome) {
                Standing::Delivered => &mut tally.delivered,
                Standing::Failed => &mut tally.failed,
                Standing::Sent => &mut tally.sent,
                Standing::Open => &mut tally.open,
                Standing::WithoutMessage => &mut tally.without_message,
            };
            *count += outcome.users;
        }
        tally
    }

    /// Users who were to get a message.
    pub(crate) fn messages(&self) -> u64 {
        self.delivered + self.failed + self.sent + self.open
    }

    /// Users about whom nothing more is expected.
    pub(crate) fn settled(&self) -> u64 {
        self.delivered + self.failed + self.without_message
    }

    pub(crate) fn users(&self) -> u64 {
        self.messages() + self.without_message
    }
}

/// By the words of the view `onboarding_status`.
fn standing(outcome: &Outcome) -> Standing {
    let reason = outcome.reason.as_deref();
    match (outcome.state.as_str(), outcome.welcome.as_str()) {
        ("rejected", _) if reason != Some("lookup_invalid") => Standing::WithoutMessage,
        (_, "skipped") => Standing::WithoutMessage,
        (_, "delivered" | "read") => Standing::Delivered,
        ("rejected" | "failed", _) | (_, "failed" | "undelivered" | "canceled") => Standing::Failed,
        (_, "unknown") if reason == Some("parked") => Standing::Failed,
        (_, "sent") => Standing::Sent,
        _ => Standing::Open,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_counts_once() {
        let outcomes = [
            ("registered", "delivered", None),
            ("registered", "read", None),
            ("registered", "sent", None),
            ("registered", "sending", None),
            ("registered", "queued", None),
            ("registered", "unknown", None),
            ("registered", "unknown", Some("parked")),
            ("registered", "undelivered", Some("error_30003")),
            ("registered", "skipped", Some("shared_phone")),
            ("received", "not_sent", Some("breaker_open")),
            ("rejected", "not_sent", Some("landline")),
            ("rejected", "not_sent", Some("lookup_invalid")),
            ("failed", "not_sent", Some("error_21211")),
            ("suppressed", "skipped", Some("opted_out")),
        ];
        let outcomes = outcomes.map(|(state, welcome, reason)| Outcome {
            state: state.to_owned(),
            welcome: welcome.to_owned(),
            reason: reason.map(str::to_owned),
            users: 1,
        });
        let tally = Tally::of(&outcomes);
        assert_eq!(tally, Tally { delivered: 2, failed: 4, sent: 1, open: 4, without_message: 3 });
        assert_eq!((tally.users(), tally.messages(), tally.settled()), (14, 11, 9));
    }
}
