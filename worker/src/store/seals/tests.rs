//! Seals in a database: what they hold, what breaks them, and who writes them.

use sqlx::{Connection as _, Executor as _};

use super::{
    check::{Fault, Report},
    *,
};
use crate::store::world::World;

/// An entry of so many minutes ago. Its key repeats the byte.
fn add(key: u8, minutes: u32) -> String {
    format!(
        "INSERT INTO consent_ledger (entry_key, person_key, purpose, channel, action, source, actor, said_at, recorded_at)
         VALUES (decode(repeat('{key:02x}', 32), 'hex'), gen_random_uuid(), 'tips', 'any', 'grant', 'staff', 'maya', now(),
                 date_trunc('minute', clock_timestamp()) - interval '{minutes} minutes')"
    )
}

/// What a person with every right may do.
fn by_force(sql: &str) -> String {
    format!("SET session_replication_role = replica; {sql}; SET session_replication_role = DEFAULT")
}

/// Seals everything that may be sealed now.
async fn seal(world: &World) -> Vec<Seal> {
    let mark = mark(&world.pool).await.unwrap();
    settled(world, mark).await;
    let mut seals = Vec::new();
    while let Some(seal) = seal_next(&world.pool, mark).await.unwrap() {
        seals.push(seal);
    }
    seals
}

