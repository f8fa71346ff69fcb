//! What people write to us: the table `inbound`. A message is stored once, however often it comes.

use std::time::Duration;

use chrono::{DateTime, Utc};
use shared::phone::E164;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::{inbox::Incoming, twilio::MessageSid};

/// Stores a message; `body` is its sealed text. True: it was not stored yet.
pub(crate) async fn store(
    pool: &PgPool,
    incoming: &Incoming,
    body: Option<&[u8]>,
) -> Result<bool, sqlx::Error> {
    let stored = sqlx::query!(
        "INSERT INTO inbound (message_sid, channel, recipient, phone_e164, external_id, kind, payload, answers_sid, media, body)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT DO NOTHING",
        incoming.sid.as_str(),
        incoming.channel.as_str(),
        incoming.to,
        incoming.author.number().map(E164::as_str),
        incoming.author.external_id(),
        incoming.kind.as_str(),
        incoming.payload,
        incoming.answers.as_ref().map(MessageSid::as_str),
        incoming.media,
        body,
    );
    Ok(stored.execute(pool).await?.rows_affected() > 0)
}

/// Stores a message that Twilio's list names. True: it was not stored yet.
pub(crate) async fn store_listed(
    pool: &PgPool,
    incoming: &Incoming,
    body: Option<&[u8]>,
    received_at: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let stored = sqlx::query!(
        "INSERT INTO inbound (message_sid, channel, recipient, phone_e164, external_id, kind, media, body, received_at, listed)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, LEAST($9, calendar_now()), true)
         ON CONFLICT DO NOTHING",
        incoming.sid.as_str(),
        incoming.channel.as_str(),
        incoming.to,
        incoming.author.number().map(E164::as_str),
        incoming.author.external_id(),
        incoming.kind.as_str(),
        incoming.media,
        body,
        received_at,
    );
    Ok(stored.execute(pool).await?.rows_affected() > 0)
}

/// A message that waits to be handled.
pub(crate) struct DueInbound {
    pub(crate) message_sid: String,
    pub(crate) channel: String,
    pub(crate) recipient: String,
    /// None: WhatsApp never named a number beside the id.
    pub(crate) phone_e164: Option<String>,
    pub(crate) external_id: Option<String>,
    pub(crate) payload: Option<String>,
    /// Sealed.
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) received_at: DateTime<Utc>,
    pub(crate) tries: i16,
}

/// Takes messages that wait, the oldest first, so that no other worker handles them within `hold`. A person who wrote under
/// an id alone is known by the number that came with the id before.
pub(crate) async fn take_due(
    pool: &PgPool,
    limit: i64,
    hold: Duration,
) -> Result<Vec<DueInbound>, sqlx::Error> {
    sqlx::query_as!(
        DueInbound,
        r#"WITH due AS (
               SELECT message_sid FROM inbound WHERE next_try_at <= now()
               ORDER BY next_try_at LIMIT $1 FOR UPDATE SKIP LOCKED
           ), taken AS (
               UPDATE inbound i SET next_try_at = now() + make_interval(secs => $2), tries = tries + 1
               FROM due d WHERE i.message_sid = d.message_sid
               RETURNING i.*
           )
           SELECT message_sid AS "message_sid!", channel AS "channel!", recipient AS "recipient!",
                  coalesce(phone_e164, (SELECT b.phone_e164 FROM inbound b
                                        WHERE b.external_id = t.external_id AND b.phone_e164 IS NOT NULL
                                        ORDER BY b.received_at DESC LIMIT 1)) AS phone_e164,
                  external_id, payload, body, received_at AS "received_at!", tries AS "tries!"
           FROM taken t ORDER BY received_at"#,
        limit,
        hold.as_secs_f64(),
    )
    .fetch_all(pool)
    .await
}

/// Locks a message that was taken. False: another worker has handled it.
pub(crate) async fn lock(tx: &mut PgConnection, message_sid: &str) -> Result<bool, sqlx::Error> {
    let waiting = sqlx::query_scalar!(
        "SELECT message_sid FROM inbound WHERE message_sid = $1 AND handled_at IS NULL FOR UPDATE",
        message_sid,
    );
    Ok(waiting.fetch_optional(tx).await?.is_some())
}

