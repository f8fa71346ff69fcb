//! How often a redelivered message was taken up. A message that kills its worker must not do so for ever;
//! its prefetched neighbours are not counted, because they are not taken up.

use sqlx::PgPool;

/// Counts one more take-up of a redelivered message; returns the count.
pub(crate) async fn count(pool: &PgPool, key: &str) -> Result<i16, sqlx::Error> {
    sqlx::query_scalar!(
        "INSERT INTO delivery_tries (delivery_key) VALUES ($1)
         ON CONFLICT (delivery_key) DO UPDATE SET
             tries = LEAST(delivery_tries.tries + 1, 1000), last_at = now()
         RETURNING tries",
        key,
    )
    .fetch_one(pool)
    .await
}

/// Forgets a message that was finished.
pub(crate) async fn forget(pool: &PgPool, key: &str) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM delivery_tries WHERE delivery_key = $1", key).execute(pool).await?;
    Ok(())
}
