//! The transaction after each page: it marks the enqueued users and stores the progress of the run.

use chrono::{DateTime, Utc};
use producer::UserId;
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

use crate::counts::Counts;

/// The progress of a run.
pub(crate) struct Place<'a> {
    /// The run has processed the users up to this id.
    pub(crate) cursor: &'a str,
    /// The counts of these users.
    pub(crate) counts: &'a Counts,
}

/// A user whose event was confirmed.
pub(crate) struct Enqueued<'a> {
    pub(crate) user_id: &'a UserId,
    /// `updated_at` of the row that the event was published for.
    pub(crate) read: DateTime<Utc>,
}

/// Records that the events of `users` were confirmed, and the place of `run`. If the run is killed before this, the
/// next run publishes the page again, and the worker skips the second events.
pub(crate) async fn save(
    pool: &PgPool,
    run: Uuid,
    users: &[Enqueued<'_>],
    place: Option<&Place<'_>>,
) -> Result<(), sqlx::Error> {
    let mut tx = pool.begin().await?;
    enqueued(&mut tx, run, users).await?;
    if let Some(place) = place {
        moved(&mut tx, run, place).await?;
    }
    tx.commit().await
}

/// Marks users as `received` if they are `stored`, or if their row is still the one that was read, whatever its state:
/// if the broker loses their event, the sweeper enqueues them again. The other rows have changed since they were read,
/// by the worker or by another event, and keep their state.
async fn enqueued(tx: &mut PgConnection, run: Uuid, users: &[Enqueued<'_>]) -> Result<(), sqlx::Error> {
    let ids: Vec<String> = users.iter().map(|user| user.user_id.to_string()).collect();
    let read: Vec<DateTime<Utc>> = users.iter().map(|user| user.read).collect();
    sqlx::query!(
        "WITH enqueued AS (SELECT u.user_id, u.state = 'stored' OR u.updated_at = i.read AS waits
                       FROM UNNEST($1::text[], $3::timestamptz[]) AS i(user_id, read) JOIN users u USING (user_id)
                       WHERE u.user_id = ANY ($1) ORDER BY u.user_id FOR UPDATE OF u)
         UPDATE users
         SET run_id = $2,
             state = CASE WHEN waits THEN 'received' ELSE state END,
             reason = CASE WHEN waits THEN NULL ELSE reason END,
             lane = CASE WHEN waits THEN 'backfill' ELSE lane END,
             enqueued_at = CASE WHEN waits THEN now() ELSE enqueued_at END,
             updated_at = CASE WHEN waits THEN now() ELSE updated_at END
         FROM enqueued
         WHERE users.user_id = enqueued.user_id",
        &ids,
        run,
        &read,
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn moved(tx: &mut PgConnection, run: Uuid, place: &Place<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE backfill_runs SET cursor = $2, counts = $3, updated_at = now() WHERE id = $1",
        run,
        place.cursor,
        Json(place.counts) as _,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A user that a run enqueued, with the number as typed.
pub(crate) struct Behind {
    pub(crate) user_id: String,
    pub(crate) phone_raw: String,
    pub(crate) country_hint: Option<String>,
}

/// Some of the users that `run` enqueued, after one id and up to another.
pub(crate) async fn behind(
    pool: &PgPool,
    run: Uuid,
    after: &str,
    cursor: &str,
) -> Result<Vec<Behind>, sqlx::Error> {
    sqlx::query_as!(
        Behind,
        "SELECT user_id, phone_raw, country_hint FROM users
         WHERE run_id = $1 AND user_id > $2 AND user_id <= $3 ORDER BY user_id LIMIT 1000",
        run,
        after,
        cursor,
    )
    .fetch_all(pool)
    .await
}
