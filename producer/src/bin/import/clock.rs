//! The clock of our database, by which events are dated, too.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

/// The time of our database. Data are never dated after it: by a portal or a file server whose clock is ahead, events
/// that follow the import would look older than it.
pub(crate) async fn now(pool: &PgPool) -> Result<DateTime<Utc>, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT now() AS "now!""#).fetch_one(pool).await
}
