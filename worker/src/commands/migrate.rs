//! `worker migrate`

use std::process::ExitCode;

use shared::{
    config::{DatabaseUrl, Env, insecure_allowed, settings},
    db::{self, MIGRATIONS},
};

use crate::exit::{Failure, UNREACHABLE};

pub(super) async fn run() -> Result<ExitCode, Failure> {
    let mut env = Env::of_process();
    let insecure = insecure_allowed(&mut env);
    let url = DatabaseUrl::read(&mut env, &settings::DATABASE_URL, insecure);
    let url = env.finish(url)?;
    let options = url.options("aamcare worker migrate").map_err(|e| Failure::new(UNREACHABLE, e))?;
    let pool = sqlx::postgres::PgPoolOptions::new().max_connections(1).connect_with(options).await;
    let pool = pool.map_err(|e| Failure::new(UNREACHABLE, format!("Postgres cannot be reached: {e}")))?;
    MIGRATIONS.run(&pool).await.map_err(|e| Failure::new(1, format!("migration failed: {e}")))?;
    let done = db::is_migrated(&pool).await.map_err(|e| Failure::new(UNREACHABLE, e))?;
    println!(
        "{} migrations, {}",
        MIGRATIONS.iter().count(),
        if done { "all applied" } else { "some missing" }
    );
    Ok(ExitCode::SUCCESS)
}
