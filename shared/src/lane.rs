//! The two ways into the worker.

use serde::{Deserialize, Serialize};

/// A lane with a RabbitMQ queue: live signups never wait behind a backfill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "lane", rename_all = "snake_case")]
pub enum QueueLane {
    /// Signups as they happen.
    Live,
    /// Stored users, enqueued by an admin.
    Backfill,
}

impl QueueLane {
    /// Both lanes, the more urgent first.
    pub const ALL: [QueueLane; 2] = [QueueLane::Live, QueueLane::Backfill];

    /// The word for this lane in queue names, metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            QueueLane::Live => "live",
            QueueLane::Backfill => "backfill",
        }
    }
}
