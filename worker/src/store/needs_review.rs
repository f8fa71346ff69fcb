//! Unknown outcomes that need review, and the operators' decisions on them.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{
    attempts::{AttemptRef, Heap, on_heap},
    audit::{self, NewEntry},
    contents,
    messages::{self, Reopened},
    number,
    reported::Meanings,
    take_back::take_back,
    unknown::{self, Adopted, Adoption},
};

/// An attempt with an unknown outcome.
pub(crate) struct ReviewItem {
    pub(crate) attempt: AttemptRef,
    pub(crate) channel: String,
    pub(crate) user_id: String,
    pub(crate) phone_e164: String,
    pub(crate) claimed_at: DateTime<Utc>,
    pub(crate) checks: i16,
    pub(crate) parked_at: Option<DateTime<Utc>>,
}

/// An operator's decision on an unknown outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReviewDecision {
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
pub(crate) enum ReviewResult {
    /// It was carried out.
    Yes,
    /// The number is free again. The attempt's user has another number or attempt by now, so nothing is sent to them.
    NumberFreed,
    /// The message's time is over, so it is skipped.
    TooLate,
    /// An earlier message to the number proved sent meanwhile: nothing more is sent to it.
    ProvedSent,
    /// Nothing was changed: a definite answer or another decision came first, and wins.
    AnsweredFirst,
}

/// A stored `ReviewItem`.
struct ReviewRow {
    kind: String,
    message_id: Uuid,
    attempt_id: Uuid,
    channel: String,
    user_id: String,
    phone_e164: String,
    claimed_at: DateTime<Utc>,
    checks: i16,
    parked_at: Option<DateTime<Utc>>,
}

impl From<ReviewRow> for ReviewItem {
    fn from(row: ReviewRow) -> Self {
        let heap = if row.kind == "welcome" { Heap::Welcomes } else { Heap::Messages };
        Self {
            attempt: AttemptRef { heap, message_id: row.message_id, attempt_id: row.attempt_id },
            channel: row.channel,
            user_id: row.user_id,
            phone_e164: row.phone_e164,
            claimed_at: row.claimed_at,
            checks: row.checks,
            parked_at: row.parked_at,
        }
    }
}

/// Every unknown outcome, oldest first.
pub(crate) async fn list(pool: &PgPool) -> Result<Vec<ReviewItem>, sqlx::Error> {
    let rows = sqlx::query_as!(
        ReviewRow,
        r#"SELECT kind AS "kind!", message_id AS "message_id!", attempt_id AS "attempt_id!", channel AS "channel!",
                  user_id AS "user_id!",
                  phone_e164 AS "phone_e164!", claimed_at AS "claimed_at!", checks AS "checks!", parked_at
           FROM all_attempts
           WHERE (next_check_at IS NOT NULL OR parked_at IS NOT NULL) AND outcome = 'unknown' AND blocks
           ORDER BY claimed_at"#,
    );
    Ok(rows.fetch_all(pool).await?.into_iter().map(ReviewItem::from).collect())
}

/// The unknown attempt of that id, if it still is unknown.
pub(crate) async fn find(pool: &PgPool, attempt_id: Uuid) -> Result<Option<ReviewItem>, sqlx::Error> {
    // Of the other kinds, each month has an index of the few rows that are to be checked or were parked, and no other by
    // which the id of an attempt alone is found.
    let row = sqlx::query_as!(
        ReviewRow,
        r#"SELECT kind AS "kind!", message_id AS "message_id!", attempt_id AS "attempt_id!", channel AS "channel!",
                  user_id AS "user_id!",
                  phone_e164 AS "phone_e164!", claimed_at AS "claimed_at!", checks AS "checks!", parked_at
           FROM welcome_attempts WHERE attempt_id = $1 AND outcome = 'unknown' AND blocks
           UNION ALL
           SELECT kind, message_id, attempt_id, channel, user_id, phone_e164, claimed_at, checks, parked_at
           FROM message_attempts
           WHERE attempt_id = $1 AND (next_check_at IS NOT NULL OR parked_at IS NOT NULL) AND outcome = 'unknown'
             AND blocks"#,
        attempt_id,
    );
    Ok(row.fetch_optional(pool).await?.map(ReviewItem::from))
}