/// How a message was understood.
pub(crate) struct Handled<'a> {
    pub(crate) class: &'a str,
    pub(crate) words_version: i32,
    /// The conversation that it belongs to; none: no person has to read it.
    pub(crate) conversation: Option<Uuid>,
    /// The slot of the automatic reply; none: there is none.
    pub(crate) reply: Option<&'a str>,
}

/// Marks a locked message as handled.
pub(crate) async fn handled(
    tx: &mut PgConnection,
    message_sid: &str,
    handled: &Handled<'_>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE inbound SET class = $2, words_version = $3, conversation_id = $4, reply = $5, handled_at = now(),
                            next_try_at = NULL
         WHERE message_sid = $1",
        message_sid,
        handled.class,
        handled.words_version,
        handled.conversation,
        handled.reply,
    )
    .execute(tx)
    .await
    .map(drop)
}

/// What a person wrote before, as far as automatic replies depend on it.
pub(crate) struct Before {
    /// Automatic replies to the person within an hour.
    pub(crate) replies_of_hour: i64,
    /// Automatic replies to the person within 30 days.
    pub(crate) replies_of_month: i64,
    /// The sealed texts of the last messages before this one, the newest first, each under its SID.
    pub(crate) texts: Vec<(String, Vec<u8>)>,
}

/// Reads what a person wrote before the message `but`; `last` texts of it.
pub(crate) async fn before(
    tx: &mut PgConnection,
    (phone, external_id): (Option<&str>, Option<&str>),
    but: &str,
    last: i64,
) -> Result<Before, sqlx::Error> {
    let counted = sqlx::query!(
        r#"SELECT count(*) FILTER (WHERE received_at > calendar_now() - interval '1 hour') AS "hour!", count(*) AS "month!"
           FROM inbound
           WHERE (phone_e164 = $1 OR external_id = $2) AND reply IS NOT NULL
             AND received_at > calendar_now() - interval '30 days'"#,
        phone,
        external_id,
    )
    .fetch_one(&mut *tx)
    .await?;
    let texts = sqlx::query!(
        r#"SELECT message_sid, body AS "body!" FROM inbound
           WHERE (phone_e164 = $1 OR external_id = $2) AND message_sid <> $3 AND body IS NOT NULL
           ORDER BY received_at DESC LIMIT $4"#,
        phone,
        external_id,
        but,
        last,
    )
    .fetch_all(tx)
    .await?;
    let texts = texts.into_iter().map(|row| (row.message_sid, row.body)).collect();
    Ok(Before { replies_of_hour: counted.hour, replies_of_month: counted.month, texts })
}

/// A handled message.
pub(crate) struct Near {
    pub(crate) message_sid: String,
    pub(crate) received_at: DateTime<Utc>,
}

/// The last handled message of the same person and of this class that came within two minutes of `message`.
pub(crate) async fn near(
    pool: &PgPool,
    message: &DueInbound,
    class: &str,
) -> Result<Option<Near>, sqlx::Error> {
    sqlx::query_as!(
        Near,
        "SELECT message_sid, received_at FROM inbound
         WHERE (phone_e164 = $1 OR external_id = $2) AND class = $3 AND message_sid <> $4
           AND received_at BETWEEN $5::timestamptz - interval '2 minutes' AND $5::timestamptz + interval '2 minutes'
         ORDER BY received_at DESC LIMIT 1",
        message.phone_e164,
        message.external_id,
        class,
        message.message_sid,
        message.received_at,
    )
    .fetch_optional(pool)
    .await
}

/// A message of a conversation.
pub(crate) struct Written {
    pub(crate) message_sid: String,
    pub(crate) received_at: DateTime<Utc>,
    pub(crate) class: Option<String>,
    pub(crate) kind: String,
    pub(crate) media: i16,
    /// Sealed under the SID.
    pub(crate) body: Option<Vec<u8>>,
    /// Text and person were deleted.
    pub(crate) forgotten: bool,
}

/// The messages of a conversation, in the order in which they came.
pub(crate) async fn of_conversation(pool: &PgPool, id: Uuid) -> Result<Vec<Written>, sqlx::Error> {
    sqlx::query_as!(
        Written,
        r#"SELECT message_sid, received_at, class, kind, media, body,
                  coalesce(phone_e164, external_id) IS NULL AS "forgotten!"
           FROM inbound WHERE conversation_id = $1 ORDER BY received_at, message_sid"#,
        id,
    )
    .fetch_all(pool)
    .await
}

