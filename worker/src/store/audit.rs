//! The audit log. The shared crate writes and searches it; the dashboard lists it.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

pub(crate) use shared::audit::*;

/// An entry of the audit log.
pub(crate) struct AuditEntry {
    pub(crate) id: i64,
    pub(crate) at: DateTime<Utc>,
    pub(crate) actor: String,
    pub(crate) action: String,
    pub(crate) subject: String,
    pub(crate) reason: String,
}

/// At most `limit` entries older than `before`, the newest first.
pub(crate) async fn page(
    pool: &PgPool,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<AuditEntry>, sqlx::Error> {
    sqlx::query_as!(
        AuditEntry,
        "SELECT id, at, actor, action, subject, reason FROM audit_log
         WHERE $1::bigint IS NULL OR id < $1 ORDER BY id DESC LIMIT $2",
        before,
        limit,
    )
    .fetch_all(pool)
    .await
}
