//! Makes the schema changes that the database does not have.

use std::time::Duration;

use shared::db::MIGRATIONS;
use sqlx::{
    Executor, PgConnection,
    migrate::{MigrateError, Migration},
};

/// The key of the advisory lock in `pg_locks`: "onbomigr" in ASCII. Any constant works.
const TURN: i64 = 0x6f6e_626f_6d69_6772;
const ASK_AGAIN: Duration = Duration::from_millis(500);
/// PostgreSQL documentation, appendix A.
const DEADLOCK_DETECTED: &str = "40P01";
/// So often a migration is tried that meets a worker's transaction halfway.
const TRIES: usize = 5;

/// Applies the migrations, one process at a time. A step that an interrupted run left unfinished is done again.
pub(crate) async fn migrate(connection: &mut PgConnection) -> Result<(), MigrateError> {
    // Asked for again and again: a statement that waited for its turn would hold a snapshot, and an index that is built
    // beside writers waits for the end of every snapshot.
    while !sqlx::query_scalar!(r#"SELECT pg_try_advisory_lock($1) AS "ours!""#, TURN)
        .fetch_one(&mut *connection)
        .await?
    {
        tokio::time::sleep(ASK_AGAIN).await;
    }
    for index in unrecorded_indexes(connection).await? {
        connection.execute(format!("DROP INDEX CONCURRENTLY {index}").as_str()).await?;
    }
    let mut tries = 1;
    while let Err(error) = MIGRATIONS.run(&mut *connection).await {
        // Nothing of the migration is left, and the worker's transaction went on.
        if tries == TRIES || !is_deadlock(&error) {
            return Err(error);
        }
        tries += 1;
    }
    sqlx::query!("SELECT pg_advisory_unlock($1)", TURN).fetch_one(connection).await?;
    Ok(())
}

fn is_deadlock(error: &MigrateError) -> bool {
    let MigrateError::ExecuteMigration(sqlx::Error::Database(error), _) = error else { return false };
    error.code().as_deref() == Some(DEADLOCK_DETECTED)
}

/// Indexes of migrations that are not recorded as applied: the process that built them died before or just after the
/// end. They may be invalid, and Postgres refuses a second build of the same name.
async fn unrecorded_indexes(connection: &mut PgConnection) -> Result<Vec<&'static str>, sqlx::Error> {
    let recorded: bool =
        sqlx::query_scalar!(r#"SELECT to_regclass('_sqlx_migrations') IS NOT NULL AS "exists!""#)
            .fetch_one(&mut *connection)
            .await?;
    if !recorded {
        return Ok(Vec::new());
    }
    // Unchecked at compile time: the table is sqlx's own and not part of our schema.
    let made: Vec<i64> =
        sqlx::query_scalar("SELECT version FROM _sqlx_migrations").fetch_all(&mut *connection).await?;
    let mut found = Vec::new();
    for index in MIGRATIONS.iter().filter(|m| !made.contains(&m.version)).filter_map(built_beside_writers) {
        let exists = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass($1)) AS "exists!""#,
            index
        );
        if exists.fetch_one(&mut *connection).await? {
            found.push(index);
        }
    }
    Ok(found)
}

/// The index that a migration builds outside of a transaction.
fn built_beside_writers(migration: &'static Migration) -> Option<&'static str> {
    let (_, after) = migration.sql.split_once("CREATE INDEX CONCURRENTLY ")?;
    after.split_whitespace().next().filter(|_| migration.no_tx)
}

#[cfg(test)]
mod tests;