/// Carries out a decision, and notes it in the audit log. A message that is adopted may have failed: what follows from that is
/// what `meanings` says.
pub(crate) async fn decide(
    pool: &PgPool,
    attempt: &ReviewItem,
    decision: &ReviewDecision,
    (actor, reason): (&str, &str),
    meanings: &dyn Meanings,
) -> Result<ReviewResult, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let id = attempt.attempt;
    let mut adopted = None;
    let settled = match decision {
        ReviewDecision::Adopt(adoption) => {
            adopted = unknown::adopt(&mut tx, id, adoption, meanings).await?;
            done(adopted.is_some())
        }
        ReviewDecision::MarkSent => done(mark_sent(&mut tx, id).await?),
        ReviewDecision::Reopen => reopen(&mut tx, id).await?,
    };
    if settled != ReviewResult::AnsweredFirst {
        let action = match decision {
            ReviewDecision::Adopt(_) => "unknown adopt",
            ReviewDecision::MarkSent => "unknown mark-sent",
            ReviewDecision::Reopen => "unknown reopen",
        };
        audit::note(&mut tx, &NewEntry { actor, action, subject: &id.to_string(), reason }).await?;
    }
    tx.commit().await?;
    if let Some(Adopted { faulty_template: Some((content_sid, code)) }) = adopted
        && let (Ok(content_sid), Ok(code)) = (content_sid.parse(), u32::try_from(code))
    {
        contents::hold(pool, &content_sid, code).await?;
    }
    Ok(settled)
}

fn done(changed: bool) -> ReviewResult {
    if changed { ReviewResult::Yes } else { ReviewResult::AnsweredFirst }
}

async fn mark_sent(tx: &mut PgConnection, attempt: AttemptRef) -> Result<bool, sqlx::Error> {
    let blocks = on_heap!(
        attempt.heap,
        query_scalar![
            "UPDATE ",
            r#" SET outcome = 'accepted', status = 'sent', status_rank = 3,
                               next_check_at = NULL, parked_at = NULL, updated_at = now()
             WHERE message_id = $1 AND attempt_id = $2 AND outcome = 'unknown' RETURNING blocks AS "blocks!""#
        ](attempt.message_id, attempt.attempt_id),
        fetch_optional(&mut *tx)
    )?;
    if blocks == Some(false) {
        take_back(tx, attempt).await?;
    }
    Ok(blocks.is_some())
}

async fn reopen(tx: &mut PgConnection, attempt: AttemptRef) -> Result<ReviewResult, sqlx::Error> {
    let freed = on_heap!(
        attempt.heap,
        query_scalar![
            "UPDATE ",
            r#" SET blocks = false, reopened_at = now(), next_check_at = NULL, updated_at = now()
             WHERE message_id = $1 AND attempt_id = $2 AND outcome = 'unknown' AND blocks
             RETURNING user_id AS "user_id!""#
        ](attempt.message_id, attempt.attempt_id),
        fetch_optional(&mut *tx)
    )?;
    let Some(user) = freed else { return Ok(ReviewResult::AnsweredFirst) };
    match attempt.heap {
        Heap::Welcomes => {
            let reopened = sqlx::query!(
                "UPDATE users SET state = 'received', reason = NULL, next_attempt_at = now(), updated_at = now()
                 WHERE user_id = $1 AND attempt_id = $2",
                user,
                attempt.attempt_id,
            )
            .execute(&mut *tx)
            .await?
            .rows_affected();
            let proved_sent = !number::released(tx, &[attempt.attempt_id]).await?.is_empty();
            Ok(match (proved_sent, reopened) {
                (true, _) => ReviewResult::ProvedSent,
                (false, 1) => ReviewResult::Yes,
                (false, _) => ReviewResult::NumberFreed,
            })
        }
        Heap::Messages => Ok(match messages::reopen(tx, attempt).await? {
            Reopened::Waits => ReviewResult::Yes,
            Reopened::Expired => ReviewResult::TooLate,
            Reopened::Changed => ReviewResult::NumberFreed,
        }),
    }
}
