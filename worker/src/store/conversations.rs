//! Conversations with staff: the table `conversations`. A person has at most one open conversation on each channel.

use chrono::{DateTime, Utc};
use serde::Serialize;
use shared::consent::welcome;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// A message that a person of the staff has to read.
pub(crate) struct Turn<'a> {
    pub(crate) channel: &'a str,
    /// Our number.
    pub(crate) recipient: &'a str,
    pub(crate) phone_e164: Option<&'a str>,
    pub(crate) external_id: Option<&'a str>,
    pub(crate) class: &'a str,
    /// The greater, the sooner it is read.
    pub(crate) urgency: i16,
}

/// Adds a message to the open conversation of the person, or opens one. A more urgent message makes the conversation more
/// urgent, and every message asks for an answer again. Staff are told of an urgent one, unless they have been told and nobody
/// has answered yet. Returns the id of the conversation.
pub(crate) async fn add(tx: &mut PgConnection, turn: &Turn<'_>) -> Result<Uuid, sqlx::Error> {
    sqlx::query_scalar!(
        "INSERT INTO conversations AS c (conversation_id, channel, recipient, phone_e164, external_id, user_id, class, urgency,
                                         next_notice_at, waits_since)
           SELECT $1, $2, $3, $4, $5,
                  (SELECT a.user_id FROM attempts a JOIN users u ON u.user_id = a.user_id AND u.phone_e164 = a.phone_e164
                   WHERE a.phone_e164 = $4 AND a.blocks),
                  $6, $7::smallint, CASE WHEN $7::smallint > 0 THEN calendar_now() END, calendar_now()
           ON CONFLICT ((coalesce(phone_e164, external_id)), channel) WHERE closed_at IS NULL DO UPDATE SET
               last_inbound_at = calendar_now(), answered_at = NULL, turn = c.turn + 1,
               waits_since = CASE WHEN c.answered_at IS NULL THEN coalesce(c.waits_since, c.last_inbound_at) ELSE calendar_now() END,
               notices = CASE WHEN EXCLUDED.urgency > 0 AND (c.urgency = 0 OR c.answered_at IS NOT NULL) THEN 0 ELSE c.notices END,
               next_notice_at = CASE WHEN EXCLUDED.urgency > 0 AND (c.urgency = 0 OR c.answered_at IS NOT NULL)
                                     THEN calendar_now() ELSE c.next_notice_at END,
               class = CASE WHEN EXCLUDED.urgency > c.urgency THEN EXCLUDED.class ELSE c.class END,
               urgency = GREATEST(c.urgency, EXCLUDED.urgency), user_id = coalesce(c.user_id, EXCLUDED.user_id)
           RETURNING conversation_id",
        Uuid::now_v7(),
        turn.channel,
        turn.recipient,
        turn.phone_e164,
        turn.external_id,
        turn.class,
        turn.urgency,
    )
    .fetch_one(tx)
    .await
}

/// Whether a conversation with the person is open on any channel.
pub(crate) async fn is_open(
    tx: &mut PgConnection,
    phone: Option<&str>,
    external_id: Option<&str>,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM conversations
                          WHERE coalesce(phone_e164, external_id) IN ($1, $2) AND closed_at IS NULL) AS "open!""#,
        phone,
        external_id,
    )
    .fetch_one(tx)
    .await
}

/// A conversation that staff change, locked until the transaction ends.
pub(crate) struct Locked {
    pub(crate) channel: String,
    pub(crate) phone_e164: Option<String>,
    pub(crate) user_id: Option<String>,
    /// Of the user.
    pub(crate) name: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) turn: i32,
    pub(crate) closed: bool,
    /// The last message of the person.
    pub(crate) last_sid: Option<String>,
    pub(crate) window_open_until: Option<DateTime<Utc>>,
    /// By the calendar.
    pub(crate) now: DateTime<Utc>,
}

