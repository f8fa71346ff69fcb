//! Messages of every kind but the welcome: content, recipient, time and state. A row waits until its time and is
//! claimed for one attempt. It waits again if that attempt ends without a message for a temporary reason.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use shared::{
    domain::UserState,
    templates::{Content, Language, STAFF_URGENT},
};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{
    attempts::AttemptRef,
    ended::{Ended, UserChange},
};

/// A message that is due.
pub(crate) struct Due {
    /// It was past its expiry, and is skipped now.
    pub(crate) stale: bool,
    pub(crate) message_id: Uuid,
    pub(crate) kind: String,
    pub(crate) channel: String,
    pub(crate) user_id: String,
    pub(crate) phone_e164: String,
    pub(crate) slot: String,
    pub(crate) language: String,
    /// None: rendered from kind, slot and language.
    pub(crate) content: Option<Value>,
    /// A text of staff, sealed under the id of the message. It comes before `content`.
    pub(crate) sealed: Option<Vec<u8>>,
    /// When its slot began.
    pub(crate) since: DateTime<Utc>,
    pub(crate) retries: i32,
    pub(crate) traceparent: Option<String>,
    /// As stored for the user; none: the default one.
    pub(crate) time_zone: Option<String>,
}

/// Leases at most `limit` due messages of a lane, the longest due first. Other workers do not see them for `hold`.
/// Expired messages are skipped as `stale`.
pub(crate) async fn take_due(
    pool: &PgPool,
    lane: &str,
    limit: i64,
    hold: Duration,
) -> Result<Vec<Due>, sqlx::Error> {
    sqlx::query_as!(
        Due,
        r#"WITH due AS (
               SELECT message_id, coalesce(expires_at <= calendar_now(), false) AS stale FROM messages
               WHERE lane = $1 AND next_attempt_at <= calendar_now()
               ORDER BY next_attempt_at LIMIT $2 FOR UPDATE SKIP LOCKED
           ), taken AS (
               UPDATE messages m SET
                   state = CASE WHEN d.stale THEN 'skipped' ELSE 'waiting' END,
                   reason = CASE WHEN d.stale THEN 'stale' ELSE m.reason END,
                   next_attempt_at = CASE WHEN NOT d.stale THEN calendar_now() + make_interval(secs => $3) END,
                   updated_at = now()
               FROM due d WHERE m.message_id = d.message_id
               RETURNING m.*
           )
           SELECT state = 'skipped' AS "stale!", message_id AS "message_id!", kind AS "kind!", channel AS "channel!", user_id AS "user_id!",
                  phone_e164 AS "phone_e164!", slot AS "slot!", language AS "language!", content,
                  (SELECT s.body FROM staff_answers s WHERE s.message_id = taken.message_id) AS sealed, due_at AS "since!",
                  retries AS "retries!", traceparent,
                  (SELECT u.time_zone FROM users u WHERE u.user_id = taken.user_id) AS time_zone
           FROM taken ORDER BY due_at"#,
        lane,
        limit,
        hold.as_secs_f64(),
    )
    .fetch_all(pool)
    .await
}

/// Has a message that was not claimed wait for `again_in`, and no longer than to its expiry. A message that was claimed
/// or skipped meanwhile stays as it is.
pub(crate) async fn postpone(
    pool: &PgPool,
    message_id: Uuid,
    reason: &str,
    again_in: Duration,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE messages SET next_attempt_at = LEAST(calendar_now() + make_interval(secs => $2), expires_at), reason = $3,
                             updated_at = now()
         WHERE message_id = $1 AND state = 'waiting'",
        message_id,
        again_in.as_secs_f64(),
        reason,
    )
    .execute(pool)
    .await
    .map(drop)
}

/// Ends a message that cannot be sent, unless it was claimed meanwhile.
pub(crate) async fn skip(pool: &PgPool, message_id: Uuid, reason: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE messages SET state = 'skipped', reason = $2, next_attempt_at = NULL, updated_at = now()
         WHERE message_id = $1 AND state = 'waiting'",
        message_id,
        reason,
    )
    .execute(pool)
    .await
    .map(drop)
}

