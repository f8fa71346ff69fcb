//! Attempts whose outcome is not known.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::number;
use crate::twilio::{MessageRecord, MessageSid, MessageStatus};

/// An attempt that Twilio is to be asked about.
pub(crate) struct Doubt {
    pub(crate) message_id: Uuid,
    pub(crate) user_id: String,
    pub(crate) phone_e164: String,
    pub(crate) body_sha256: Vec<u8>,
    pub(crate) claimed_at: DateTime<Utc>,
    /// Checks that were made.
    pub(crate) checks: i16,
}

/// Takes up to `limit` attempts whose check is due, out of reach of other workers for `hold`.
pub(crate) async fn take(pool: &PgPool, hold: Duration, limit: i64) -> Result<Vec<Doubt>, sqlx::Error> {
    sqlx::query_as!(
        Doubt,
        "UPDATE attempts SET next_check_at = now() + make_interval(secs => $1)
         WHERE message_id IN (
             SELECT message_id FROM attempts
             WHERE outcome = 'unknown' AND next_check_at <= now() AND parked_at IS NULL
             ORDER BY next_check_at LIMIT $2 FOR UPDATE SKIP LOCKED)
         RETURNING message_id, user_id, phone_e164, body_sha256, claimed_at, checks",
        hold.as_secs_f64(),
        limit,
    )
    .fetch_all(pool)
    .await
}

/// Unknown outcomes, as of a moment on the database's clock.
pub(crate) struct Unsettled {
    pub(crate) doubts: Vec<Doubt>,
    pub(crate) as_of: DateTime<Utc>,
}

/// Every attempt whose outcome is unknown and that was claimed from `since` to before `until`, oldest first.
pub(crate) async fn claimed_between(
    pool: &PgPool,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Unsettled, sqlx::Error> {
    let as_of = sqlx::query_scalar!(r#"SELECT now() AS "now!""#).fetch_one(pool).await?;
    let doubts = sqlx::query_as!(
        Doubt,
        "SELECT message_id, user_id, phone_e164, body_sha256, claimed_at, checks FROM attempts
         WHERE (next_check_at IS NOT NULL OR parked_at IS NOT NULL) AND outcome = 'unknown' AND blocks
           AND claimed_at >= $1 AND claimed_at < $2
         ORDER BY claimed_at, message_id",
        since,
        until,
    )
    .fetch_all(pool)
    .await?;
    Ok(Unsettled { doubts, as_of })
}

/// Which of these SIDs, of messages to the number `phone` in E.164, belong to attempts already.
pub(crate) async fn taken_sids(
    pool: &PgPool,
    phone: &str,
    sids: &[String],
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT sid AS "sid!" FROM attempts WHERE phone_e164 = $1 AND blocks AND sid = ANY($2)
           UNION ALL
           SELECT sid FROM attempts WHERE phone_e164 = $1 AND NOT blocks AND sid = ANY($2)"#,
        phone,
        sids,
    )
    .fetch_all(pool)
    .await
}

/// A message at Twilio that is taken for the one of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Adoption {
    pub(crate) sid: String,
    pub(crate) status: String,
    pub(crate) rank: i16,
    /// Why Twilio did not deliver it.
    pub(crate) error_code: Option<i32>,
}

impl Adoption {
    /// The message `sid`, as Twilio tells of it. One whose status cannot be read was accepted all the same.
    pub(crate) fn new(sid: &MessageSid, record: &MessageRecord) -> Self {
        let status = record.status.clone().unwrap_or_else(|| MessageStatus::parse("accepted"));
        Self {
            sid: sid.to_string(),
            rank: i16::from(status.rank()),
            status: status.as_str().to_owned(),
            error_code: record.error_code.and_then(|code| i32::try_from(code).ok()),
        }
    }
}

