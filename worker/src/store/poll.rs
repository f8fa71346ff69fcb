//! Accepted attempts whose status callbacks do not arrive.

use std::time::Duration;

use sqlx::PgPool;
use uuid::Uuid;

/// An attempt whose status is not a final one.
pub(crate) struct Open {
    pub(crate) message_id: Uuid,
    pub(crate) sid: String,
    pub(crate) status_rank: i16,
}

/// Takes up to `limit` attempts of a span of time whose status is to be asked for: claimed at least `age` ago and less
/// than `age` + `span`. Each is asked about at most once per doubling of its age, by one worker.
///
/// Attempts are stored in the order of their claims, so a span is read by the block range index over `claimed_at`. No
/// index names what a status changes.
pub(crate) async fn take(
    pool: &PgPool,
    age: Duration,
    span: Duration,
    limit: i64,
) -> Result<Vec<Open>, sqlx::Error> {
    sqlx::query_as!(
        Open,
        r#"UPDATE attempts SET polled_at = now() WHERE message_id IN (
               SELECT message_id FROM attempts
               WHERE claimed_at > now() - make_interval(secs => $2) AND claimed_at <= now() - make_interval(secs => $1)
                 AND outcome = 'accepted' AND sid IS NOT NULL AND status_rank < 4
                 AND (polled_at IS NULL OR now() - claimed_at >= 2 * (polled_at - claimed_at))
               LIMIT $3 FOR UPDATE SKIP LOCKED)
           RETURNING message_id, sid AS "sid!", status_rank"#,
        age.as_secs_f64(),
        (age + span).as_secs_f64(),
        limit,
    )
    .fetch_all(pool)
    .await
}