/// An answer to a person who wrote to us.
pub(crate) struct NewReply<'a> {
    pub(crate) message_id: Uuid,
    /// The channel of the inbound message.
    pub(crate) channel: &'a str,
    /// Empty: the number belongs to no user.
    pub(crate) user_id: &'a str,
    pub(crate) phone_e164: &'a str,
    pub(crate) slot: &'a str,
    pub(crate) language: Language,
    /// None: the text is that of staff.
    pub(crate) content: Option<&'a Content>,
    /// One answer has it, at most. Of an answer within the window it begins with [`ANSWERS`] and the SID of the inbound message.
    pub(crate) key: &'a str,
    /// The claim is refused from this time on.
    pub(crate) expires_at: DateTime<Utc>,
}

/// An answer with a key that begins so may go to people who want no messages: they asked for it.
pub(crate) const ANSWERS: &str = "inbound:";

/// Stores an answer, which is due now.
pub(crate) async fn reply(tx: &mut PgConnection, reply: &NewReply<'_>) -> Result<(), sqlx::Error> {
    // The key is kept for longer than Twilio can deliver the inbound message again.
    sqlx::query!(
        "INSERT INTO messages (message_id, kind, channel, lane, user_id, phone_e164, slot, language, content, keys,
                               keys_expire_on, due_at, next_attempt_at, expires_at)
         VALUES ($1, 'reply', $2, 'replies', $3, $4, $5, $6, $7, ARRAY[$8::text],
                 (calendar_now() AT TIME ZONE 'Asia/Kathmandu')::date + 400, calendar_now(), calendar_now(), $9)",
        reply.message_id,
        reply.channel,
        reply.user_id,
        reply.phone_e164,
        reply.slot,
        reply.language.as_str(),
        reply.content.and_then(|content| serde_json::to_value(content).ok()),
        reply.key,
        reply.expires_at,
    )
    .execute(tx)
    .await
    .map(drop)
}

/// Stores an SMS that tells staff of an urgent message; it is due now, and stale after an hour.
pub(crate) async fn staff_notice(
    tx: &mut PgConnection,
    phone_e164: &str,
    key: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO messages (message_id, kind, channel, lane, user_id, phone_e164, slot, language, keys, keys_expire_on,
                               due_at, next_attempt_at, expires_at)
         VALUES ($1, 'notice', 'sms', 'replies', '', $2, $3, 'en', ARRAY[$4::text],
                 (calendar_now() AT TIME ZONE 'Asia/Kathmandu')::date + 2, calendar_now(), calendar_now(),
                 calendar_now() + interval '1 hour')",
        Uuid::now_v7(),
        phone_e164,
        STAFF_URGENT,
        key,
    )
    .execute(tx)
    .await
    .map(drop)
}

/// The attempts of these messages ended without a message. A passing cause has them wait again; the cause that lasts
/// longer than `retry_for` is final, and so is a refusal.
pub(super) async fn after_call(
    tx: &mut PgConnection,
    rows: &[(&Ended, &UserChange)],
    retry_for: Duration,
) -> Result<(), sqlx::Error> {
    let messages: Vec<Uuid> = rows.iter().map(|(r, _)| r.attempt.message_id).collect();
    let attempts: Vec<Uuid> = rows.iter().map(|(r, _)| r.attempt.attempt_id).collect();
    let states: Vec<&str> = rows.iter().map(|(_, u)| state(u.state)).collect();
    let reasons: Vec<String> = rows.iter().map(|(_, u)| u.reason.as_str().into_owned()).collect();
    let delays: Vec<f64> =
        rows.iter().map(|(_, u)| u.again_in.map_or(0.0, |delay| delay.as_secs_f64())).collect();
    let counts: Vec<bool> = rows.iter().map(|(_, u)| u.counts).collect();
    let ends: Vec<String> = rows.iter().map(|(_, u)| u.ends_with.as_str().into_owned()).collect();
    sqlx::query!(
        "UPDATE messages m SET
             state = CASE WHEN i.spent THEN 'refused' ELSE i.state END,
             reason = CASE WHEN i.spent THEN i.ends_with ELSE i.reason END,
             next_attempt_at = CASE WHEN i.state = 'waiting' AND NOT i.spent
                                    THEN LEAST(calendar_now() + make_interval(secs => i.delay), m.expires_at) END,
             retry_since = CASE WHEN i.counts THEN coalesce(m.retry_since, now()) ELSE m.retry_since END,
             retries = m.retries + CASE WHEN i.state = 'waiting' THEN 1 ELSE 0 END, updated_at = now()
         FROM (
             SELECT n.*, n.counts AND n.state = 'waiting'
                         AND now() - coalesce(v.retry_since, now()) >= make_interval(secs => $8) AS spent
             FROM UNNEST($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::float8[], $6::bool[], $7::text[])
                  AS n(message_id, attempt_id, state, reason, delay, counts, ends_with)
             JOIN messages v ON v.message_id = n.message_id
             ORDER BY n.message_id FOR UPDATE OF v
         ) i
         WHERE m.message_id = i.message_id AND m.attempt_id = i.attempt_id AND m.state = 'claimed'",
        &messages,
        &attempts,
        &states as &[&str],
        &reasons,
        &delays,
        &counts,
        &ends,
        retry_for.as_secs_f64(),
    )
    .execute(tx)
    .await
    .map(drop)
}