/// The files of a message.
pub(crate) struct StoredMedia {
    /// How many came with it.
    pub(crate) media: i16,
    /// Text and person were deleted.
    pub(crate) forgotten: bool,
}

/// What is stored of the files of a message. None: the conversation is not there, or does not have the message.
pub(crate) async fn media_of(
    pool: &PgPool,
    conversation: Uuid,
    message_sid: &str,
) -> Result<Option<StoredMedia>, sqlx::Error> {
    sqlx::query_as!(
        StoredMedia,
        r#"SELECT i.media, coalesce(i.phone_e164, i.external_id) IS NULL AS "forgotten!"
           FROM inbound i JOIN conversations c USING (conversation_id)
           WHERE c.conversation_id = $1 AND i.message_sid = $2"#,
        conversation,
        message_sid,
    )
    .fetch_optional(pool)
    .await
}

/// The sealed texts of the oldest and the newest message that has one, each under its SID.
pub(crate) async fn oldest_and_newest(
    connection: &mut PgConnection,
) -> Result<Vec<(String, Vec<u8>)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"(SELECT message_sid AS "sid!", body AS "body!" FROM inbound
            WHERE coalesce(phone_e164, external_id) IS NOT NULL AND body IS NOT NULL ORDER BY received_at LIMIT 1)
           UNION ALL
           (SELECT message_sid, body FROM inbound
            WHERE coalesce(phone_e164, external_id) IS NOT NULL AND body IS NOT NULL ORDER BY received_at DESC LIMIT 1)"#,
    );
    Ok(rows.fetch_all(connection).await?.into_iter().map(|row| (row.sid, row.body)).collect())
}

/// Deletes what names the person of a number: their messages keep class and time, so that a repeated request of Twilio stores
/// nothing.
pub(crate) async fn forget_person(tx: &mut PgConnection, phone: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH windows AS (DELETE FROM reply_windows WHERE person = $1),
              talks AS (DELETE FROM conversations WHERE phone_e164 = $1)
         UPDATE inbound SET phone_e164 = NULL, external_id = NULL, payload = NULL, answers_sid = NULL, body = NULL,
             handled_at = coalesce(handled_at, now()), next_try_at = NULL
         WHERE phone_e164 = $1
            -- Of the same person, before or after the number was known.
            OR external_id IN (SELECT external_id FROM inbound WHERE phone_e164 = $1)",
        phone,
    )
    .execute(tx)
    .await
    .map(drop)
}

/// How many handled messages are older than `seconds` and still name a person.
pub(super) async fn count_old(tx: &mut PgConnection, seconds: f64) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "rows!" FROM inbound
           WHERE received_at < (SELECT calendar_now()) - make_interval(secs => $1)
             AND coalesce(phone_e164, external_id) IS NOT NULL AND handled_at IS NOT NULL"#,
        seconds,
    )
    .fetch_one(tx)
    .await
}

/// Deletes text and person of a batch of these messages, and closed conversations and windows of that age.
pub(super) async fn forget_old(tx: &mut PgConnection, seconds: f64, batch: i64) -> Result<u64, sqlx::Error> {
    let forgotten = sqlx::query!(
        "WITH talks AS (
             DELETE FROM conversations WHERE conversation_id IN (
                 SELECT conversation_id FROM conversations
                 WHERE closed_at < (SELECT calendar_now()) - make_interval(secs => $1) LIMIT $2 FOR UPDATE SKIP LOCKED)
         ), windows AS (
             DELETE FROM reply_windows WHERE ctid = ANY(ARRAY(
                 SELECT ctid FROM reply_windows
                 WHERE open_until < (SELECT calendar_now()) - make_interval(secs => $1) LIMIT $2 FOR UPDATE SKIP LOCKED))
         )
         UPDATE inbound SET phone_e164 = NULL, external_id = NULL, payload = NULL, answers_sid = NULL, body = NULL
         WHERE message_sid IN (
             SELECT message_sid FROM inbound
             WHERE received_at < (SELECT calendar_now()) - make_interval(secs => $1)
               AND coalesce(phone_e164, external_id) IS NOT NULL AND handled_at IS NOT NULL
             ORDER BY received_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
        seconds,
        batch,
    );
    Ok(forgotten.execute(tx).await?.rows_affected())
}
