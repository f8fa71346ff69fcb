//! The WhatsApp sender as Twilio described it last: one row, so that all workers keep to the same limit.

use std::time::Duration;

use shared::domain::MessagingLimit;
use sqlx::{PgExecutor, PgPool};

/// The sender, as Twilio described it last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SenderState {
    /// None: not known.
    pub(crate) limit: Option<MessagingLimit>,
    /// How long ago it was read. None: never.
    pub(crate) age: Option<Duration>,
    /// Why the last read failed. None: it succeeded, or there was none.
    pub(crate) error: Option<String>,
}

/// Begins a read of `sender`, as the setting names it. False: none is due. A limit of another sender is dropped.
pub(crate) async fn begin(pool: &PgPool, sender: &str, interval: Duration) -> Result<bool, sqlx::Error> {
    let due = sqlx::query_scalar!(
        "UPDATE whatsapp_sender SET
             asked_at = now(), sender = $1, read_at = CASE WHEN sender = $1 THEN read_at END,
             messaging_limit = CASE WHEN sender = $1 THEN messaging_limit END,
             people = CASE WHEN sender = $1 THEN people END, error = CASE WHEN sender = $1 THEN error END
         WHERE sender IS DISTINCT FROM $1 OR asked_at IS NULL OR asked_at < now() - make_interval(secs => $2)
         RETURNING singleton",
        sender,
        interval.as_secs_f64(),
    );
    Ok(due.fetch_optional(pool).await?.is_some())
}

/// Stores what a read found. A limit that could not be read leaves the last known one.
pub(crate) async fn found(
    pool: &PgPool,
    sender: &str,
    words: Option<&str>,
    limit: Option<MessagingLimit>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE whatsapp_sender SET read_at = now(), messaging_limit = $2, people = coalesce($3, people), error = NULL
         WHERE sender = $1",
        sender,
        words,
        limit.map(MessagingLimit::stored),
    )
    .execute(pool)
    .await
    .map(drop)
}

/// Ends a read that failed. The last known limit holds.
pub(crate) async fn failed(pool: &PgPool, sender: &str, error: &str) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE whatsapp_sender SET error = $2 WHERE sender = $1", sender, error)
        .execute(pool)
        .await
        .map(drop)
}

/// Reads the last description.
pub(crate) async fn state(database: impl PgExecutor<'_>) -> Result<SenderState, sqlx::Error> {
    let row = sqlx::query!(
        "SELECT people, error, extract(epoch FROM now() - read_at)::float8 AS age FROM whatsapp_sender"
    )
    .fetch_one(database)
    .await?;
    let age = row.age.map(|seconds| Duration::from_secs_f64(seconds.max(0.0)));
    Ok(SenderState { limit: row.people.and_then(MessagingLimit::of_stored), age, error: row.error })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::world::World;

    const HOUR: Duration = Duration::from_secs(3600);
    const OURS: &str = "whatsapp:+14155550123";

    #[tokio::test]
    async fn one_read_is_due_in_each_interval_and_one_failing_keeps_the_limit() {
        let world = World::create().await;
        let pool = &world.pool;
        let nothing = SenderState { limit: None, age: None, error: None };
        assert_eq!(state(pool).await.unwrap(), nothing);
        assert!(begin(pool, OURS, HOUR).await.unwrap(), "never read");
        assert!(!begin(pool, OURS, HOUR).await.unwrap(), "another worker reads it");
        let limit = Some(MessagingLimit::People(1_000));
        found(pool, OURS, Some("1K Customers/24hr"), limit).await.unwrap();
        assert!(begin(pool, OURS, Duration::ZERO).await.unwrap());
        failed(pool, OURS, "HTTP 500").await.unwrap();
        let known = state(pool).await.unwrap();
        assert_eq!((known.limit, known.error.as_deref()), (limit, Some("HTTP 500")));
        assert!(known.age.is_some());
        found(pool, OURS, Some("many"), None).await.unwrap();
        let known = state(pool).await.unwrap();
        assert_eq!((known.limit, known.error), (limit, None), "words that are not understood change nothing");
        world.end().await;
    }

    #[tokio::test]
    async fn the_limit_of_another_sender_counts_no_more() {
        let world = World::create().await;
        let pool = &world.pool;
        assert!(begin(pool, OURS, HOUR).await.unwrap());
        found(pool, OURS, None, Some(MessagingLimit::Unlimited)).await.unwrap();
        assert!(begin(pool, "MG1", HOUR).await.unwrap(), "the setting was changed");
        assert_eq!(state(pool).await.unwrap(), SenderState { limit: None, age: None, error: None });
        found(pool, OURS, None, Some(MessagingLimit::Unlimited)).await.unwrap();
        assert_eq!(state(pool).await.unwrap().limit, None, "an answer about the former sender came late");
        world.end().await;
    }
}
