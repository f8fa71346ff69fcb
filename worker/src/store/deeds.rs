//! The audit log, one page after the other, the newest first.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

/// An entry of the audit log.
pub(crate) struct Row {
    pub(crate) id: i64,
    pub(crate) at: DateTime<Utc>,
    pub(crate) actor: String,
    pub(crate) action: String,
    pub(crate) subject: String,
    pub(crate) reason: String,
}

/// At most `limit` entries older than `before`, the newest first.
pub(crate) async fn page(pool: &PgPool, before: Option<i64>, limit: i64) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        "SELECT id, at, actor, action, subject, reason FROM audit_log
         WHERE $1::bigint IS NULL OR id < $1 ORDER BY id DESC LIMIT $2",
        before,
        limit,
    )
    .fetch_all(pool)
    .await
}
