//! Attempts whose outcome is not known.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{
    attempts::{AttemptRef, Heap, on_heap},
    callbacks::{self, Callback, Concerned},
    number,
    reported::{self, Meanings, Reported},
};
use crate::twilio::{MessageRecord, MessageSid, MessageStatus};

/// An attempt that Twilio is to be asked about.
pub(crate) struct UnknownAttempt {
    pub(crate) attempt: AttemptRef,
    pub(crate) channel: String,
    pub(crate) user_id: String,
    pub(crate) phone_e164: String,
    /// None: a template, whose text only Twilio knows.
    pub(crate) text_sha256: Option<Vec<u8>>,
    pub(crate) claimed_at: DateTime<Utc>,
    /// Checks that were made.
    pub(crate) checks: i16,
}

/// A `UnknownAttempt` as it is stored.
struct DueRow {
    message_id: Uuid,
    attempt_id: Uuid,
    channel: String,
    user_id: String,
    phone_e164: String,
    text_sha256: Option<Vec<u8>>,
    claimed_at: DateTime<Utc>,
    checks: i16,
}

impl DueRow {
    fn in_heap(self, heap: Heap) -> UnknownAttempt {
        UnknownAttempt {
            attempt: AttemptRef { heap, message_id: self.message_id, attempt_id: self.attempt_id },
            channel: self.channel,
            user_id: self.user_id,
            phone_e164: self.phone_e164,
            text_sha256: self.text_sha256,
            claimed_at: self.claimed_at,
            checks: self.checks,
        }
    }
}

/// Leases at most `limit` attempts of a heap whose check is due. Other workers do not see them for `hold`.
pub(crate) async fn take(
    pool: &PgPool,
    heap: Heap,
    hold: Duration,
    limit: i64,
) -> Result<Vec<UnknownAttempt>, sqlx::Error> {
    let rows = on_heap!(
        heap,
        query_as![DueRow:
            "WITH due AS (
                 SELECT message_id, attempt_id FROM ", "
                 WHERE outcome = 'unknown' AND next_check_at <= now() AND parked_at IS NULL
                 ORDER BY next_check_at LIMIT $2 FOR UPDATE SKIP LOCKED
             )
             UPDATE ", r#" a SET next_check_at = now() + make_interval(secs => $1) FROM due d
             WHERE a.message_id = d.message_id AND a.attempt_id = d.attempt_id
             RETURNING a.message_id AS "message_id!", a.attempt_id AS "attempt_id!", a.channel AS "channel!",
                       a.user_id AS "user_id!",
                       a.phone_e164 AS "phone_e164!", CASE WHEN a.content_sid IS NULL THEN a.body_sha256 END AS text_sha256, a.claimed_at AS "claimed_at!",
                       a.checks AS "checks!""#
        ](hold.as_secs_f64(), limit),
        fetch_all(pool)
    )?;
    Ok(rows.into_iter().map(|row| row.in_heap(heap)).collect())
}

/// Unknown outcomes, as of a moment on the database's clock.
pub(crate) struct Unsettled {
    pub(crate) attempts: Vec<UnknownAttempt>,
    pub(crate) as_of: DateTime<Utc>,
}