/// Waits for the transactions of the mark. Those of other tests, in databases of their own, count as well.
async fn settled(world: &World, mark: Mark) {
    let wait = async {
        while !is_settled(&world.pool, mark).await.unwrap() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.unwrap();
}

async fn check(world: &World) -> Report {
    let mut connection = world.pool.acquire().await.unwrap();
    super::check::check(&mut connection, Duration::from_secs(60)).await.unwrap()
}

async fn faults(world: &World) -> Vec<String> {
    check(world).await.faults.iter().map(Fault::to_string).collect()
}

#[tokio::test]
async fn each_minute_with_entries_is_sealed_once_and_continues_from_the_one_before() {
    let world = World::create().await;
    for (key, minutes) in [(1, 90), (2, 90), (3, 60), (4, 5), (5, 0)] {
        world.pool.execute(add(key, minutes).as_str()).await.unwrap();
    }
    let seals = seal(&world).await;
    assert_eq!(seals.iter().map(|seal| seal.rows).collect::<Vec<_>>(), [2, 1, 1]);
    assert!(seal(&world).await.is_empty(), "the minute that is not over long enough waits");
    let report = check(&world).await;
    assert_eq!((report.seals, report.entries, report.all, report.faults), (3, 4, true, Vec::new()));
    assert_eq!(report.newest.unwrap().1, seals[2].digest);
    let mut connection = world.pool.acquire().await.unwrap();
    assert!(waiting(&mut connection).await.unwrap().unwrap() < Duration::from_secs(240));
    let again = connection.execute("UPDATE consent_seals SET rows = rows").await;
    assert!(again.is_err(), "seals are append-only");
    drop(connection);
    world.end().await;
}

#[tokio::test]
async fn a_change_by_hand_is_named() {
    let world = World::create().await;
    for (key, minutes) in [(1, 90), (2, 90), (3, 60), (4, 30), (5, 30)] {
        world.pool.execute(add(key, minutes).as_str()).await.unwrap();
    }
    seal(&world).await;
    let entry = |key: u8| format!("entry {}", format!("{key:02x}").repeat(8));
    let late = entry(9);
    let (changed, missing) = (entry(1), entry(2));
    let cases = [
        (
            "UPDATE consent_ledger SET action = 'withdraw' WHERE entry_key < '\\x02'",
            vec![(changed, "was changed")],
        ),
        (
            "DELETE FROM consent_ledger WHERE entry_key BETWEEN '\\x02' AND '\\x03'",
            vec![(missing, "is missing")],
        ),
        (&add(9, 60), vec![(late.clone(), "came after its seal")]),
        // Between two seals, and before the first one.
        (&add(9, 45), vec![(late.clone(), "came after its seal")]),
        (&add(9, 500), vec![(late, "came after its seal")]),
        (
            "UPDATE consent_seals SET entries = overlay(entries placing '\\xff' from 40) WHERE rows = 1",
            vec![("the seal of".to_owned(), "was changed"), (entry(3), "was changed")],
        ),
        (
            "DELETE FROM consent_seals WHERE rows = 1",
            vec![("the seal before that of".to_owned(), "is missing"), (entry(3), "came after its seal")],
        ),
        (
            "DELETE FROM consent_seals WHERE minute = (SELECT min(minute) FROM consent_seals)",
            vec![
                (entry(1), "came after its seal"),
                (entry(2), "came after its seal"),
                ("the seal before that of".to_owned(), "is missing"),
            ],
        ),
    ];
    for (sql, expected) in cases {
        let keep = "CREATE TEMP TABLE kept AS TABLE consent_ledger; CREATE TEMP TABLE kept_seals AS TABLE consent_seals";
        world.pool.execute(keep).await.unwrap();
        world.pool.execute(by_force(sql).as_str()).await.unwrap();
        let named = faults(&world).await;
        assert_eq!(named.len(), expected.len(), "{sql}: {named:?}");
        for (text, (begin, what)) in named.iter().zip(&expected) {
            assert!(text.starts_with(begin) && text.contains(what), "{sql}: {text}");
        }
        let restore = "DELETE FROM consent_ledger; INSERT INTO consent_ledger TABLE kept; DROP TABLE kept;
                       DELETE FROM consent_seals; INSERT INTO consent_seals TABLE kept_seals; DROP TABLE kept_seals";
        world.pool.execute(by_force(restore).as_str()).await.unwrap();
        assert!(faults(&world).await.is_empty());
    }
    world.end().await;
}

#[tokio::test]
async fn an_entry_that_is_committed_late_is_in_its_seal() {
    let world = World::create().await;
    world.pool.execute(add(1, 30).as_str()).await.unwrap();
    let mut writer = sqlx::PgConnection::connect(&world.database.url).await.unwrap();
    let mut open = writer.begin().await.unwrap();
    open.execute(add(2, 30).as_str()).await.unwrap();
    // No transaction with a higher id has ended yet.
    let early = mark(&world.pool).await.unwrap();
    assert!(!is_settled(&world.pool, early).await.unwrap(), "an entry of before the mark may still come");
    open.commit().await.unwrap();
    settled(&world, early).await;
    assert_eq!(seal_next(&world.pool, early).await.unwrap().unwrap().rows, 2);
    assert!(faults(&world).await.is_empty());
    world.end().await;
}

#[tokio::test]
async fn two_workers_write_one_chain() {
    let world = World::create().await;
    for key in 1..=20 {
        world.pool.execute(add(key, 100 + u32::from(key)).as_str()).await.unwrap();
    }
    let mark = mark(&world.pool).await.unwrap();
    settled(&world, mark).await;
    let worker = || async {
        let pool = sqlx::PgPool::connect(&world.database.url).await.unwrap();
        let mut sealed = 0;
        // None is also said while the other one seals.
        while world_has_unsealed(&pool).await {
            sealed += usize::from(seal_next(&pool, mark).await.unwrap().is_some());
        }
        pool.close().await;
        sealed
    };
    let (one, other) = tokio::join!(worker(), worker());
    assert_eq!(one + other, 20);
    let report = check(&world).await;
    assert_eq!((report.seals, report.entries, report.faults), (20, 20, Vec::new()));
    world.end().await;
}

async fn world_has_unsealed(pool: &PgPool) -> bool {
    let sql =
        "SELECT (SELECT count(*) FROM consent_ledger) > (SELECT coalesce(sum(rows), 0) FROM consent_seals)";
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn every_column_of_the_ledger_is_sealed() {
    let world = World::create().await;
    let sql = "SELECT string_agg(column_name, ' ' ORDER BY ordinal_position) FROM information_schema.columns
               WHERE table_name = 'consent_ledger'";
    let columns: String = sqlx::query_scalar(sql).fetch_one(&world.pool).await.unwrap();
    assert_eq!(
        columns,
        "entry_key person_key purpose channel action source actor wording_id wording_sha256 said_at recorded_at",
        "a new column belongs into the digest of a new version",
    );
    world.end().await;
}
