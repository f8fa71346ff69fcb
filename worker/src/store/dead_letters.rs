//! Dead letters: deliveries that cannot be processed unchanged. They stay until an operator replays or drops them.

pub(crate) mod find;
pub(crate) mod settle;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sha2::{Digest, Sha256};
use shared::{
    db::{Trouble, trouble},
    lane::QueueLane,
};
use sqlx::PgPool;

/// The reason of a delivery whose AMQP properties cannot be parsed.
pub(crate) const UNREADABLE_PROPERTIES: &str = "unreadable_properties";

/// A delivery to store as a dead letter.
pub(crate) struct DeadLetter<'a> {
    /// A value from a closed list.
    pub(crate) reason: &'a str,
    /// A description of the fault, without any of the content.
    pub(crate) detail: &'a str,
    pub(crate) lane: Option<QueueLane>,
    pub(crate) routing_key: &'a str,
    pub(crate) message_id: Option<&'a str>,
    /// When it was published, if that is known.
    pub(crate) published_at: Option<DateTime<Utc>>,
    pub(crate) headers: &'a Value,
    pub(crate) body: &'a [u8],
}

/// Keeps the delivery. The same body with the same reason is kept once, counted again and open again. Headers or an id
/// that the database cannot store are left out. Otherwise the delivery would come back endlessly.
pub(crate) async fn bury(pool: &PgPool, letter: &DeadLetter<'_>) -> Result<(), sqlx::Error> {
    match insert(pool, letter).await {
        Err(error) if trouble(&error) == Trouble::Data => {
            let bare = DeadLetter { message_id: None, headers: &Value::Null, routing_key: "", ..*letter };
            insert(pool, &bare).await
        }
        result => result,
    }
}

async fn insert(pool: &PgPool, letter: &DeadLetter<'_>) -> Result<(), sqlx::Error> {
    let digest = Sha256::digest(letter.body);
    sqlx::query!(
        "INSERT INTO dead_letters (reason, detail, lane, routing_key, message_id, headers, body, body_sha256,
                                   published_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (body_sha256, reason) DO UPDATE SET seen = dead_letters.seen + 1, last_seen_at = now(),
             detail = EXCLUDED.detail, lane = EXCLUDED.lane, routing_key = EXCLUDED.routing_key,
             message_id = EXCLUDED.message_id, headers = EXCLUDED.headers, body = EXCLUDED.body,
             published_at = LEAST(dead_letters.published_at, dead_letters.first_seen_at, EXCLUDED.published_at),
             replayed_at = NULL, replayed_by = NULL, dropped_at = NULL, dropped_by = NULL",
        letter.reason,
        letter.detail,
        letter.lane as Option<QueueLane>,
        letter.routing_key,
        letter.message_id,
        letter.headers,
        letter.body,
        digest.as_slice(),
        letter.published_at,
    )
    .execute(pool)
    .await?;
    Ok(())
}
