//! The database of commands that need nothing else.

use shared::{
    cli::Failure,
    config::{DatabaseUrl, Env, insecure_allowed, settings},
    db::{self, sqlstate},
    phone::E164,
};
use sqlx::PgPool;

/// A pool of connections to `DATABASE_URL`. Fails if the database does not answer or lacks a migration.
pub(super) async fn database(mut env: Env) -> Result<PgPool, Failure> {
    let insecure = &insecure_allowed(&mut env);
    let url = DatabaseUrl::read(&mut env, &settings::DATABASE_URL, insecure);
    let url = env.finish(url)?;
    connect(&url).await
}

/// Like [`database`], for a setting that was read already.
pub(super) async fn connect(url: &DatabaseUrl) -> Result<PgPool, Failure> {
    let pool =
        db::pool(url, "aamcare worker command", 2).map_err(|e| Failure::configuration(sqlstate(&e)))?;
    let migrated = db::is_migrated(&pool).await;
    if migrated.map_err(|e| {
        Failure::unreachable(format!(
            "Postgres cannot be reached: {}. {} `worker doctor` says more",
            sqlstate(&e),
            db::advice(&e)
        ))
    })? {
        Ok(pool)
    } else {
        Err(Failure::not_migrated())
    }
}

/// A stored number, masked.
pub(super) fn masked(phone_e164: &str) -> String {
    E164::parse(phone_e164).map_or_else(|_| "?".to_owned(), |number| number.masked())
}
