//! Dead letters as a list, without anything of their content.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

/// A dead letter in the list.
pub(crate) struct Row {
    pub(crate) id: i64,
    pub(crate) reason: String,
    pub(crate) detail: String,
    pub(crate) lane: Option<String>,
    pub(crate) seen: i32,
    pub(crate) last_seen_at: DateTime<Utc>,
    pub(crate) replayed_at: Option<DateTime<Utc>>,
    pub(crate) dropped_at: Option<DateTime<Utc>>,
}

impl Row {
    /// Whether an operator has yet to decide on it.
    pub(crate) fn is_open(&self) -> bool {
        self.replayed_at.is_none() && self.dropped_at.is_none()
    }
}

/// At most `limit` letters, the newest first, older than `before`.
pub(crate) async fn page(pool: &PgPool, before: Option<i64>, limit: i64) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        "SELECT id, reason, detail, lane::text, seen, last_seen_at, replayed_at, dropped_at
         FROM dead_letters WHERE $1::bigint IS NULL OR id < $1 ORDER BY id DESC LIMIT $2",
        before,
        limit,
    )
    .fetch_all(pool)
    .await
}
