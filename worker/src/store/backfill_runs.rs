//! Backfills, which the producer writes.

use sqlx::PgPool;
use uuid::Uuid;

/// Backfills whose id begins with `prefix`, at most two, the latest first.
pub(crate) async fn find(pool: &PgPool, prefix: &str) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT id FROM backfill_runs WHERE starts_with(id::text, $1) ORDER BY started_at DESC LIMIT 2",
        prefix,
    )
    .fetch_all(pool)
    .await
}
