//! Table `onboarding_outbox`. Unchecked at compile time: it is the portal's and not part of our schema.

use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::row::Row;
use crate::command::Failure;

/// Fails unless the table is there and may be read.
pub(super) async fn check(pool: &PgPool) -> Result<(), Failure> {
    let probe = "SELECT id, seq, type, payload, created_at, published_at, attempts, last_error
                 FROM onboarding_outbox LIMIT 0";
    match sqlx::query(probe).execute(pool).await {
        Ok(_) => Ok(()),
        // Class 42: no such table or column, or no right to it (PostgreSQL docs, appendix A).
        Err(sqlx::Error::Database(error)) if error.code().is_some_and(|code| code.starts_with("42")) => {
            Err(Failure::Portal(format!(
                "the database at OUTBOX_DATABASE_URL has no usable table onboarding_outbox: {}. Create it from \
                 `signup outbox-ddl`, and grant this role SELECT, UPDATE and DELETE on it",
                error.message()
            )))
        }
        Err(error) => Err(error.into()),
    }
}

/// Locks the first rows that wait, in their order, except `paused` ones and those of another relay.
pub(super) async fn next(
    connection: &mut PgConnection,
    paused: &[Uuid],
    limit: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as(
        "SELECT id, type, payload::text AS payload, created_at, attempts
         FROM onboarding_outbox
         WHERE published_at IS NULL AND id <> ALL ($1)
         ORDER BY seq LIMIT $2
         FOR UPDATE SKIP LOCKED",
    )
    .bind(paused)
    .bind(limit)
    .fetch_all(connection)
    .await
}

pub(super) async fn mark_published(connection: &mut PgConnection, rows: &[Uuid]) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE onboarding_outbox SET published_at = clock_timestamp(), last_error = NULL WHERE id = ANY ($1)",
    )
    .bind(rows)
    .execute(connection)
    .await
    .map(|_| ())
}

/// Counts a failed try and keeps the reason, `errors[n]` for `rows[n]`.
pub(super) async fn mark_failed(
    connection: &mut PgConnection,
    rows: &[Uuid],
    errors: &[String],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE onboarding_outbox o SET attempts = o.attempts + 1, last_error = f.error
         FROM unnest($1::uuid[], $2::text[]) AS f (id, error) WHERE o.id = f.id",
    )
    .bind(rows)
    .bind(errors)
    .execute(connection)
    .await
    .map(|_| ())
}

/// How many rows wait, and the age in seconds of the one that waits longest.
pub(super) async fn waiting(pool: &PgPool) -> Result<(i64, f64), sqlx::Error> {
    sqlx::query_as(
        "SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8
         FROM onboarding_outbox WHERE published_at IS NULL",
    )
    .fetch_one(pool)
    .await
}

/// Deletes rows that were published more than a day ago; gives their count.
pub(super) async fn purge(pool: &PgPool) -> Result<u64, sqlx::Error> {
    sqlx::query("DELETE FROM onboarding_outbox WHERE published_at < now() - interval '24 hours'")
        .execute(pool)
        .await
        .map(|done| done.rows_affected())
}
