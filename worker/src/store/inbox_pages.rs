//! What the pages show of people who wrote to us. Nothing here holds a text.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

/// An open conversation of the list.
pub(crate) struct ListedTalk {
    pub(crate) conversation_id: Uuid,
    pub(crate) user_id: Option<String>,
    pub(crate) channel: String,
    /// Of its most urgent message.
    pub(crate) class: String,
    /// 2: danger, 1: a loss, 0: anything else.
    pub(crate) urgency: i16,
    /// When the person wrote first since the last answer of staff.
    pub(crate) waits_since: DateTime<Utc>,
    /// None: it waits for an answer.
    pub(crate) answered_at: Option<DateTime<Utc>>,
    pub(crate) taken_by: Option<String>,
    pub(crate) window_open_until: Option<DateTime<Utc>>,
}

/// The place of a conversation in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) urgency: i16,
    pub(crate) answered: bool,
    pub(crate) waits_since: DateTime<Utc>,
    pub(crate) conversation_id: Uuid,
}

/// Open conversations after a place: the most urgent first, of these first the ones that wait for an answer, and of these
/// the one that has waited longest.
pub(crate) async fn page(
    pool: &PgPool,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<ListedTalk>, sqlx::Error> {
    sqlx::query_as!(
        ListedTalk,
        r#"SELECT c.conversation_id, c.user_id, c.channel, c.class, c.urgency, c.since AS "waits_since!", c.answered_at,
                  c.taken_by,
                  (SELECT w.open_until FROM reply_windows w
                   WHERE w.person = coalesce(c.phone_e164, c.external_id) AND w.channel = c.channel
                     AND w.recipient = c.recipient) AS window_open_until
           FROM (SELECT *, coalesce(waits_since, last_inbound_at) AS since FROM conversations WHERE closed_at IS NULL) c
           WHERE $1::smallint IS NULL
              OR (-c.urgency, c.answered_at IS NOT NULL, c.since, c.conversation_id) > (-$1, $2, $3, $4)
           ORDER BY c.urgency DESC, c.answered_at IS NOT NULL, c.since, c.conversation_id
           LIMIT $5"#,
        after.map(|place| place.urgency),
        after.map(|place| place.answered),
        after.map(|place| place.waits_since),
        after.map(|place| place.conversation_id),
        limit,
    )
    .fetch_all(pool)
    .await
}

/// How many conversations wait for an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waiting {
    pub(crate) all: i64,
    pub(crate) urgent: i64,
}

/// Counts the conversations that wait for an answer.
pub(crate) async fn waiting(pool: &PgPool) -> Result<Waiting, sqlx::Error> {
    sqlx::query_as!(
        Waiting,
        r#"SELECT count(*) AS "all!", count(*) FILTER (WHERE urgency > 0) AS "urgent!"
           FROM conversations WHERE closed_at IS NULL AND answered_at IS NULL"#
    )
    .fetch_one(pool)
    .await
}

/// The number of a conversation's person. None: WhatsApp named an id alone.
pub(crate) async fn number(pool: &PgPool, id: Uuid) -> Result<Option<String>, sqlx::Error> {
    let stored = sqlx::query_scalar!("SELECT phone_e164 FROM conversations WHERE conversation_id = $1", id);
    Ok(stored.fetch_optional(pool).await?.flatten())
}

/// The open conversations with a user, the oldest first.
pub(crate) async fn open_of_user(pool: &PgPool, user: &str) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT conversation_id FROM conversations WHERE user_id = $1 AND closed_at IS NULL ORDER BY opened_at",
        user,
    )
    .fetch_all(pool)
    .await
}

/// A message from a user.
pub(crate) struct WrittenBy {
    pub(crate) received_at: DateTime<Utc>,
    pub(crate) channel: String,
    /// None: it is not handled yet.
    pub(crate) class: Option<String>,
}

/// The newest messages from a user: those from the number whose welcome the user had, and those of the user's
/// conversations.
pub(crate) async fn written_by(pool: &PgPool, user: &str) -> Result<Vec<WrittenBy>, sqlx::Error> {
    sqlx::query_as!(
        WrittenBy,
        "SELECT received_at, channel, class FROM inbound
         WHERE phone_e164 = (SELECT u.phone_e164 FROM users u JOIN attempts a USING (user_id, phone_e164)
                             WHERE u.user_id = $1 AND a.blocks)
            OR conversation_id = ANY (ARRAY(SELECT conversation_id FROM conversations WHERE user_id = $1))
         ORDER BY received_at DESC LIMIT 200",
        user,
    )
    .fetch_all(pool)
    .await
}
