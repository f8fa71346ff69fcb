//! A single connection to Postgres. Unlike a pool, it reports why it cannot be opened.

use std::time::Duration;

use shared::{
    config::DatabaseUrl,
    db::{self, Limits},
};
use sqlx::PgConnection;

const TIMEOUT: Duration = Duration::from_secs(10);

/// Opens a connection without a limit on its statements. It fails after ten seconds.
pub(crate) async fn open(url: &DatabaseUrl, name: &str) -> Result<PgConnection, sqlx::Error> {
    match tokio::time::timeout(TIMEOUT, db::connect(url, name, Limits::Unlimited)).await {
        Ok(connected) => connected,
        Err(_) => Err(sqlx::Error::PoolTimedOut),
    }
}
