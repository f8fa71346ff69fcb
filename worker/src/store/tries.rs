//! How often the processing of a redelivered message began. A message that kills its worker must not do so endlessly.
//! Its prefetched neighbours are not counted while they only wait.

use sha2::{Digest, Sha256};
use sqlx::PgPool;

/// Counts one more try of a redelivered message, up to `limit`. Returns the count, at least 1. A limit of 0 does not
/// count.
pub(crate) async fn count(pool: &PgPool, key: &str, limit: i16) -> Result<i16, sqlx::Error> {
    sqlx::query_scalar!(
        "INSERT INTO delivery_tries (delivery_key) VALUES ($1)
         ON CONFLICT (delivery_key) DO UPDATE SET
             tries = GREATEST(delivery_tries.tries, LEAST(delivery_tries.tries + 1, $2)), last_at = now()
         RETURNING tries",
        key,
        i32::from(limit),
    )
    .fetch_one(pool)
    .await
}

/// The identity of a message: a digest of its id, else of its content. A publisher may have put a user or a number into the
/// id.
pub(crate) fn key(message_id: Option<&str>, body: &[u8]) -> String {
    match message_id {
        Some(id) => format!("id:{:x}", Sha256::digest(id)),
        None => format!("sha256:{:x}", Sha256::digest(body)),
    }
}

/// Forgets a message that was finished. Most were never counted.
pub(crate) async fn forget(pool: &PgPool, key: &str) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM delivery_tries WHERE delivery_key = $1", key).execute(pool).await?;
    Ok(())
}
