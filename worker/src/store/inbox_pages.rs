//! What the pages show of people who wrote to us. Nothing here holds a text.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

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
