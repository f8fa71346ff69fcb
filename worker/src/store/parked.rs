//! Unknown outcomes that are left to a person, and what she decides.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use super::{
    audit::{self, Deed},
    unknown,
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
    Adopt { sid: String, status: String, rank: i16 },
    /// It went out; the SID is not known.
    MarkSent,
    /// It did not go out: one more attempt.
    Reopen,
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

/// Carries out a decision. False: a definite answer or callback came first, and wins.
pub(crate) async fn decide(
    pool: &PgPool,
    attempt: &Open,
    decision: &Decision,
    actor: &str,
    reason: &str,
) -> Result<bool, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let id = attempt.message_id;
    let changed = match decision {
        Decision::Adopt { sid, status, rank } => {
            u64::from(unknown::adopt(&mut *tx, id, sid, status, *rank, None).await?)
        }
        Decision::MarkSent => sqlx::query!(
            "UPDATE attempts SET outcome = 'accepted', twilio_status = 'sent', status_rank = 3,
                                 next_check_at = NULL, parked_at = NULL, updated_at = now()
             WHERE message_id = $1 AND outcome = 'unknown'",
            id,
        )
        .execute(&mut *tx)
        .await?
        .rows_affected(),
        Decision::Reopen => sqlx::query!(
            "WITH freed AS (
                 UPDATE attempts SET blocks = false, reopened_at = now(), next_check_at = NULL, updated_at = now()
                 WHERE message_id = $1 AND outcome = 'unknown' AND blocks RETURNING user_id, message_id)
             UPDATE users u SET state = 'received', reason = NULL, next_attempt_at = now(), updated_at = now()
             FROM freed f WHERE u.user_id = f.user_id AND u.attempt_id = f.message_id",
            id,
        )
        .execute(&mut *tx)
        .await?
        .rows_affected(),
    };
    let done = changed == 1;
    if done {
        let action = match decision {
            Decision::Adopt { .. } => "unknown adopt",
            Decision::MarkSent => "unknown mark-sent",
            Decision::Reopen => "unknown reopen",
        };
        audit::note(&mut tx, &Deed { actor, action, subject: &id.to_string(), reason }).await?;
    }
    tx.commit().await?;
    Ok(done)
}