/// Ties a message that was found at Twilio to its attempt, and to it the callbacks that named only the SID. If the
/// number was freed meanwhile, it is blocked again. False: a definite answer came first, or the message became another
/// attempt's; that is asked once for each of the two indexes of numbers.
pub(crate) async fn adopt(
    tx: &mut PgConnection,
    message_id: Uuid,
    adoption: &Adoption,
) -> Result<bool, sqlx::Error> {
    let blocks = sqlx::query_scalar!(
        r#"WITH adopted AS (
               UPDATE attempts a SET outcome = 'accepted', sid = $2, twilio_status = $3, status_rank = $4,
                   error_code = $5, next_check_at = NULL, parked_at = NULL, updated_at = now()
               WHERE a.message_id = $1 AND a.outcome = 'unknown' AND a.status_rank < $4
                 AND NOT EXISTS (SELECT FROM attempts o WHERE o.phone_e164 = a.phone_e164 AND o.blocks AND o.sid = $2)
                 AND NOT EXISTS (SELECT FROM attempts o WHERE o.phone_e164 = a.phone_e164 AND NOT o.blocks AND o.sid = $2)
               RETURNING a.message_id, a.blocks
           ), named AS (
               UPDATE status_callbacks c SET matched = true, message_id = d.message_id FROM adopted d WHERE c.sid = $2
           )
           SELECT blocks FROM adopted"#,
        message_id,
        adoption.sid,
        adoption.status,
        adoption.rank,
        adoption.error_code,
    )
    .fetch_optional(&mut *tx)
    .await?;
    if blocks == Some(false) {
        number::reclaim(tx, message_id).await?;
    }
    Ok(blocks.is_some())
}

/// Notes a check that found nothing; the next one is `next` after the claim. An attempt that got a definite answer
/// meanwhile needs none.
pub(crate) async fn missed(pool: &PgPool, message_id: Uuid, next: Duration) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE attempts SET checks = checks + 1, next_check_at = claimed_at + make_interval(secs => $2),
                             updated_at = now()
         WHERE message_id = $1 AND outcome = 'unknown'",
        message_id,
        next.as_secs_f64(),
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Leaves an attempt to a person, unless it got a definite answer meanwhile.
pub(crate) async fn park(pool: &PgPool, message_id: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE attempts SET checks = checks + 1, next_check_at = NULL, parked_at = now(), updated_at = now()
         WHERE message_id = $1 AND outcome = 'unknown'",
        message_id,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// What became of a number that was to be freed.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freed {
    /// It is free for one more attempt.
    Yes,
    /// An earlier message to it proved sent meanwhile: nothing more is sent to it.
    ProvedSent,
    /// It was freed so before, or a definite answer came first.
    No,
}

/// Frees the number for one more attempt: once per number, whatever became of that attempt and whose it was.
pub(crate) async fn free_once(pool: &PgPool, message_id: Uuid) -> Result<Freed, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let user = sqlx::query_scalar!(
        // A worker of a release before leaves no mark, but a freed unknown attempt that no person reopened. The one
        // that blocks the number may have been freed once and blocked it again: that one is accepted, not unknown.
        "UPDATE attempts a SET blocks = false, resent_at = now(), next_check_at = NULL, updated_at = now()
         WHERE a.message_id = $1 AND a.outcome = 'unknown' AND a.blocks AND a.resent_at IS NULL AND NOT EXISTS (
             SELECT FROM attempts b WHERE b.phone_e164 = a.phone_e164 AND NOT b.blocks
                AND (b.resent_at IS NOT NULL OR b.outcome = 'unknown' AND b.reopened_at IS NULL))
         RETURNING a.user_id",
        message_id,
    )
    .fetch_optional(&mut *tx)
    .await?;
    let Some(user) = user else { return Ok(Freed::No) };
    // No row: the user has another number by now.
    sqlx::query!(
        "UPDATE users SET state = 'received', reason = NULL, next_attempt_at = now(), updated_at = now()
         WHERE user_id = $1 AND attempt_id = $2",
        user,
        message_id,
    )
    .execute(&mut *tx)
    .await?;
    let proved_sent = !number::released(&mut tx, &[message_id]).await?.is_empty();
    tx.commit().await?;
    Ok(if proved_sent { Freed::ProvedSent } else { Freed::Yes })
}
