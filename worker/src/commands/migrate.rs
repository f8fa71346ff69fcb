//! `worker migrate`

use std::process::ExitCode;

use shared::{
    audit::{self, Deed},
    config::{DatabaseUrl, Env, insecure_allowed, settings},
    db::{self, MIGRATIONS},
};
use sqlx::PgPool;

use super::open;
use crate::exit::{Failure, UNREACHABLE};

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
    let insecure = insecure_allowed(&mut env);
    let url = DatabaseUrl::read(&mut env, &settings::DATABASE_URL, insecure);
    let url = env.finish(url)?;
    let options = url.options("aamcare worker migrate").map_err(|e| Failure::new(UNREACHABLE, e))?;
    let pool = sqlx::postgres::PgPoolOptions::new().max_connections(1).connect_with(options).await;
    let pool = pool.map_err(|e| Failure::new(UNREACHABLE, format!("Postgres cannot be reached: {e}")))?;
    let missing = missing(&pool).await.map_err(open::failed)?;
    MIGRATIONS.run(&pool).await.map_err(|e| Failure::new(1, format!("migration failed: {e}")))?;
    let done = db::is_migrated(&pool).await.map_err(|e| Failure::new(UNREACHABLE, e))?;
    if missing > 0 {
        note(&pool, missing, &open::actor(arguments.actor.as_deref())).await.map_err(open::failed)?;
    }
    println!(
        "{} migrations, {}",
        MIGRATIONS.iter().count(),
        if done { "all applied" } else { "some missing" }
    );
    Ok(ExitCode::SUCCESS)
}

async fn missing(pool: &PgPool) -> Result<usize, sqlx::Error> {
    db::missing_migrations(&mut *pool.acquire().await?).await
}

/// After the deed: the log itself is a table that they make.
async fn note(pool: &PgPool, applied: usize, actor: &str) -> Result<(), sqlx::Error> {
    let (subject, reason) = (format!("{applied} migrations"), concat!("version ", env!("CARGO_PKG_VERSION")));
    let deed = Deed { actor, action: "migrate", subject: &subject, reason };
    audit::note(&mut *pool.acquire().await?, &deed).await
}
