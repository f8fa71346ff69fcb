//! Accepted attempts whose status callbacks do not arrive.

use std::time::Duration;

use sqlx::PgPool;
use uuid::Uuid;

use super::attempts::{AttemptRef, Heap, on_heap};

/// An attempt whose status is not a final one.
pub(crate) struct StatusToFetch {
    pub(crate) attempt: AttemptRef,
    pub(crate) sid: String,
    pub(crate) status_rank: i16,
}

/// Leases at most `limit` attempts whose status to fetch from Twilio: claimed at least `age` ago and less than `age` +
/// `span`. One worker fetches each status, at most once per doubling of the attempt's age.
///
/// Attempts are stored in the order of their claims, so a span is read by the block range index over `claimed_at`. No
/// index names what a status changes.
pub(crate) async fn take(
    pool: &PgPool,
    heap: Heap,
    age: Duration,
    span: Duration,
    limit: i64,
) -> Result<Vec<StatusToFetch>, sqlx::Error> {
    struct Row {
        message_id: Uuid,
        attempt_id: Uuid,
        sid: String,
        status_rank: i16,
    }
    let rows = on_heap!(
        heap,
        query_as![Row:
            "WITH open AS (
                 SELECT message_id, attempt_id FROM ", "
                 WHERE claimed_at > now() - make_interval(secs => $2) AND claimed_at <= now() - make_interval(secs => $1)
                   AND outcome = 'accepted' AND message_sid IS NOT NULL AND status_rank < 4
                   AND (polled_at IS NULL OR now() - claimed_at >= 2 * (polled_at - claimed_at))
                 LIMIT $3 FOR UPDATE SKIP LOCKED
             )
             UPDATE ", r#" a SET polled_at = now() FROM open o
             WHERE a.message_id = o.message_id AND a.attempt_id = o.attempt_id
             RETURNING a.message_id AS "message_id!", a.attempt_id AS "attempt_id!", a.message_sid AS "sid!",
                       a.status_rank AS "status_rank!""#
        ](age.as_secs_f64(), (age + span).as_secs_f64(), limit),
        fetch_all(pool)
    )?;
    let open = |r: Row| StatusToFetch {
        attempt: AttemptRef { heap, message_id: r.message_id, attempt_id: r.attempt_id },
        sid: r.sid,
        status_rank: r.status_rank,
    };
    Ok(rows.into_iter().map(open).collect())
}
