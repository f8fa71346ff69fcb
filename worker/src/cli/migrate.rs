//! `worker migrate`

use std::process::ExitCode;

use shared::{
    audit::{self, NewEntry},
    cli::{Actor, Failure},
    config::{DatabaseUrl, Env, insecure_allowed, settings},
    db::{self, Limits, MIGRATIONS, sqlstate},
};
use sqlx::{PgConnection, migrate::MigrateError};

use crate::store::migrate::migrate;

const EXAMPLES: &str = "\
Examples:
  worker migrate                          once per release; it is safe to repeat

A migration cannot be undone. Running workers wait for missing migrations.";

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    actor: Actor,
}

pub(super) async fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut env = Env::of_process();
    let insecure = &insecure_allowed(&mut env);
    let url = DatabaseUrl::read(&mut env, &settings::DATABASE_URL, insecure);
    let url = env.finish(url)?;
    let connected = db::connect(&url, "aamcare worker migrate", Limits::Unlimited).await;
    let mut connection = connected.map_err(|error| {
        Failure::unreachable(format!(
            "Postgres cannot be reached: {}. {}",
            sqlstate(&error),
            db::advice(&error)
        ))
    })?;
    let missing = db::missing_migrations(&mut connection).await.map_err(Failure::statement)?;
    migrate(&mut connection).await.map_err(|e| Failure::unexpected(explain(&e)))?;
    let done = db::missing_migrations(&mut connection).await.map_err(Failure::statement)? == 0;
    if missing > 0 {
        let actor = arguments.actor.name();
        note(&mut connection, missing, &actor).await.map_err(Failure::statement)?;
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

/// Leaves out the server's own text, because it can quote a row.
fn explain(error: &MigrateError) -> String {
    match error {
        MigrateError::Execute(error) => format!("migration failed: {}", sqlstate(error)),
        MigrateError::ExecuteMigration(sqlx::Error::Database(error), version)
            if error.code().as_deref() == Some(LOCK_NOT_AVAILABLE) =>
        {
            format!(
                "migration {version} was not applied: another session, perhaps a backup, uses its table; run the command again"
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
    let entry = NewEntry { actor, action: "migrate", subject: &subject, reason };
    audit::note(connection, &entry).await
}
