//! What commands share that work on the database alone.

use std::io::{BufRead, BufReader, Read};

pub(super) use shared::audit::actor;
use shared::{
    config::{DatabaseUrl, Env, insecure_allowed, settings},
    db::{self, sqlstate},
    lines::UniversalLines,
    phone::E164,
};
use sqlx::PgPool;

use crate::cli::exit::{CONFIGURATION, Failure, UNREACHABLE};

/// A pool on a database that answers and has every migration.
pub(super) async fn database(mut env: Env) -> Result<PgPool, Failure> {
    let insecure = &insecure_allowed(&mut env);
    let url = DatabaseUrl::read(&mut env, &settings::DATABASE_URL, insecure);
    let url = env.finish(url)?;
    connect(&url).await
}

/// Connects to `url` and checks the migrations.
pub(super) async fn connect(url: &DatabaseUrl) -> Result<PgPool, Failure> {
    let pool =
        db::pool(url, "aamcare worker command", 2).map_err(|e| Failure::new(CONFIGURATION, sqlstate(&e)))?;
    let migrated = db::is_migrated(&pool).await;
    if migrated.map_err(|e| {
        Failure::new(
            UNREACHABLE,
            format!(
                "Postgres cannot be reached: {}. {} `worker doctor` says more",
                sqlstate(&e),
                db::advice(&e)
            ),
        )
    })? {
        Ok(pool)
    } else {
        Err(Failure::new(CONFIGURATION, "migrations are missing: run `worker migrate`"))
    }
}

/// A stored number, masked.
pub(super) fn masked(phone_e164: &str) -> String {
    E164::parse(phone_e164).map_or_else(|_| "?".to_owned(), |number| number.masked())
}

/// The argument, or each line of standard input for `-`.
pub(super) fn lines(argument: &str) -> Result<Vec<String>, Failure> {
    if argument != "-" {
        return Ok(vec![argument.to_owned()]);
    }
    Ok(lines_of(std::io::stdin().lock())?)
}

/// The lines that are not blank.
fn lines_of(input: impl Read) -> std::io::Result<Vec<String>> {
    let input = BufReader::new(UniversalLines::new(input));
    input.lines().filter(|line| line.as_ref().map_or(true, |line| !line.trim().is_empty())).collect()
}

/// A statement failed.
pub(super) fn failed(error: sqlx::Error) -> Failure {
    Failure::new(UNREACHABLE, format!("Postgres: {}. `worker doctor` says more", sqlstate(&error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_may_end_as_on_any_system() {
        for text in ["980\r\r981\r", "980\n\n981", "980\r\n \r\n981\r\n"] {
            assert_eq!(lines_of(text.as_bytes()).unwrap(), ["980", "981"], "{text:?}");
        }
    }
}
