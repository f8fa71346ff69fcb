//! The connection to Postgres that several sections use, and the report of a failed statement.

use std::time::Duration;

use shared::{
    config::{DatabaseUrl, Env, insecure_allowed, settings},
    db::{self, Limits, sqlstate},
};
use sqlx::PgConnection;

use super::finding::Findings;

const CONNECT: Duration = Duration::from_secs(5);
/// What workers read from Twilio is out of date when it is older.
pub(super) const STALE: Duration = Duration::from_secs(24 * 3600);

/// Why the connection failed.
pub(super) enum NoConnection {
    /// `DATABASE_URL` is wrong.
    Setting,
    /// The server refuses the login.
    Refused(String),
    /// No server answers.
    Away(String),
}

/// A connection for one section.
pub(super) async fn connect() -> Result<PgConnection, NoConnection> {
    let mut env = Env::of_process();
    let insecure = &insecure_allowed(&mut env);
    let url = DatabaseUrl::read(&mut env, &settings::DATABASE_URL, insecure);
    let url = env.finish(url).map_err(|_| NoConnection::Setting)?;
    let connecting = db::connect(&url, "aamcare worker doctor", Limits::Look);
    match tokio::time::timeout(CONNECT, connecting).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error @ sqlx::Error::Database(_))) => Err(NoConnection::Refused(sqlstate(&error))),
        Ok(Err(error)) => Err(NoConnection::Away(sqlstate(&error))),
        Err(_) => Err(NoConnection::Away(format!("no answer within {} s", CONNECT.as_secs()))),
    }
}

/// A connection to a database with all migrations. Where there is none, `check` is skipped.
pub(super) async fn connect_migrated(found: &mut Findings, check: &'static str) -> Option<PgConnection> {
    let Ok(mut connection) = connect().await else {
        found.skipped(check, "not read: see postgres");
        return None;
    };
    if matches!(db::missing_migrations(&mut connection).await, Ok(0)) {
        return Some(connection);
    }
    found.skipped(check, "not read: migrations are missing");
    None
}

pub(super) fn failed(found: &mut Findings, check: &'static str, error: Option<sqlx::Error>) {
    let said = error.as_ref().map(sqlstate).unwrap_or_default();
    match error {
        // insufficient_privilege, and a server that may only be read
        Some(sqlx::Error::Database(_)) => {
            let advice = "the user of DATABASE_URL must own the tables or hold SELECT, INSERT and UPDATE on \
                          them, and the server must not be a standby";
            found.misconfigured(check, format!("refused: {said}"), advice);
        }
        _ => found.unreachable(check, said, "start Postgres, or see its own logs"),
    }
}