/// Every attempt whose outcome is unknown and that was claimed from `since` to before `until`, oldest first.
pub(crate) async fn claimed_between(
    pool: &PgPool,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Unsettled, sqlx::Error> {
    let as_of = sqlx::query_scalar!(r#"SELECT now() AS "now!""#).fetch_one(pool).await?;
    let mut attempts = Vec::new();
    for heap in Heap::ALL {
        let rows = on_heap!(
            heap,
            query_as![DueRow:
                r#"SELECT message_id AS "message_id!", attempt_id AS "attempt_id!", channel AS "channel!",
                          user_id AS "user_id!", phone_e164 AS "phone_e164!", CASE WHEN content_sid IS NULL THEN body_sha256 END AS text_sha256, claimed_at AS "claimed_at!",
                          checks AS "checks!" FROM "#, "
                   WHERE (next_check_at IS NOT NULL OR parked_at IS NOT NULL) AND outcome = 'unknown' AND blocks
                     AND claimed_at >= $1 AND claimed_at < $2"
            ](since, until),
            fetch_all(pool)
        )?;
        attempts.extend(rows.into_iter().map(|row| row.in_heap(heap)));
    }
    attempts.sort_by_key(|attempt| (attempt.claimed_at, attempt.attempt.attempt_id));
    Ok(Unsettled { attempts, as_of })
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
           SELECT sid FROM attempts WHERE phone_e164 = $1 AND NOT blocks AND sid = ANY($2)
           UNION ALL
           SELECT message_sid FROM message_attempts WHERE phone_e164 = $1 AND message_sid = ANY($2)"#,
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
    /// The message `sid`, as Twilio reports it. A message whose status cannot be read counts as accepted.
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

/// An attempt whose message was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Adopted {
    /// The template of the message, and the code that speaks of it.
    pub(crate) faulty_template: Option<(String, i32)>,
}

/// An adopted attempt, or a callback that named only its SID.
struct AdoptedRow {
    blocks: Option<bool>,
    phone: String,
    channel: String,
    content_sid: Option<String>,
    status: Option<String>,
    error_code: Option<i32>,
}

/// Ties a message that was found at Twilio to its attempt, and to it the callbacks that named only the SID. What follows from
/// its status follows as after a callback. If the attempt had let go meanwhile, it blocks again. None: a definite answer came
/// first, or the message became another attempt's.
pub(crate) async fn adopt(
    tx: &mut PgConnection,
    attempt: AttemptRef,
    adoption: &Adoption,
    meanings: &dyn Meanings,
) -> Result<Option<Adopted>, sqlx::Error> {
    // Each index of numbers is asked once.
    let rows = on_heap!(
        attempt.heap,
        query_as![AdoptedRow:
            "WITH adopted AS (
                 UPDATE ",
            r#" a SET outcome = 'accepted', message_sid = $3, status = $4, status_rank = $5,
                     error_code = $6, next_check_at = NULL, parked_at = NULL, updated_at = now()
                 WHERE a.message_id = $1 AND a.attempt_id = $2 AND a.outcome = 'unknown' AND a.status_rank < $5
                   AND NOT EXISTS (SELECT FROM attempts o WHERE o.phone_e164 = a.phone_e164 AND o.blocks AND o.sid = $3)
                   AND NOT EXISTS (SELECT FROM attempts o WHERE o.phone_e164 = a.phone_e164 AND NOT o.blocks AND o.sid = $3)
                   AND NOT EXISTS (SELECT FROM message_attempts o
                                   WHERE o.phone_e164 = a.phone_e164 AND o.message_sid = $3)
                 RETURNING a.attempt_id, a.blocks, a.phone_e164, a.channel, a.content_sid
             ), named AS (
                 UPDATE status_callbacks c SET matched = true, message_id = d.attempt_id FROM adopted d WHERE c.sid = $3
                 RETURNING c.status, c.error_code, d.phone_e164, d.channel, d.content_sid
             )
             SELECT blocks, phone_e164 AS "phone!", channel AS "channel!", content_sid, NULL AS status,
                    NULL::int AS error_code FROM adopted
             UNION ALL
             SELECT NULL, phone_e164, channel, content_sid, status, error_code FROM named"#
        ](
            attempt.message_id,
            attempt.attempt_id,
            adoption.sid,
            adoption.status,
            adoption.rank,
            adoption.error_code,
        ),
        fetch_all(&mut *tx)
    )?;
    let Some(found) = rows.iter().find(|row| row.blocks.is_some()) else { return Ok(None) };
    let report = Reported {
        attempt,
        phone: &found.phone,
        channel: &found.channel,
        status: &adoption.status,
        error_code: adoption.error_code,
        had_let_go: found.blocks == Some(false),
    };
    let mut faulty = reported::follow(tx, &report, meanings).await?.template.then_some(adoption.error_code);
    for row in &rows {
        let Some(status) = &row.status else { continue };
        let callback = Callback::early(adoption.sid.clone(), status.clone(), row.error_code);
        let concerned = Concerned { attempt, phone: &row.phone, channel: &row.channel };
        let (_, followed) = callbacks::apply(tx, &concerned, &callback, meanings).await?;
        faulty = faulty.or(followed.template.then_some(row.error_code));
    }
    let faulty_template = found.content_sid.clone().zip(faulty.flatten());
    Ok(Some(Adopted { faulty_template }))
}

/// Notes a check that found nothing; the next one is `next` after the claim. An attempt that got a definite answer
/// meanwhile needs none.
pub(crate) async fn missed(pool: &PgPool, attempt: AttemptRef, next: Duration) -> Result<(), sqlx::Error> {
    on_heap!(
        attempt.heap,
        query![
            "UPDATE ", " SET checks = checks + 1, next_check_at = claimed_at + make_interval(secs => $3), updated_at = now()
             WHERE message_id = $1 AND attempt_id = $2 AND outcome = 'unknown'"
        ](attempt.message_id, attempt.attempt_id, next.as_secs_f64()),
        execute(pool)
    )
    .map(drop)
}

/// Marks an attempt as needing review, unless it got a definite answer meanwhile.
pub(crate) async fn park(pool: &PgPool, attempt: AttemptRef) -> Result<(), sqlx::Error> {
    on_heap!(
        attempt.heap,
        query![
            "UPDATE ",
            " SET checks = checks + 1, next_check_at = NULL, parked_at = now(), updated_at = now()
             WHERE message_id = $1 AND attempt_id = $2 AND outcome = 'unknown'"
        ](attempt.message_id, attempt.attempt_id),
        execute(pool)
    )
    .map(drop)
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

/// Frees the number of a welcome for one more attempt: once per number, whatever became of that attempt and whose it was.
pub(crate) async fn free_once(pool: &PgPool, message_id: Uuid) -> Result<Freed, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let user = sqlx::query_scalar!(
        // A worker of the previous release leaves no mark, but a freed unknown attempt that no operator reopened. The
        // one that blocks the number may have been freed once and blocked it again: that one is accepted, not unknown.
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
