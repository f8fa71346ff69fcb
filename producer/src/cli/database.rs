//! Connections to Postgres, and errors that say why there is none.

use std::time::Duration;

use shared::{
    config::{DatabaseUrl, settings},
    db::{self, Trouble, sqlstate},
};
use sqlx::{Connection as _, PgConnection, PgPool};

use super::Failure;
use crate::connection;

const TRIES: u32 = 4;

/// A pool of `connections`. Fails if the database cannot be reached or lacks a migration.
pub async fn open_database(url: &DatabaseUrl, name: &str, connections: u32) -> Result<PgPool, Failure> {
    connect(url, name, "Postgres", settings::DATABASE_URL.name).await?.close().await?;
    let pool = db::pool(url, name, connections)?;
    if db::is_migrated(&pool).await? { Ok(pool) } else { Err(Failure::not_migrated()) }
}

/// One connection without a limit on its statements. `what` and `setting` name the database in the error.
pub async fn connect(
    url: &DatabaseUrl,
    name: &str,
    what: &'static str,
    setting: &'static str,
) -> Result<PgConnection, Failure> {
    connection::open(url, name).await.map_err(|error| Failure::no_database(what, setting, &error))
}

/// Repeats a statement after a temporary failure, such as a deadlock with the worker.
pub async fn repeat<T, F: Future<Output = Result<T, sqlx::Error>>>(
    statement: impl Fn() -> F,
) -> Result<T, sqlx::Error> {
    let mut tries = 1;
    loop {
        match statement().await {
            Err(error) if tries < TRIES && db::trouble(&error) == Trouble::Passing => {
                tracing::warn!(error = sqlstate(&error), tries, "statement repeated");
                tokio::time::sleep(Duration::from_millis(100) * tries).await;
                tries += 1;
            }
            done => return done,
        }
    }
}
