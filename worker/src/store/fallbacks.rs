//! Messages that provably did not arrive by WhatsApp, and may go by SMS. An attempt is offered once; the offer ends with an
//! attempt by SMS, or with the reason why there is none.

use std::time::Duration;

use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::attempts::{AttemptRef, Heap, on_heap};

/// An attempt that failed and may be followed by one by SMS.
#[derive(Debug, Clone)]
pub(crate) struct Offer {
    /// Twilio's error code.
    pub(crate) code: i32,
    /// The kinds of messages that may go by SMS.
    pub(crate) kinds: Vec<String>,
    /// The second attempt begins within this time after the first.
    pub(crate) within: Duration,
}

/// A fallback that is due.
#[derive(Debug, Clone)]
pub(crate) struct Due {
    pub(crate) first: AttemptRef,
    pub(crate) user_id: String,
    pub(crate) phone_e164: String,
    pub(crate) kind: String,
    pub(crate) slot: String,
    pub(crate) lane: String,
    pub(crate) language: String,
    pub(crate) code: i32,
    pub(crate) traceparent: Option<String>,
    /// As stored for the user; none: the default one.
    pub(crate) time_zone: Option<String>,
}

/// Offers a fallback for an attempt that failed. An attempt is offered once, while it still blocks.
pub(super) async fn offer(
    tx: &mut PgConnection,
    attempt: AttemptRef,
    offer: &Offer,
) -> Result<(), sqlx::Error> {
    struct Offered {
        attempt_id: Uuid,
    }
    let offered = on_heap!(
        attempt.heap,
        query_as![Offered:
            "INSERT INTO fallbacks (attempt_id, message_id, kind, code, until, next_try_at)
             SELECT attempt_id, message_id, kind, $3, claimed_at + make_interval(secs => $4), now() FROM ",
            "
             WHERE message_id = $1 AND attempt_id = $2 AND blocks AND outcome = 'accepted'
               AND status IN ('failed', 'undelivered') AND channel = 'whatsapp' AND kind = ANY($5)
             ON CONFLICT DO NOTHING RETURNING attempt_id"
        ](
            attempt.message_id, attempt.attempt_id, offer.code, offer.within.as_secs_f64(), &offer.kinds
        ),
        fetch_optional(&mut *tx)
    )?;
    if let Some(Offered { attempt_id }) = offered {
        tracing::info!(attempt = %attempt_id, code = offer.code, "the message did not arrive, and may go by SMS");
    }
    Ok(())
}

/// What the late arrival of a message that had failed means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Late {
    /// Nothing: no fallback was offered.
    Nothing,
    /// The fallback had not begun, and is dropped.
    InTime,
    /// The recipient got, or gets, the message twice.
    Twice,
}

/// A message has arrived. A fallback of it that has not begun is dropped; one that has is a conflict, noted once.
pub(super) async fn arrived(tx: &mut PgConnection, attempt: AttemptRef) -> Result<Late, sqlx::Error> {
    let fallback = sqlx::query_scalar!(
        r#"UPDATE fallbacks SET late_at = now(), next_try_at = NULL,
                                reason = CASE WHEN fallback IS NULL THEN coalesce(reason, 'arrived') END
           WHERE attempt_id = $1 AND late_at IS NULL RETURNING fallback IS NOT NULL AS "fallback!""#,
        attempt.attempt_id,
    )
    .fetch_optional(tx)
    .await?;
    Ok(match fallback {
        None => Late::Nothing,
        Some(false) => Late::InTime,
        Some(true) => Late::Twice,
    })
}

/// Leases at most `limit` due fallbacks. Other workers do not see them for `hold`. Those whose time is over end.
pub(crate) async fn take(pool: &PgPool, limit: i64, hold: Duration) -> Result<Vec<Due>, sqlx::Error> {
    sqlx::query!(
        "UPDATE fallbacks SET next_try_at = NULL, reason = 'too_late'
         WHERE next_try_at IS NOT NULL AND until <= now()"
    )
    .execute(pool)
    .await?;
    let rows = sqlx::query!(
        r#"WITH due AS (
               SELECT attempt_id FROM fallbacks WHERE next_try_at <= now()
               ORDER BY next_try_at LIMIT $1 FOR UPDATE SKIP LOCKED
           ), taken AS (
               UPDATE fallbacks f SET next_try_at = now() + make_interval(secs => $2) FROM due
               WHERE f.attempt_id = due.attempt_id RETURNING f.*
           )
           SELECT t.attempt_id, t.message_id, t.kind, coalesce(m.slot, t.kind) AS "slot!", t.code, a.user_id AS "user_id!", a.phone_e164 AS "phone_e164!",
                  a.lane AS "lane!", a.language AS "language!", a.traceparent,
                  (SELECT u.time_zone FROM users u WHERE u.user_id = a.user_id) AS time_zone
           FROM taken t JOIN all_attempts a ON a.message_id = t.message_id AND a.attempt_id = t.attempt_id
           LEFT JOIN messages m ON m.message_id = t.message_id"#,
        limit,
        hold.as_secs_f64(),
    )
    .fetch_all(pool)
    .await?;
    let due = rows.into_iter().map(|row| {
        let heap = if row.kind == "welcome" { Heap::Welcomes } else { Heap::Messages };
        Due {
            first: AttemptRef { heap, message_id: row.message_id, attempt_id: row.attempt_id },
            user_id: row.user_id,
            phone_e164: row.phone_e164,
            kind: row.kind,
            slot: row.slot,
            lane: row.lane,
            language: row.language,
            code: row.code,
            traceparent: row.traceparent,
            time_zone: row.time_zone,
        }
    });
    Ok(due.collect())
}

/// Has a fallback wait for `again_in`.
pub(crate) async fn postpone(
    pool: &PgPool,
    attempt: AttemptRef,
    again_in: Duration,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE fallbacks SET next_try_at = now() + make_interval(secs => $2)
         WHERE attempt_id = $1 AND next_try_at IS NOT NULL",
        attempt.attempt_id,
        again_in.as_secs_f64(),
    )
    .execute(pool)
    .await
    .map(drop)
}

/// Ends a fallback without an attempt.
pub(crate) async fn end(pool: &PgPool, attempt: AttemptRef, reason: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE fallbacks SET next_try_at = NULL, reason = $2 WHERE attempt_id = $1 AND next_try_at IS NOT NULL",
        attempt.attempt_id,
        reason,
    )
    .execute(pool)
    .await
    .map(drop)
}
