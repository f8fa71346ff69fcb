//! What Postgres says of itself.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

/// The server.
pub(crate) struct Server {
    /// As in `server_version_num`: 170006 is 17.6.
    pub(crate) version: i32,
    /// Seconds that this machine's clock is ahead of the server's.
    pub(crate) clock_ahead: f64,
}

/// Asks for it.
pub(crate) async fn ask(connection: &mut PgConnection) -> Result<Server, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT current_setting('server_version_num')::int AS "version!", clock_timestamp() AS "now!: DateTime<Utc>""#
    )
    .fetch_one(connection)
    .await?;
    let ahead = (Utc::now() - row.now).as_seconds_f64();
    Ok(Server { version: row.version, clock_ahead: ahead })
}
