//! Migrations that meet others, and migrations that were interrupted.

use shared::db::MIGRATIONS;
use sqlx::{Connection, Executor, PgConnection, migrate::Migrate};

use crate::store::{fixtures::Database, migrate::migrate};

/// Builds `users_linked` beside writers.
const LINKED: i64 = 20_261_129_700_002;
const INDEX: &str =
    "CREATE INDEX CONCURRENTLY users_linked ON users (phone_e164) WHERE reason = 'shared_phone'";
/// Changes `suppressions` and `users`.
const CONSENT: i64 = 20_261_201_000_001;
/// Changes `attempts`.
const RESENT: i64 = 20_261_129_700_001;

/// A connection to a database that has every migration before `version`.
async fn before(database: &Database, version: i64) -> PgConnection {
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    connection.ensure_migrations_table().await.unwrap();
    for migration in MIGRATIONS.iter().filter(|m| m.version < version) {
        connection.apply(migration).await.unwrap();
    }
    connection
}

#[tokio::test]
async fn two_who_migrate_at_once_take_turns() {
    let database = Database::create().await;
    let mut first = PgConnection::connect(&database.url).await.unwrap();
    let mut second = PgConnection::connect(&database.url).await.unwrap();
    let (first, second) = tokio::join!(migrate(&mut first), migrate(&mut second));
    first.unwrap();
    second.unwrap();
    database.drop().await;
}

#[tokio::test]
async fn an_index_whose_build_was_interrupted_is_built_again() {
    // The process that built it died before the index was complete, or before the migration was recorded.
    for complete in [false, true] {
        let database = Database::create().await;
        let mut connection = before(&database, LINKED).await;
        connection.execute(INDEX).await.unwrap();
        let validity = "UPDATE pg_index SET indisvalid = $1 WHERE indexrelid = 'users_linked'::regclass";
        sqlx::query(validity).bind(complete).execute(&mut connection).await.unwrap();
        migrate(&mut connection).await.unwrap();
        let valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'users_linked'::regclass";
        assert!(sqlx::query_scalar::<_, bool>(valid).fetch_one(&mut connection).await.unwrap());
        migrate(&mut connection).await.unwrap();
        database.drop().await;
    }
}

#[tokio::test]
async fn a_migration_behind_a_reader_gives_up_before_others_queue_behind_it_and_can_be_repeated() {
    let database = Database::create().await;
    let mut connection = before(&database, RESENT).await;
    let others = database.pool().await;
    let mut dump = others.begin().await.unwrap();
    dump.execute("LOCK TABLE attempts IN ACCESS SHARE MODE").await.unwrap();
    // Without a limit of its own, it waits for as long as the dump lasts.
    connection.execute("SET statement_timeout = '20s'").await.unwrap();
    let refused = migrate(&mut connection).await.unwrap_err();
    let sqlx::migrate::MigrateError::ExecuteMigration(sqlx::Error::Database(error), version) = refused else {
        panic!("{refused}")
    };
    assert_eq!((error.code().as_deref(), version), (Some("55P03"), RESENT));
    connection.close().await.unwrap();
    dump.rollback().await.unwrap();
    others.close().await;
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    migrate(&mut connection).await.unwrap();
    database.drop().await;
}

#[tokio::test]
async fn a_migration_that_meets_a_claim_halfway_is_tried_again() {
    let database = Database::create().await;
    let mut connection = before(&database, CONSENT).await;
    let others = database.pool().await;
    // As a claim: users first, then suppressions; the migration locks them the other way round.
    let mut claim = others.begin().await.unwrap();
    claim.execute("UPDATE users SET updated_at = now()").await.unwrap();
    let waits = "SELECT count(*) FROM pg_locks WHERE relation = 'users'::regclass AND NOT granted";
    let go_on = async {
        while sqlx::query_scalar::<_, i64>(waits).fetch_one(&mut *claim).await.unwrap() == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        claim.execute("SELECT FROM suppressions").await.unwrap();
        claim.commit().await.unwrap();
    };
    let (migrated, ()) = tokio::join!(migrate(&mut connection), go_on);
    migrated.unwrap();
    others.close().await;
    database.drop().await;
}

#[test]
fn a_migration_changes_one_table_that_workers_use() {
    // With two, it can meet a worker's transaction halfway. Those of before stay as they are.
    let changed = |sql: &str| -> std::collections::HashSet<String> {
        sql.split("ALTER TABLE ")
            .skip(1)
            .filter_map(|rest| rest.split_whitespace().next().map(str::to_owned))
            .collect()
    };
    let later =
        MIGRATIONS.iter().filter(|m| m.version > CONSENT && changed(&m.sql).len() > 1).map(|m| m.version);
    assert_eq!(later.collect::<Vec<_>>(), [0; 0]);
}

#[test]
fn no_migration_waits_for_a_table_without_a_limit() {
    // Those of before are released, and never change again.
    let waiting =
        MIGRATIONS.iter().filter(|m| m.version > 20_261_129_000_000 && m.sql.contains("ALTER TABLE"));
    let unlimited = waiting.filter(|m| !m.sql.contains("SET LOCAL lock_timeout")).map(|m| m.version);
    assert_eq!(unlimited.collect::<Vec<_>>(), [0; 0]);
}
