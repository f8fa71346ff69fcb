//! The outcomes of a run, and what they say about its canary.

use std::{
    fmt::{self, Write},
    str::FromStr,
};

use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use uuid::Uuid;

/// Users who share state, welcome and reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Outcome {
    pub(crate) state: String,
    pub(crate) welcome: String,
    pub(crate) reason: Option<String>,
    pub(crate) users: u64,
}

/// The outcomes of `run`, most frequent first, without users after `cursor`.
pub(crate) async fn of_run(pool: &PgPool, run: Uuid, cursor: &str) -> Result<Vec<Outcome>, sqlx::Error> {
    let rows = sqlx::query!(
        // A message that failed by WhatsApp and is to go by SMS is on its way.
        r#"WITH told AS (
               SELECT state, coalesce(welcome_status, 'accepted') AS welcome, reason,
                      welcome_status IN ('failed', 'undelivered') AND EXISTS (
                          SELECT FROM users u JOIN fallbacks f ON f.attempt_id = u.attempt_id
                          WHERE u.user_id = onboarding_status.user_id AND f.next_try_at IS NOT NULL) AS goes_on
               FROM onboarding_status WHERE run_id = $1 AND user_id <= $2
           )
           SELECT state AS "state!", CASE WHEN goes_on THEN 'accepted' ELSE welcome END AS "welcome!",
                  CASE WHEN goes_on THEN NULL ELSE reason END AS reason, count(*) AS "users!"
           FROM told GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3"#,
        run,
        cursor,
    )
    .fetch_all(pool)
    .await?;
    let outcome = rows.into_iter().map(|row| Outcome {
        state: row.state,
        welcome: row.welcome,
        reason: row.reason,
        users: u64::try_from(row.users).unwrap_or(0),
    });
    Ok(outcome.collect())
}

/// The table that `worker stats` prints.
pub(crate) fn table(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    // Err, here and below: writing to a String cannot fail.
    let _ = writeln!(text, "{:<11} {:<14} {:<18} {:>9}", "state", "welcome", "reason", "users");
    for Outcome { state, welcome, reason, users } in outcomes {
        let reason = reason.as_deref().unwrap_or("-");
        let _ = writeln!(text, "{state:<11} {welcome:<14} {reason:<18} {users:>9}");
    }
    let all: u64 = outcomes.iter().map(|outcome| outcome.users).sum();
    let _ = write!(text, "{:<45} {all:>9}", "all");
    text
}

/// Users of a run, by class of outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct OutcomeStats {
    /// The mobile operator reported delivery.
    pub(crate) delivered: u64,
    /// The message failed, its create call was refused, or Lookup called the number invalid.
    pub(crate) failed: u64,
    /// The mobile operator accepted the message and has not reported delivery.
    pub(crate) sent: u64,
    /// The message is not at the mobile operator yet.
    pub(crate) open: u64,
    /// No message: shared phone, suppressed or unusable number, no consent, no template, no channel that reaches the number.
    pub(crate) without_message: u64,
}

enum Class {
    Delivered,
    Failed,
    Sent,
    Open,
    WithoutMessage,
}

impl OutcomeStats {
    pub(crate) fn of(outcomes: &[Outcome]) -> Self {
        let mut stats = Self::default();
        for outcome in outcomes {
            let count = match class(outcome) {
                Class::Delivered => &mut stats.delivered,
                Class::Failed => &mut stats.failed,
                Class::Sent => &mut stats.sent,
                Class::Open => &mut stats.open,
                Class::WithoutMessage => &mut stats.without_message,
            };
            *count += outcome.users;
        }
        stats
    }

    /// Users that the run expects to get a message.
    pub(crate) fn messages(&self) -> u64 {
        self.delivered + self.failed + self.sent + self.open
    }

    /// Users with a final outcome.
    pub(crate) fn settled(&self) -> u64 {
        self.delivered + self.failed + self.without_message
    }

    pub(crate) fn users(&self) -> u64 {
        self.messages() + self.without_message
    }
}

/// Classifies by the values of the view `onboarding_status`.
fn class(outcome: &Outcome) -> Class {
    let reason = outcome.reason.as_deref();
    match (outcome.state.as_str(), outcome.welcome.as_str()) {
        ("rejected", _) if reason != Some("lookup_invalid") => Class::WithoutMessage,
        (_, "skipped") => Class::WithoutMessage,
        ("received", _) if matches!(reason, Some("no_consent" | "no_template" | "unreachable")) => {
            Class::WithoutMessage
        }
        (_, "delivered" | "read") => Class::Delivered,
        ("rejected" | "failed", _) | (_, "failed" | "undelivered" | "canceled") => Class::Failed,
        (_, "unknown") if reason == Some("parked") => Class::Failed,
        (_, "sent") => Class::Sent,
        _ => Class::Open,
    }
}

