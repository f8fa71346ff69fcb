//! The counts, with their names.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::store::counts::{self, Backlog, DeadLetters, LastHour, Unknown};

/// Users who share state, welcome and reason.
#[derive(Debug, Serialize)]
pub(super) struct Group {
    pub(super) state: String,
    pub(super) welcome: String,
    pub(super) reason: Option<String>,
    pub(super) users: i64,
}

/// All counts at one time. The field names are a published schema: add to it, never rename.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    pub(super) schema: &'static str,
    pub(super) at: DateTime<Utc>,
    pub(super) users: i64,
    pub(super) groups: Vec<Group>,
    #[serde(flatten)]
    pub(super) last: Last,
    pub(super) waiting: Waits,
}

/// Counts of the last minute and the last hour.
#[derive(Debug, Serialize)]
pub(super) struct Last {
    pub(super) accepted_last_minute: i64,
    pub(super) accepted_last_hour: i64,
    pub(super) refused_last_hour: i64,
    pub(super) delivered_last_hour: i64,
    pub(super) not_delivered_last_hour: i64,
}

/// Counts of waiting work.
#[derive(Debug, Serialize)]
pub(super) struct Waits {
    pub(super) received: i64,
    pub(super) due: i64,
    pub(super) unknown: i64,
    pub(super) parked: i64,
    pub(super) dead_letters: i64,
    pub(super) dead_letters_last_hour: i64,
}

impl Figures {
    pub(super) fn new(
        groups: Vec<counts::Group>,
        last_hour: &LastHour,
        backlog: &[Backlog],
        unknown: Unknown,
        letters: DeadLetters,
    ) -> Self {
        let groups: Vec<Group> = groups
            .into_iter()
            .map(|g| Group { state: g.state, welcome: g.welcome, reason: g.reason, users: g.users })
            .collect();
        Self {
            schema: "stats/1",
            at: Utc::now(),
            users: groups.iter().map(|g| g.users).sum(),
            groups,
            last: Last {
                accepted_last_minute: last_hour.accepted_last_minute,
                accepted_last_hour: last_hour.accepted,
                refused_last_hour: last_hour.refused,
                delivered_last_hour: last_hour.delivered,
                not_delivered_last_hour: last_hour.not_delivered,
            },
            waiting: Waits {
                received: backlog.iter().map(|b| b.received).sum(),
                due: backlog.iter().map(|b| b.due).sum(),
                unknown: unknown.all(),
                parked: unknown.parked,
                dead_letters: letters.open,
                dead_letters_last_hour: letters.open_last_hour,
            },
        }
    }

    /// The counts other than groups, with the names that text and csv show.
    pub(super) fn named(&self) -> [(&'static str, i64); 11] {
        let (last, waiting) = (&self.last, &self.waiting);
        [
            ("accepted, last minute", last.accepted_last_minute),
            ("accepted, last hour", last.accepted_last_hour),
            ("refused, last hour", last.refused_last_hour),
            ("delivered, last hour", last.delivered_last_hour),
            ("not delivered, last hour", last.not_delivered_last_hour),
            ("received, work ahead", waiting.received),
            ("received, due now", waiting.due),
            ("unknown", waiting.unknown),
            ("parked", waiting.parked),
            ("dead letters", waiting.dead_letters),
            ("dead letters, last hour", waiting.dead_letters_last_hour),
        ]
    }
}
