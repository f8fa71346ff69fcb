//! Postgres: reachable, of a version we know, up to date, and ours to write.

use std::time::{Duration, Instant};

use shared::{
    config::{DatabaseUrl, Env, insecure_allowed, settings},
    db::{self, Limits, MIGRATIONS, sqlstate},
};
use sqlx::PgConnection;

use super::{
    durability,
    finding::{Findings, failed},
};
use crate::store::{rights, server};

const CONNECT: Duration = Duration::from_secs(5);
/// The oldest version we stand for.
const OLDEST: i32 = 15;
/// Leases run on the database's clock; more than this confuses whoever compares logs with rows.
const SKEW: f64 = 5.0;

/// Why there is no connection to work with.
pub(super) enum NoConnection {
    /// `DATABASE_URL` is wrong.
    Setting,
    /// The server refused us.
    Refused(String),
    /// No server answers.
    Away(String),
}

pub(super) async fn check(found: &mut Findings) {
    let started = Instant::now();
    let mut connection = match connect().await {
        Ok(connection) => connection,
        Err(why) => return explain(found, why),
    };
    found.passed("reachable", format!("in {} ms", started.elapsed().as_millis()));
    server(found, &mut connection).await;
    durability::check(found, &mut connection).await;
    if migrations(found, &mut connection).await {
        write(found, &mut connection).await;
    } else {
        found.skipped("rights", "not tried: the tables are not those of this version");
    }
}

/// A connection of the section's own.
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

fn explain(found: &mut Findings, why: NoConnection) {
    match why {
        NoConnection::Setting => found.skipped("reachable", "not tried: see DATABASE_URL above"),
        NoConnection::Refused(why) => {
            let advice = "mend user, password or database name in DATABASE_URL; if the server insists on TLS, \
                          add ?sslmode=verify-full";
            found.misconfigured("reachable", format!("the server refuses us: {why}"), advice);
        }
        NoConnection::Away(why) => {
            let advice = "start Postgres, or mend host and port in DATABASE_URL";
            found.unreachable("reachable", why, advice);
        }
    }
}

async fn server(found: &mut Findings, connection: &mut PgConnection) {
    let asked = server::ask(connection).await;
    let Ok(server) = asked else { return failed(found, "version", asked.err()) };
    let (major, minor) = (server.version / 10_000, server.version % 10_000);
    if major < OLDEST {
        let text = format!("PostgreSQL {major}.{minor} is older than {OLDEST}");
        found.warning("version", text, "upgrade the server before its support ends");
    } else {
        found.passed("version", format!("PostgreSQL {major}.{minor}"));
    }
    let skew = server.clock_ahead.abs();
    if skew > SKEW {
        let text = format!("this machine and the server are {skew:.0} s apart");
        found.warning("clock", text, "let both follow a time server");
    } else {
        found.passed("clock", format!("within {skew:.1} s of the server's"));
    }
}

/// True: all of them are applied.
async fn migrations(found: &mut Findings, connection: &mut PgConnection) -> bool {
    let all = MIGRATIONS.iter().count();
    match db::missing_migrations(connection).await {
        Ok(0) => {
            found.passed("migrations", format!("{all} of {all} applied"));
            true
        }
        Ok(missing) => {
            let text = format!("{} of {all} applied", all.saturating_sub(missing));
            found.misconfigured("migrations", text, "run `worker migrate`");
            false
        }
        Err(error) => {
            failed(found, "migrations", Some(error));
            false
        }
    }
}

async fn write(found: &mut Findings, connection: &mut PgConnection) {
    match rights::try_writing(connection).await {
        Ok(()) => found.passed("rights", "inserted and updated in a transaction that was rolled back"),
        Err(error) => failed(found, "rights", Some(error)),
    }
}