/// How many users are enqueued first, and the share of their messages that must be delivered.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Canary {
    pub(crate) users: u64,
    pub(crate) share: Share,
}

/// A share, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Share(f64);

/// The result of a canary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CanaryResult {
    /// Both results are still possible.
    Open,
    /// Enough messages are delivered.
    Passed,
    /// Too few can still be delivered.
    Failed,
}

impl Canary {
    /// The result by `now`. When the time is over, `sent` counts as delivered, since some mobile operators never
    /// report more, and open messages count as not delivered.
    pub(crate) fn result(&self, now: &OutcomeStats, time_is_over: bool) -> CanaryResult {
        let sure = if time_is_over { now.delivered + now.sent } else { now.delivered };
        let possible = if time_is_over { sure } else { now.delivered + now.sent + now.open };
        let messages = now.messages();
        if self.share.of(messages) <= sure {
            CanaryResult::Passed
        } else if possible < self.share.of(messages) {
            CanaryResult::Failed
        } else {
            CanaryResult::Open
        }
    }

    /// The flags as typed, each after a blank.
    pub(crate) fn flags(&self) -> String {
        let share = if self.share == Share::default() {
            String::new()
        } else {
            format!(" --canary-share {}", self.share)
        };
        format!(" --canary {}{share}", self.users)
    }
}

impl Share {
    /// The smallest count that is at least this share of `all`.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    fn of(self, all: u64) -> u64 {
        // A canary is small, so the float is exact.
        (self.0 * all as f64 - 1e-9).ceil() as u64
    }
}

impl Default for Share {
    fn default() -> Self {
        Self(0.9)
    }
}

impl FromStr for Share {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let share: f64 = text.parse().map_err(|_| "not a number")?;
        if (0.0..=1.0).contains(&share) {
            Ok(Self(share))
        } else {
            Err("give a share from 0 to 1, such as 0.9")
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
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
            ("received", "not_sent", Some("channel_full")),
            ("received", "not_sent", Some("no_template")),
            ("received", "not_sent", Some("unreachable")),
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
        let stats = OutcomeStats::of(&outcomes);
        assert_eq!(stats, OutcomeStats { delivered: 2, failed: 4, sent: 1, open: 5, without_message: 5 });
        assert_eq!((stats.users(), stats.messages(), stats.settled()), (17, 12, 11));
    }

    fn canary(share: &str) -> Canary {
        Canary { users: 10, share: share.parse().unwrap() }
    }

    fn stats(delivered: u64, failed: u64, sent: u64, open: u64) -> OutcomeStats {
        OutcomeStats { delivered, failed, sent, open, without_message: 3 }
    }

    #[test]
    fn a_canary_has_a_result_as_soon_as_nothing_can_change_it() {
        let canary = canary("0.9");
        for (stats, result) in [
            (stats(0, 0, 0, 10), CanaryResult::Open),
            (stats(9, 0, 0, 1), CanaryResult::Passed),
            (stats(9, 1, 0, 0), CanaryResult::Passed),
            (stats(8, 1, 1, 0), CanaryResult::Open),
            (stats(0, 2, 4, 4), CanaryResult::Failed),
            (stats(0, 0, 0, 0), CanaryResult::Passed),
        ] {
            assert_eq!(canary.result(&stats, false), result, "{stats:?}");
        }
    }

    #[test]
    fn at_the_end_sent_is_delivered_and_open_is_not() {
        let canary = canary("0.9");
        assert_eq!(canary.result(&stats(4, 1, 5, 0), true), CanaryResult::Passed);
        assert_eq!(canary.result(&stats(8, 0, 0, 2), true), CanaryResult::Failed);
    }

    #[test]
    fn shares_are_exact() {
        assert_eq!(canary("0.9").share.of(10), 9);
        assert_eq!(canary("0.5").share.of(5), 3);
        assert_eq!(canary("0").result(&stats(0, 9, 0, 1), true), CanaryResult::Passed);
        assert_eq!((canary("1").share.of(7), canary("0.9").flags()), (7, " --canary 10".to_owned()));
        assert_eq!(canary("0.5").flags(), " --canary 10 --canary-share 0.5");
        assert!("1.5".parse::<Share>().is_err() && "NaN".parse::<Share>().is_err());
    }
}
