//! Conversations with staff: the table `conversations`. A person has at most one open conversation on each channel.

use chrono::{DateTime, Utc};
use serde::Serialize;
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
/// urgent, and every message asks for an answer again. Returns the id of the conversation.
pub(crate) async fn add(tx: &mut PgConnection, turn: &Turn<'_>) -> Result<Uuid, sqlx::Error> {
    sqlx::query_scalar!(
        "INSERT INTO conversations AS c (conversation_id, channel, recipient, phone_e164, external_id, user_id, class, urgency)
           SELECT $1, $2, $3, $4, $5,
                  (SELECT a.user_id FROM attempts a JOIN users u ON u.user_id = a.user_id AND u.phone_e164 = a.phone_e164
                   WHERE a.phone_e164 = $4 AND a.blocks),
                  $6, $7
           ON CONFLICT ((coalesce(phone_e164, external_id)), channel) WHERE closed_at IS NULL DO UPDATE SET
               last_inbound_at = calendar_now(), answered_at = NULL,
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
}

/// The open conversations, the most urgent first, and of these the one that has waited longest.
pub(crate) async fn list_open(pool: &PgPool) -> Result<Vec<Listed>, sqlx::Error> {
    sqlx::query_as!(
        Listed,
        r#"SELECT i.conversation_id AS "conversation_id!", i.user_id, i.channel AS "channel!", i.class AS "class!",
                  i.urgent AS "urgent!", i.opened_at AS "opened_at!", i.last_inbound_at AS "last_inbound_at!",
                  i.window_open_until, i.answered_at
           FROM inbox i JOIN conversations c USING (conversation_id)
           WHERE i.closed_at IS NULL ORDER BY c.urgency DESC, i.last_inbound_at"#
    )
    .fetch_all(pool)
    .await
}

/// Closes a conversation. False: it is not open, or does not exist.
pub(crate) async fn close(tx: &mut PgConnection, id: Uuid, actor: &str) -> Result<bool, sqlx::Error> {
    let closed = sqlx::query!(
        "UPDATE conversations SET closed_at = calendar_now(), closed_by = $2
         WHERE conversation_id = $1 AND closed_at IS NULL",
        id,
        actor,
    );
    Ok(closed.execute(tx).await?.rows_affected() > 0)
}

/// Deletes the conversations with an erased user.
pub(crate) async fn forget_user(tx: &mut PgConnection, user_id: &str) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM conversations WHERE user_id = $1", user_id).execute(tx).await.map(drop)
}