/// Locks a conversation, after the number of the person: an erasure locks them in this order. None: there is none.
pub(crate) async fn lock(tx: &mut PgConnection, id: Uuid) -> Result<Option<Locked>, sqlx::Error> {
    let number = sqlx::query_scalar!("SELECT phone_e164 FROM conversations WHERE conversation_id = $1", id);
    let Some(number) = number.fetch_optional(&mut *tx).await? else { return Ok(None) };
    if let Some(number) = number {
        welcome::hold_number(tx, &number).await?;
    }
    sqlx::query_as!(
        Locked,
        r#"SELECT c.channel, c.phone_e164, c.user_id, u.display_name AS "name?", u.language AS "language?",
                  c.turn, c.closed_at IS NOT NULL AS "closed!", calendar_now() AS "now!",
                  (SELECT i.message_sid FROM inbound i WHERE i.conversation_id = c.conversation_id
                   ORDER BY i.received_at DESC LIMIT 1) AS last_sid,
                  (SELECT w.open_until FROM reply_windows w
                   WHERE w.person = coalesce(c.phone_e164, c.external_id) AND w.channel = c.channel
                     AND w.recipient = c.recipient) AS window_open_until
           FROM conversations c LEFT JOIN users u ON u.user_id = c.user_id
           WHERE c.conversation_id = $1 FOR UPDATE OF c"#,
        id,
    )
    .fetch_optional(tx)
    .await
}

/// Staff answered: no further notice goes out. The person who answered takes the conversation unless somebody has it.
pub(crate) async fn answered(tx: &mut PgConnection, id: Uuid, actor: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE conversations SET answered_at = calendar_now(), taken_by = coalesce(taken_by, $2), turn = turn + 1,
                                  next_notice_at = NULL
         WHERE conversation_id = $1",
        id,
        actor,
    )
    .execute(tx)
    .await
    .map(drop)
}

/// A conversation that staff are told of.
pub(crate) struct Urgent {
    pub(crate) conversation_id: Uuid,
    pub(crate) turn: i32,
    /// How often they are told of it with this notice.
    pub(crate) notices: i16,
}

/// Takes the urgent conversations that staff are told of now: when they become urgent, and again every 15 minutes without an
/// answer, four times in all.
pub(crate) async fn take_urgent(tx: &mut PgConnection) -> Result<Vec<Urgent>, sqlx::Error> {
    sqlx::query_as!(
        Urgent,
        "UPDATE conversations SET notices = notices + 1,
             next_notice_at = CASE WHEN notices < 3 THEN calendar_now() + interval '15 minutes' END
         WHERE conversation_id IN (
             SELECT conversation_id FROM conversations
             WHERE closed_at IS NULL AND urgency > 0 AND next_notice_at <= calendar_now() FOR UPDATE SKIP LOCKED)
         RETURNING conversation_id, turn, notices",
    )
    .fetch_all(tx)
    .await
}

/// A person of the staff takes the conversation, from nobody or from somebody else.
pub(crate) async fn take(tx: &mut PgConnection, id: Uuid, actor: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE conversations SET taken_by = $2, turn = turn + 1 WHERE conversation_id = $1",
        id,
        actor
    )
    .execute(tx)
    .await
    .map(drop)
}

/// The conversation is with this user. Where the number of the person is not known, it is the user's, also in what the person
/// wrote under the same id.
pub(crate) async fn link(
    tx: &mut PgConnection,
    id: Uuid,
    user_id: &str,
    phone_e164: Option<&str>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH linked AS (
             UPDATE conversations SET user_id = $2, phone_e164 = coalesce(phone_e164, $3), turn = turn + 1
             WHERE conversation_id = $1 RETURNING external_id
         ), windows AS (
             UPDATE reply_windows w SET person = $3 FROM linked l
             WHERE w.person = l.external_id AND $3 IS NOT NULL
               AND NOT EXISTS (SELECT FROM reply_windows o
                               WHERE o.person = $3 AND o.channel = w.channel AND o.recipient = w.recipient)
         )
         UPDATE inbound i SET phone_e164 = $3 FROM linked l
         WHERE i.external_id = l.external_id AND i.phone_e164 IS NULL AND $3 IS NOT NULL",
        id,
        user_id,
        phone_e164,
    )
    .execute(tx)
    .await
    .map(drop)
}

