//! What staff answer in conversations: the table `staff_answers`, beside the messages that carry the answers.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// Keeps an answer. `body` is sealed under the id of the message; none: a template says it.
pub(crate) async fn add(
    tx: &mut PgConnection,
    (message_id, conversation): (Uuid, Uuid),
    said_by: &str,
    body: Option<&[u8]>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO staff_answers (message_id, conversation_id, said_by, body) VALUES ($1, $2, $3, $4)",
        message_id,
        conversation,
        said_by,
        body,
    )
    .execute(tx)
    .await
    .map(drop)
}

/// A message that went out in a conversation.
pub(crate) struct Said {
    pub(crate) message_id: Uuid,
    pub(crate) at: DateTime<Utc>,
    pub(crate) slot: String,
    /// Of the staff; none: it was automatic.
    pub(crate) by: Option<String>,
    /// Twilio's status, or how far it got.
    pub(crate) state: String,
    /// Of an automatic answer.
    pub(crate) content: Option<Value>,
    /// Of the staff, sealed under the id of the message.
    pub(crate) body: Option<Vec<u8>>,
}

/// The messages that went out in a conversation. An automatic answer appears once it is claimed.
pub(crate) async fn of_conversation(pool: &PgPool, id: Uuid) -> Result<Vec<Said>, sqlx::Error> {
    sqlx::query_as!(
        Said,
        r#"SELECT m.message_id, m.due_at AS at, m.slot, s.said_by AS "by?",
                  CASE WHEN m.state = 'claimed' THEN coalesce(a.status, a.outcome::text, m.state) ELSE m.state END AS "state!",
                  m.content, s.body AS "body?"
           FROM (SELECT message_id FROM staff_answers WHERE conversation_id = $1
                 UNION
                 SELECT k.message_id FROM inbound i JOIN message_keys k ON k.key = 'inbound:' || i.message_sid
                 WHERE i.conversation_id = $1) o
           JOIN messages m ON m.message_id = o.message_id
           LEFT JOIN staff_answers s ON s.message_id = m.message_id
           LEFT JOIN message_attempts a ON a.attempt_id = m.attempt_id AND a.message_id = m.message_id
           ORDER BY m.due_at, m.message_id"#,
        id,
    )
    .fetch_all(pool)
    .await
}
