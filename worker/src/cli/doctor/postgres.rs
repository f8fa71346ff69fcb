//! Postgres: reachable, of a supported version, migrated and writable.

use std::time::Instant;

use shared::db::{self, MIGRATIONS};
use sqlx::PgConnection;

use super::{
    database::{NoConnection, connect, failed},
    durability,
    finding::Findings,
};
use crate::store::server;

/// The oldest supported version.
const OLDEST: i32 = 15;
/// Leases run on the database's clock. A larger difference makes logs hard to compare with rows.
const SKEW: f64 = 5.0;

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

fn explain(found: &mut Findings, why: NoConnection) {
    match why {
        NoConnection::Setting => found.skipped("reachable", "not tried: see DATABASE_URL above"),
        NoConnection::Refused(why) => {
            let advice = "correct user, password or database name in DATABASE_URL; if the server requires TLS, \
                          add ?sslmode=verify-full";
            found.misconfigured("reachable", format!("the server refuses the login: {why}"), advice);
        }
        NoConnection::Away(why) => {
            let advice = "start Postgres, or correct host and port in DATABASE_URL";
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
        found.warning("clock", text, "synchronise both with a time server");
    } else {
        found.passed("clock", format!("within {skew:.1} s of the server's"));
    }
}

/// Returns whether all migrations are applied.
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
    match server::try_writing(connection).await {
        Ok(()) => found.passed("rights", "inserted and updated in a transaction that was rolled back"),
        Err(error) => failed(found, "rights", Some(error)),
    }
}
