//! The message of a user that Twilio has.

use sqlx::PgPool;

/// A welcome that Twilio accepted.
pub(crate) struct Sent {
    pub(crate) channel: String,
    pub(crate) sid: String,
}

/// The welcome that counts for the user. None: Twilio has none.
pub(crate) async fn welcome(pool: &PgPool, user_id: &str) -> Result<Option<Sent>, sqlx::Error> {
    sqlx::query_as!(
        Sent,
        r#"SELECT a.channel, a.sid AS "sid!" FROM users u JOIN attempts a ON a.message_id = u.attempt_id
           WHERE u.user_id = $1 AND a.sid IS NOT NULL"#,
        user_id,
    )
    .fetch_optional(pool)
    .await
}
