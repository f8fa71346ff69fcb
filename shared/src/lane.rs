//! The two ways into the worker.

use serde::{Deserialize, Serialize};

/// A lane of work: live signups never wait behind a backfill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "lane", rename_all = "snake_case")]
pub enum Lane {
    /// Signups as they happen.
    Live,
    /// Stored users, enqueued by an admin.
    Backfill,
}

impl Lane {
    /// Both lanes, the more urgent first.
    pub const ALL: [Lane; 2] = [Lane::Live, Lane::Backfill];

    /// The word for this lane in queue names, metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Lane::Live => "live",
            Lane::Backfill => "backfill",
        }
    }
}
