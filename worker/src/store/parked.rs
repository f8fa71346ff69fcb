//! Unknown outcomes that are left to a person, and what she decides.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{
    audit::{self, Deed},
    number,
    unknown::{self, Adoption},
};

/// An attempt whose outcome nobody knows.
pub(crate) struct Open {
    pub(crate) message_id: Uuid,
    pub(crate) user_id: String,
    pub(crate) phone_e164: String,
    pub(crate) claimed_at: DateTime<Utc>,
    pub(crate) checks: i16,
    pub(crate) parked_at: Option<DateTime<Utc>>,
}

/// A person's verdict on an unknown outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision {
    /// It is this message.
    Adopt(Adoption),
    /// It went out; the SID is not known.
    MarkSent,
    /// It did not go out: one more attempt.
    Reopen,
}

/// What a decision changed.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    /// It was carried out.
    Yes,
    /// The number is free again. The attempt's user has another number or attempt by now, so nothing is sent to them.
    NumberFreed,
    /// An earlier message to the number proved sent meanwhile: nothing more is sent to it.
    ProvedSent,
    /// Nothing was changed: a definite answer or another decision came first, and wins.
    AnsweredFirst,
}

/// Every unknown outcome, oldest first.
pub(crate) async fn list(pool: &PgPool) -> Result<Vec<Open>, sqlx::Error> {
    sqlx::query_as!(
        Open,
        "SELECT message_id, user_id, phone_e164, claimed_at, checks, parked_at FROM attempts
         WHERE (next_check_at IS NOT NULL OR parked_at IS NOT NULL) AND outcome = 'unknown' AND blocks
         ORDER BY claimed_at",
    )
    .fetch_all(pool)
    .await
}

/// The unknown attempt of that id, if it still is unknown.
pub(crate) async fn find(pool: &PgPool, message_id: Uuid) -> Result<Option<Open>, sqlx::Error> {
    sqlx::query_as!(
        Open,
        "SELECT message_id, user_id, phone_e164, claimed_at, checks, parked_at FROM attempts
         WHERE message_id = $1 AND outcome = 'unknown' AND blocks",
        message_id,
    )
    .fetch_optional(pool)
    .await
}

/// Carries out a decision, and notes it in the audit log.
pub(crate) async fn decide(
    pool: &PgPool,
    attempt: &Open,
    decision: &Decision,
    actor: &str,
    reason: &str,
) -> Result<Settled, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let id = attempt.message_id;
    let settled = match decision {
        Decision::Adopt(adoption) => done(unknown::adopt(&mut tx, id, adoption).await?),
        Decision::MarkSent => done(mark_sent(&mut tx, id).await?),
        Decision::Reopen => reopen(&mut tx, id).await?,
    };
    if settled != Settled::AnsweredFirst {
        let action = match decision {
            Decision::Adopt(_) => "unknown adopt",
            Decision::MarkSent => "unknown mark-sent",
            Decision::Reopen => "unknown reopen",
        };
        audit::note(&mut tx, &Deed { actor, action, subject: &id.to_string(), reason }).await?;
    }
    tx.commit().await?;
    Ok(settled)
}

fn done(changed: bool) -> Settled {
    if changed { Settled::Yes } else { Settled::AnsweredFirst }
}

async fn mark_sent(tx: &mut PgConnection, id: Uuid) -> Result<bool, sqlx::Error> {
    let blocks = sqlx::query_scalar!(
        "UPDATE attempts SET outcome = 'accepted', twilio_status = 'sent', status_rank = 3,
                             next_check_at = NULL, parked_at = NULL, updated_at = now()
         WHERE message_id = $1 AND outcome = 'unknown' RETURNING blocks",
        id,
    )
    .fetch_optional(&mut *tx)
    .await?;
    if blocks == Some(false) {
        number::reclaim(tx, id).await?;
    }
    Ok(blocks.is_some())
}

async fn reopen(tx: &mut PgConnection, id: Uuid) -> Result<Settled, sqlx::Error> {
    let freed = sqlx::query_scalar!(
        "UPDATE attempts SET blocks = false, reopened_at = now(), next_check_at = NULL, updated_at = now()
         WHERE message_id = $1 AND outcome = 'unknown' AND blocks RETURNING user_id",
        id,
    )
    .fetch_optional(&mut *tx)
    .await?;
    let Some(user) = freed else { return Ok(Settled::AnsweredFirst) };
    let reopened = sqlx::query!(
        "UPDATE users SET state = 'received', reason = NULL, next_attempt_at = now(), updated_at = now()
         WHERE user_id = $1 AND attempt_id = $2",
        user,
        id,
    )
    .execute(&mut *tx)
    .await?
    .rows_affected();
    let proved_sent = !number::released(tx, &[id]).await?.is_empty();
    Ok(match (proved_sent, reopened) {
        (true, _) => Settled::ProvedSent,
        (false, 1) => Settled::Yes,
        (false, _) => Settled::NumberFreed,
    })
}
