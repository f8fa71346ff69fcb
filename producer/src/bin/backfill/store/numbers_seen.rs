//! Which numbers this run has met. They are kept in a temporary table of Postgres: memory here does not
//! grow with the number of users.

use std::collections::HashSet;

use sqlx::{Executor, PgPool, Postgres, pool::PoolConnection};

const PREPARE: &str = "SET client_min_messages = warning;
    CREATE TEMPORARY TABLE IF NOT EXISTS numbers_seen (phone_e164 text PRIMARY KEY);
    TRUNCATE numbers_seen";

/// The numbers of one run.
pub(crate) struct NumbersSeen(PoolConnection<Postgres>);

impl NumbersSeen {
    /// None yet.
    pub(crate) async fn none(pool: &PgPool) -> Result<Self, sqlx::Error> {
        let mut session = pool.acquire().await?;
        session.execute(PREPARE).await?;
        Ok(Self(session))
    }

    /// Adds `numbers`; gives those that were not there. Unchecked at compile time: the table is temporary.
    pub(crate) async fn add(&mut self, numbers: &[String]) -> Result<HashSet<String>, sqlx::Error> {
        let added: Vec<String> = sqlx::query_scalar(
            "INSERT INTO numbers_seen SELECT DISTINCT unnest($1::text[]) ON CONFLICT DO NOTHING RETURNING phone_e164",
        )
        .bind(numbers)
        .fetch_all(&mut *self.0)
        .await?;
        Ok(added.into_iter().collect())
    }
}
