//! How many scenarios may use the shared servers at the same time.

use sqlx::{Connection as _, PgConnection};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{PATIENCE, patience::POLL, services::Server, until};

/// Scenarios of one test process.
const AT_A_TIME: usize = 3;
static ROOM: Semaphore = Semaphore::const_new(AT_A_TIME);

/// The first key of the advisory locks; the second is the number of the place.
const PLACES: i32 = 0x00fa_0175;
/// Two workers, a producer and this harness hold up to 30 connections; ten are left to others.
const COUNT: &str = "SELECT greatest(1, (current_setting('max_connections')::int4 - 10) / 30)";

/// The room of one scenario. Dropping it makes room for another one.
pub(crate) struct Room {
    _permit: SemaphorePermit<'static>,
    /// Holds an advisory lock, so that test processes side by side do not exhaust the server's connections.
    _place: Option<PgConnection>,
}

impl Room {
    /// Waits until there is room, in this process and on `server`.
    pub(crate) async fn take(server: &Server) -> anyhow::Result<Self> {
        let permit = ROOM.acquire().await?;
        if server.is_private() {
            return Ok(Self { _permit: permit, _place: None });
        }
        let mut connection = until("Postgres has a free connection", 5 * PATIENCE, async || {
            match PgConnection::connect(server.url()).await {
                Ok(connection) => Ok(Ok(connection)),
                Err(error) if is_full(&error) => Ok(Err(error.to_string())),
                Err(error) => Err(error.into()),
            }
        })
        .await?;
        let places: i32 = sqlx::query_scalar(COUNT).fetch_one(&mut connection).await?;
        loop {
            for place in 0..places {
                let lock = sqlx::query_scalar("SELECT pg_try_advisory_lock($1, $2)").bind(PLACES).bind(place);
                if lock.fetch_one(&mut connection).await? {
                    return Ok(Self { _permit: permit, _place: Some(connection) });
                }
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

/// Other programs hold every connection that the server allows: SQLSTATE 53300.
fn is_full(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).is_some_and(|code| code == "53300")
}