fn state(of_user: UserState) -> &'static str {
    match of_user {
        UserState::Received | UserState::Stored | UserState::Registered => "waiting",
        UserState::Failed | UserState::Rejected => "refused",
        UserState::Suppressed => "skipped",
    }
}

/// What becomes of a message of which an operator allows one more attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reopened {
    Waits,
    /// Its time is over: it is skipped.
    Expired,
    /// It changed since, and stays as it is.
    Changed,
}

/// An operator allows one more attempt.
pub(super) async fn reopen(tx: &mut PgConnection, attempt: AttemptRef) -> Result<Reopened, sqlx::Error> {
    let reopened = sqlx::query_scalar!(
        r#"UPDATE messages SET
               state = CASE WHEN expires_at <= calendar_now() THEN 'skipped' ELSE 'waiting' END,
               reason = CASE WHEN expires_at <= calendar_now() THEN 'stale' END,
               next_attempt_at = CASE WHEN expires_at <= calendar_now() THEN NULL ELSE calendar_now() END,
               updated_at = now()
           WHERE message_id = $1 AND attempt_id = $2 AND state = 'claimed'
           RETURNING state = 'waiting' AS "waits!""#,
        attempt.message_id,
        attempt.attempt_id,
    );
    Ok(match reopened.fetch_optional(tx).await? {
        Some(true) => Reopened::Waits,
        Some(false) => Reopened::Expired,
        None => Reopened::Changed,
    })
}

/// An attempt that had let go of its message proved to be accepted: it blocks again, and the message is sent, unless
/// another attempt blocks it.
pub(super) async fn reclaim(tx: &mut PgConnection, attempt: AttemptRef) -> Result<(), sqlx::Error> {
    let blocking = sqlx::query!(
        "UPDATE message_attempts a SET blocks = true, updated_at = now()
         WHERE a.message_id = $1 AND a.attempt_id = $2 AND a.outcome = 'accepted'
           AND a.status IS DISTINCT FROM 'failed' AND NOT a.blocks
           AND NOT (a.channel = 'whatsapp' AND a.status IS NOT DISTINCT FROM 'undelivered')
           AND NOT EXISTS (SELECT FROM message_attempts o WHERE o.message_id = a.message_id AND o.blocks)",
        attempt.message_id,
        attempt.attempt_id,
    );
    // The row of the message is locked first: a claim of it cannot come between.
    let message = sqlx::query!("SELECT FROM messages WHERE message_id = $1 FOR UPDATE", attempt.message_id);
    message.fetch_optional(&mut *tx).await?;
    if blocking.execute(&mut *tx).await?.rows_affected() == 0 {
        return Ok(());
    }
    sqlx::query!(
        "UPDATE messages SET state = 'claimed', reason = NULL, attempt_id = $2, next_attempt_at = NULL, updated_at = now()
         WHERE message_id = $1",
        attempt.message_id,
        attempt.attempt_id,
    )
    .execute(tx)
    .await
    .map(drop)
}

/// Adds the partitions of this month and of the two that follow, as far as they are missing. Months are those of the ids of
/// messages, which follow the real clock.
pub(crate) async fn add_partitions(pool: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"SELECT count(add_message_partitions((date_trunc('month', now() AT TIME ZONE 'UTC')
                                                + make_interval(months => n))::date)::text) AS "added!"
           FROM generate_series(0, 2) n"#
    )
    .fetch_one(pool)
    .await
    .map(drop)
}
