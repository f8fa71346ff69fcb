//! `worker migrate`

use std::process::ExitCode;

use shared::{
    audit::{self, NewEntry},
    config::{DatabaseUrl, Env, insecure_allowed, settings},
    db::{self, Limits, MIGRATIONS, sqlstate},
};
use sqlx::{PgConnection, migrate::MigrateError};

use super::open;
use crate::{
    cli::exit::{Failure, UNREACHABLE},
    store::migrate::migrate,
};

const EXAMPLES: &str = "\
Examples:
  worker migrate                          once per release; repeating it is harmless

Migrations only go forward. Running workers wait for them.";

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Who decided [default: the login name]
    #[arg(long)]
    actor: Option<String>,
}

pub(super) async fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut env = Env::of_process();
    let insecure = &insecure_allowed(&mut env);
    let url = DatabaseUrl::read(&mut env, &settings::DATABASE_URL, insecure);
    let url = env.finish(url)?;
    let connected = db::connect(&url, "aamcare worker migrate", Limits::Unlimited).await;
    let mut connection = connected.map_err(|error| {
        Failure::new(
            UNREACHABLE,
            format!("Postgres cannot be reached: {}. {}", sqlstate(&error), db::advice(&error)),
        )
    })?;
    let missing = db::missing_migrations(&mut connection).await.map_err(open::failed)?;
    migrate(&mut connection).await.map_err(|e| Failure::new(1, explain(&e)))?;
    let done = db::missing_migrations(&mut connection).await.map_err(open::failed)? == 0;
    if missing > 0 {
        let actor = open::actor(arguments.actor.as_deref());
        note(&mut connection, missing, &actor).await.map_err(open::failed)?;
    }
    println!(
        "{} migrations, {}",
        MIGRATIONS.iter().count(),
        if done { "all applied" } else { "some missing" }
    );
    Ok(ExitCode::SUCCESS)
}

/// PostgreSQL documentation, appendix A.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// The server's own text can quote a row.
fn explain(error: &MigrateError) -> String {
    match error {
        MigrateError::Execute(error) => format!("migration failed: {}", sqlstate(error)),
        MigrateError::ExecuteMigration(sqlx::Error::Database(error), version)
            if error.code().as_deref() == Some(LOCK_NOT_AVAILABLE) =>
        {
            format!(
                "migration {version} was not made: another session uses its table, perhaps a backup; run it again"
            )
        }
        MigrateError::ExecuteMigration(error, version) => {
            format!("migration {version} failed: {}", sqlstate(error))
        }
        other => format!("migration failed: {other}"),
    }
}

/// Called after the migrations, because they create the audit log.
async fn note(connection: &mut PgConnection, applied: usize, actor: &str) -> Result<(), sqlx::Error> {
    let (subject, reason) = (format!("{applied} migrations"), concat!("version ", env!("CARGO_PKG_VERSION")));
    let deed = NewEntry { actor, action: "migrate", subject: &subject, reason };
    audit::note(connection, &deed).await
}
