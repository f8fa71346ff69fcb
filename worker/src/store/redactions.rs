//! Messages whose text Twilio is asked to delete.

use std::time::Duration;

use sqlx::{PgConnection, PgPool};

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Redacted {
    /// The text is gone.
    Yes,
    /// The message does not exist at Twilio.
    Gone,
    /// The account does not allow it.
    Skipped,
}

impl Redacted {
    /// The name in the table and in metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "redacted",
            Self::Gone => "gone",
            Self::Skipped => "skipped",
        }
    }
}

/// A message to ask about, which was asked about `tries` times before.
pub(crate) struct DueRedaction {
    pub(crate) message_sid: String,
    pub(crate) tries: i32,
}

/// Requests the redaction of every message of a user, and returns their number.
pub(crate) async fn request(tx: &mut PgConnection, user_id: &str) -> Result<u64, sqlx::Error> {
    let added = sqlx::query!(
        "INSERT INTO redactions (message_sid)
         SELECT sid FROM attempts WHERE user_id = $1 AND sid IS NOT NULL
         UNION
         SELECT a.message_sid FROM messages m JOIN message_attempts a USING (message_id)
         WHERE m.user_id = $1 AND a.message_sid IS NOT NULL
         ON CONFLICT DO NOTHING",
        user_id,
    );
    Ok(added.execute(tx).await?.rows_affected())
}

/// Takes the next ones, so that no other worker asks about them within `hold`.
pub(crate) async fn take(
    pool: &PgPool,
    limit: i64,
    hold: Duration,
) -> Result<Vec<DueRedaction>, sqlx::Error> {
    sqlx::query_as!(
        DueRedaction,
        "UPDATE redactions SET next_try_at = now() + make_interval(secs => $2), tries = tries + 1
         WHERE message_sid IN (SELECT message_sid FROM redactions WHERE next_try_at <= now()
                               ORDER BY next_try_at LIMIT $1 FOR UPDATE SKIP LOCKED)
         RETURNING message_sid, tries",
        limit,
        hold.as_secs_f64(),
    )
    .fetch_all(pool)
    .await
}

/// Stores how a request ended.
pub(crate) async fn ended(pool: &PgPool, message_sid: &str, result: Redacted) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE redactions SET result = $2, next_try_at = NULL WHERE message_sid = $1",
        message_sid,
        result.as_str(),
    )
    .execute(pool)
    .await
    .map(drop)
}

/// Has a request tried again after `wait`.
pub(crate) async fn postpone(pool: &PgPool, message_sid: &str, wait: Duration) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE redactions SET next_try_at = now() + make_interval(secs => $2) WHERE message_sid = $1",
        message_sid,
        wait.as_secs_f64(),
    )
    .execute(pool)
    .await
    .map(drop)
}
