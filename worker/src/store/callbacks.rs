//! Status callbacks: kept as they came, applied upwards only.

use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::number;

/// One verified status callback.
pub(crate) struct Callback {
    pub(crate) sid: String,
    /// The number that the message went to, as Twilio writes it.
    pub(crate) to: String,
    pub(crate) status: String,
    pub(crate) rank: i16,
    /// Our own id, from the query of the callback's URL.
    pub(crate) message_id: Option<Uuid>,
    pub(crate) error_code: Option<i32>,
}

impl Callback {
    /// One that came before its SID was known.
    pub(super) fn early(sid: String, status: String, error_code: Option<i32>) -> Self {
        let rank = i16::from(crate::twilio::MessageStatus::parse(&status).rank());
        Self { sid, to: String::new(), status, rank, message_id: None, error_code }
    }
}

/// What a stored callback changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Effect {
    /// Its attempt was moved on; seconds from the claim to now.
    Applied {
        /// Seconds since the claim.
        age: f64,
    },
    /// Its attempt knew it, or more, already.
    Stale,
    /// No attempt of that id or SID; kept, for the create response may still be on its way.
    Unmatched,
}

/// A callback that was stored.
pub(crate) struct Taken {
    pub(crate) effect: Effect,
    /// The trace context under which the call was made.
    pub(crate) traceparent: Option<String>,
}

/// Stores a callback and applies it, in one transaction. Any order and any repetition end the same.
pub(crate) async fn take(pool: &PgPool, callback: &Callback, suppress: bool) -> Result<Taken, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let attempt = sqlx::query!(
        // The number by itself, once for each of its two indexes. An attempt that has the SID goes before one of the
        // callback's id that has none yet: a message belongs to one.
        r#"SELECT message_id, traceparent FROM attempts
           WHERE (message_id = $1 AND (sid IS NULL OR sid = $2))
              OR (phone_e164 = $3 AND blocks AND sid = $2) OR (phone_e164 = $3 AND NOT blocks AND sid = $2)
           ORDER BY sid NULLS LAST LIMIT 1 FOR UPDATE"#,
        callback.message_id,
        callback.sid,
        callback.to,
    )
    .fetch_optional(&mut *tx)
    .await?;
    sqlx::query!(
        "INSERT INTO status_callbacks (sid, status, message_id, error_code, matched) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (sid, status) DO UPDATE SET
             matched = status_callbacks.matched OR EXCLUDED.matched,
             message_id = CASE WHEN EXCLUDED.matched THEN EXCLUDED.message_id ELSE status_callbacks.message_id END",
        callback.sid,
        callback.status,
        attempt.as_ref().map(|a| a.message_id).or(callback.message_id),
        callback.error_code,
        attempt.is_some(),
    )
    .execute(&mut *tx)
    .await?;
    let effect = match &attempt {
        None => Effect::Unmatched,
        Some(attempt) => {
            if suppress {
                suppress_number(&mut tx, attempt.message_id).await?;
            }
            apply(&mut tx, attempt.message_id, callback).await?
        }
    };
    tx.commit().await?;
    Ok(Taken { effect, traceparent: attempt.and_then(|a| a.traceparent) })
}

/// A callback proves the message exists: `sending` and `unknown` become accepted, parked or not. If the number was
/// freed meanwhile, it is blocked again.
pub(super) async fn apply(
    tx: &mut PgConnection,
    message_id: Uuid,
    callback: &Callback,
) -> Result<Effect, sqlx::Error> {
    let applied = sqlx::query!(
        r#"UPDATE attempts SET
               outcome = 'accepted', sid = coalesce(sid, $2), next_check_at = NULL, parked_at = NULL,
               twilio_status = $3, status_rank = $4, error_code = coalesce($5, error_code), updated_at = now()
           WHERE message_id = $1 AND status_rank < $4 AND outcome IN ('sending', 'unknown', 'accepted')
           RETURNING blocks, extract(epoch FROM now() - claimed_at)::float8 AS "age!""#,
        message_id,
        callback.sid,
        callback.status,
        callback.rank,
        callback.error_code,
    )
    .fetch_optional(&mut *tx)
    .await?;
    let Some(applied) = applied else { return Ok(Effect::Stale) };
    if !applied.blocks {
        number::reclaim(tx, message_id).await?;
    }
    Ok(Effect::Applied { age: applied.age })
}

async fn suppress_number(tx: &mut PgConnection, message_id: Uuid) -> Result<(), sqlx::Error> {
    // No row: the number is suppressed already.
    sqlx::query!(
        "INSERT INTO suppressions (phone_e164, source, actor, reason)
         SELECT phone_e164, 'twilio', 'webhook', 'reported as opted out' FROM attempts WHERE message_id = $1
         ON CONFLICT DO NOTHING",
        message_id,
    )
    .execute(tx)
    .await?;
    Ok(())
}