/// A conversation, as the view `inbox` shows it.
#[derive(Serialize)]
pub(crate) struct Listed {
    pub(crate) conversation_id: Uuid,
    pub(crate) user_id: Option<String>,
    pub(crate) channel: String,
    /// Of its most urgent message.
    pub(crate) class: String,
    pub(crate) urgent: bool,
    pub(crate) opened_at: DateTime<Utc>,
    pub(crate) last_inbound_at: DateTime<Utc>,
    /// Until then free text may be sent.
    pub(crate) window_open_until: Option<DateTime<Utc>>,
    pub(crate) answered_at: Option<DateTime<Utc>>,
    pub(crate) closed_at: Option<DateTime<Utc>>,
    /// Who of the staff has it.
    pub(crate) taken_by: Option<String>,
    /// Grows with every message, answer and change of hands.
    pub(crate) turn: i32,
}

/// The open conversations, the most urgent first, and of these the one that has waited longest.
pub(crate) async fn list_open(pool: &PgPool) -> Result<Vec<Listed>, sqlx::Error> {
    sqlx::query_as!(
        Listed,
        r#"SELECT i.conversation_id AS "conversation_id!", i.user_id, i.channel AS "channel!", i.class AS "class!",
                  i.urgent AS "urgent!", i.opened_at AS "opened_at!", i.last_inbound_at AS "last_inbound_at!",
                  i.window_open_until, i.answered_at, i.closed_at, c.taken_by, c.turn
           FROM inbox i JOIN conversations c USING (conversation_id)
           WHERE i.closed_at IS NULL ORDER BY c.urgency DESC, i.last_inbound_at"#
    )
    .fetch_all(pool)
    .await
}

/// One conversation, open or closed.
pub(crate) async fn find(pool: &PgPool, id: Uuid) -> Result<Option<Listed>, sqlx::Error> {
    sqlx::query_as!(
        Listed,
        r#"SELECT i.conversation_id AS "conversation_id!", i.user_id, i.channel AS "channel!", i.class AS "class!",
                  i.urgent AS "urgent!", i.opened_at AS "opened_at!", i.last_inbound_at AS "last_inbound_at!",
                  i.window_open_until, i.answered_at, i.closed_at, c.taken_by, c.turn
           FROM inbox i JOIN conversations c USING (conversation_id) WHERE i.conversation_id = $1"#,
        id,
    )
    .fetch_optional(pool)
    .await
}

/// Closes a conversation. What waited for its end is due.
pub(crate) async fn close(tx: &mut PgConnection, id: Uuid, actor: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH closed AS (
             UPDATE conversations SET closed_at = calendar_now(), closed_by = $2, next_notice_at = NULL
             WHERE conversation_id = $1 AND closed_at IS NULL RETURNING user_id, phone_e164
         ), messages AS (
             UPDATE messages m SET next_attempt_at = calendar_now(), updated_at = now() FROM closed c
             WHERE m.user_id = c.user_id AND m.state = 'waiting' AND m.reason = 'conversation'
         )
         UPDATE users u SET next_attempt_at = now(), updated_at = now() FROM closed c
         -- Each arm has an index.
         WHERE u.user_id = ANY(ARRAY(SELECT c.user_id
                                     UNION SELECT user_id FROM users WHERE phone_e164 = c.phone_e164 AND attempt_id IS NULL))
           AND u.state = 'received' AND u.reason = 'conversation'",
        id,
        actor,
    )
    .execute(tx)
    .await
    .map(drop)
}

/// Deletes the conversations with an erased user.
pub(crate) async fn forget_user(tx: &mut PgConnection, user_id: &str) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM conversations WHERE user_id = $1", user_id).execute(tx).await.map(drop)
}
