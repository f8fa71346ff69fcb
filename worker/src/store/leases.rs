//! Until when the claims of a batch are in the hands of the worker that made them.

use std::time::Duration;

use sqlx::PgPool;

use super::attempts::Heap;

/// Claims of a heap whose lease ran out become unknown: the worker that held them may have made its call. Returns how
/// many.
pub(crate) async fn expire(pool: &PgPool, heap: Heap, first_check: Duration) -> Result<u64, sqlx::Error> {
    match heap {
        Heap::Welcomes => expire_of_welcomes(pool, first_check).await,
        Heap::Messages => expire_of_messages(pool, first_check).await,
    }
}

async fn expire_of_welcomes(pool: &PgPool, first_check: Duration) -> Result<u64, sqlx::Error> {
    let expired = sqlx::query!(
        "WITH over AS (
             DELETE FROM leases WHERE ctid = ANY(ARRAY(
                 SELECT ctid FROM leases WHERE lease_until < now()
                 ORDER BY lease_until LIMIT 500 FOR UPDATE SKIP LOCKED))
             RETURNING message_ids
         ), claims AS (
             SELECT a.message_id FROM over, unnest(over.message_ids) AS o(message_id)
             JOIN attempts a ON a.message_id = o.message_id AND a.outcome = 'sending'
             ORDER BY a.message_id FOR UPDATE OF a
         )
         UPDATE attempts a SET outcome = 'unknown', next_check_at = claimed_at + make_interval(secs => $1),
                               updated_at = now()
         FROM claims c WHERE a.message_id = c.message_id AND a.outcome = 'sending'",
        first_check.as_secs_f64(),
    )
    .execute(pool)
    .await?;
    Ok(expired.rows_affected())
}

async fn expire_of_messages(pool: &PgPool, first_check: Duration) -> Result<u64, sqlx::Error> {
    let expired = sqlx::query!(
        "WITH over AS (
             DELETE FROM message_leases WHERE ctid = ANY(ARRAY(
                 SELECT ctid FROM message_leases WHERE lease_until < now()
                 ORDER BY lease_until LIMIT 500 FOR UPDATE SKIP LOCKED))
             RETURNING message_ids, attempt_ids
         ), claims AS (
             SELECT a.message_id, a.attempt_id
             FROM over, unnest(over.message_ids, over.attempt_ids) AS o(message_id, attempt_id)
             JOIN message_attempts a ON a.message_id = o.message_id AND a.attempt_id = o.attempt_id
                                    AND a.outcome = 'sending'
             ORDER BY a.message_id FOR UPDATE OF a
         )
         UPDATE message_attempts a SET outcome = 'unknown', next_check_at = claimed_at + make_interval(secs => $1),
                                       updated_at = now()
         FROM claims c WHERE a.message_id = c.message_id AND a.attempt_id = c.attempt_id AND a.outcome = 'sending'",
        first_check.as_secs_f64(),
    )
    .execute(pool)
    .await?;
    Ok(expired.rows_affected())
}
