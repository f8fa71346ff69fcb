//! Finds work that is due. Any number of workers may sweep: rows in another's hands are skipped.

use std::time::Duration;

use chrono::{DateTime, Utc};
use shared::lane::QueueLane;
use sqlx::{Postgres, Transaction};

/// A user to be enqueued again.
pub(crate) struct Due {
    pub(crate) user_id: String,
    pub(crate) lane: QueueLane,
    pub(crate) traceparent: Option<String>,
}

/// Locks up to `limit` users of `lane` whose retry is due; none of a paused lane.
pub(crate) async fn due(
    tx: &mut Transaction<'_, Postgres>,
    lane: QueueLane,
    limit: i64,
) -> Result<Vec<Due>, sqlx::Error> {
    sqlx::query_as!(
        Due,
        r#"SELECT user_id, lane AS "lane: QueueLane", traceparent FROM users
           WHERE next_attempt_at <= now() AND state = 'received' AND lane = $2
             AND NOT EXISTS (SELECT FROM pauses p
                             WHERE p.lane = users.lane AND (p.ends_at IS NULL OR p.ends_at > now()))
           ORDER BY next_attempt_at LIMIT $1 FOR UPDATE SKIP LOCKED"#,
        limit,
        lane as QueueLane,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Marks users as enqueued again for a retry. Their rows are locked by `due` in this transaction, so each is marked.
pub(crate) async fn enqueued(
    tx: &mut Transaction<'_, Postgres>,
    users: &[String],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE users SET next_attempt_at = NULL, enqueued_at = now() WHERE user_id = ANY($1)",
        users
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Locks at most `limit` users of `lane` with evidence of an enqueue that made no progress within `grace`, which every
/// earlier rescue doubles. Returns none of a paused lane. `reached` is when the oldest delivery that any worker holds
/// was published: users enqueued later, or within `grace` before it, have an event in the queue. None: the queue is
/// empty.
pub(crate) async fn lost(
    tx: &mut Transaction<'_, Postgres>,
    lane: QueueLane,
    grace: Duration,
    reached: Option<DateTime<Utc>>,
    limit: i64,
) -> Result<Vec<Due>, sqlx::Error> {
    sqlx::query_as!(
        Due,
        r#"SELECT user_id, lane AS "lane: QueueLane", traceparent FROM users
           WHERE state = 'received' AND next_attempt_at IS NULL AND lane = $3
             AND NOT EXISTS (SELECT FROM pauses p
                             WHERE p.lane = users.lane AND (p.ends_at IS NULL OR p.ends_at > now()))
             AND enqueued_at < LEAST($4::timestamptz, now()) - make_interval(secs => $1)
             AND enqueued_at < now() - make_interval(secs => $1 * power(2, LEAST(reenqueues, 12)))
           ORDER BY enqueued_at LIMIT $2 FOR UPDATE SKIP LOCKED"#,
        grace.as_secs_f64(),
        limit,
        lane as QueueLane,
        reached,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Marks users as rescued once more. Their rows are locked by `lost` in this transaction, so each is marked.
pub(crate) async fn rescued(tx: &mut Transaction<'_, Postgres>, users: &[String]) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE users SET enqueued_at = now(), reenqueues = reenqueues + 1 WHERE user_id = ANY($1)",
        users,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
