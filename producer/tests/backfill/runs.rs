//! Runs that are interrupted, killed or refused, and resumed.

use std::collections::HashSet;

use serde_json::json;
use shared::lane::QueueLane;
use support::{CommandEnv, Program};

use crate::{backfill, enqueued_ids};

const RECEIVED: &str = "SELECT count(*) FROM users WHERE state = 'received'";

fn env_of(users: u64) -> CommandEnv {
    let test = CommandEnv::new();
    test.run(test.database.execute(&format!(
        "INSERT INTO users (user_id, phone_raw, source, changed_at)
         SELECT n::text, '98' || lpad(n::text, 8, '0'), 'import', now() FROM generate_series(1, {users}) n"
    )));
    test
}

fn texts(test: &CommandEnv, sql: &str) -> Vec<String> {
    test.run(test.database.texts(sql)).into_iter().flatten().collect()
}

fn run_states(test: &CommandEnv) -> Vec<String> {
    texts(test, "SELECT state FROM backfill_runs ORDER BY started_at")
}

#[test]
fn an_interrupted_run_is_finished_by_the_next() {
    const USERS: u64 = 10_000;
    let test = env_of(USERS);
    let received = RECEIVED;
    let running = test.command(Program::Backfill).args("--yes --output json").start();
    test.wait_for("the first page", async |w| Ok(w.database.number(received).await? > 0));
    running.interrupt();
    let first = running.end().expect(130).json();
    let marked = test.run(test.database.number(received));
    assert_eq!((&first["enqueued"]["total"], &first["complete"]), (&json!(marked), &json!(false)));
    assert_eq!(first["remaining"].as_u64().unwrap() + first["enqueued"]["total"].as_u64().unwrap(), USERS);
    let second = backfill(&test, "--yes").expect(0).json();
    assert_eq!(second["skipped"]["queued"], first["enqueued"]["total"]);
    let ids = enqueued_ids(&test);
    let distinct: HashSet<&String> = ids.iter().collect();
    assert_eq!((ids.len() as u64, distinct.len() as u64), (USERS, USERS));
}

#[test]
fn a_killed_run_resumes_where_it_was_killed() {
    const USERS: u64 = 3000;
    let test = env_of(USERS);
    let running = test.command(Program::Backfill).args("--yes --rate 300 --actor maya").start();
    test.wait_for("two pages", async |w| Ok(w.database.number(RECEIVED).await? >= 600));
    running.kill();
    assert_eq!(run_states(&test), ["running"]);
    let [run] = &texts(&test, "SELECT left(id::text, 8) FROM backfill_runs")[..] else { panic!("one run") };

    let report =
        backfill(&test, &format!("--yes --resume {run} --actor sita --reason storm")).expect(0).json();
    assert!(report["run"].as_str().unwrap().starts_with(run.as_str()));
    assert_eq!(
        (&report["enqueued"]["total"], &report["enqueued"]["welcome"]),
        (&json!(USERS), &json!(USERS))
    );
    assert_eq!((&report["skipped"]["total"], &report["selected"]), (&json!(0), &json!(USERS)));
    assert_eq!(run_states(&test), ["finished"]);
    let ids = enqueued_ids(&test);
    let distinct: HashSet<&String> = ids.iter().collect();
    // The page in hand when it was killed may have been published twice.
    assert!(distinct.len() as u64 == USERS && ids.len() as u64 <= USERS + 300, "{}", ids.len());
    let audited = texts(&test, "SELECT concat_ws('|', actor, action, reason) FROM audit_log ORDER BY id");
    assert_eq!(audited, ["maya|backfill|", "sita|backfill --resume|storm"]);

    let again = backfill(&test, "--yes --resume last").expect(2);
    assert!(again.stderr.contains("is finished"), "{}", again.stderr);
    let unknown = backfill(&test, "--yes --resume ffff-ffff").expect(2);
    assert!(unknown.stderr.contains("there is no run"), "{}", unknown.stderr);
}

#[test]
fn a_new_run_finds_a_killed_one_interrupted() {
    let test = env_of(1000);
    let running = test.command(Program::Backfill).args("--yes --rate 100").start();
    test.wait_for("a page", async |w| Ok(w.database.number(RECEIVED).await? >= 100));
    running.kill();
    let report = backfill(&test, "--yes").expect(0).json();
    let behind = report["skipped"]["queued"].as_u64().unwrap();
    assert!(behind >= 100 && behind + report["enqueued"]["total"].as_u64().unwrap() == 1000, "{report}");
    assert_eq!(run_states(&test), ["interrupted", "finished"]);
}

#[test]
fn a_refused_page_is_scanned_again_and_no_user_is_counted_twice() {
    const USERS: u64 = 1000;
    let test = env_of(USERS);
    let running = test.command(Program::Backfill).args("--yes --output json --rate 200").start();
    test.wait_for("a page", async |w| Ok(w.database.number(RECEIVED).await? >= 200));
    test.run(test.broker.unbind(QueueLane::Backfill));
    let ended = running.end().expect(3);
    assert!(ended.stderr.contains("backfill --resume "), "{}", ended.stderr);
    assert_eq!(run_states(&test), ["halted"]);
    // Confirmed beyond the cursor, as if the broker had refused others of the page.
    test.run(test.database.execute(
        "UPDATE users SET state = 'received', lane = 'backfill', enqueued_at = now(),
                          run_id = (SELECT id FROM backfill_runs)
         WHERE user_id = (SELECT max(user_id) FROM users)",
    ));
    let report = backfill(&test, "--yes --resume last").expect(0).json();
    assert_eq!((&report["enqueued"]["total"], &report["skipped"]["total"]), (&json!(USERS), &json!(0)));
    let ids = enqueued_ids(&test);
    assert_eq!(ids.len() as u64, USERS - 1, "whom it counted as enqueued it did not publish again");
    assert_eq!(test.run(test.database.number(RECEIVED)).cast_unsigned(), USERS);
}

#[test]
fn a_user_who_shares_a_phone_across_an_interruption_is_counted_as_sharing() {
    let test = env_of(1000);
    test.run(test.database.execute("UPDATE users SET phone_raw = '9841000001'"));
    let running = test.command(Program::Backfill).args("--yes --rate 100").start();
    test.wait_for("a page", async |w| Ok(w.database.number(RECEIVED).await? >= 100));
    running.interrupt();
    running.end().expect(130);
    let report = backfill(&test, "--yes --resume last").expect(0).json();
    assert_eq!(
        (&report["enqueued"]["welcome"], &report["enqueued"]["shared_phone"]),
        (&json!(1), &json!(999))
    );
}
