//! The pace of a backfill, and `--watch`.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shared::lane::QueueLane;
use support::Program;

use crate::{
    backfill,
    canary::{env_of, welcome},
};

const RECEIVED: &str = "SELECT count(*) FROM users WHERE state = 'received'";

#[test]
fn the_rate_limits_users_per_second() {
    let test = env_of(30);
    let began = Instant::now();
    let report = backfill(&test, "--yes --rate 10").expect(0).json();
    assert_eq!(report["enqueued"]["total"], 30);
    assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
}

#[test]
fn the_run_waits_for_a_full_queue() {
    let test = env_of(40);
    let flags = "--yes --output jsonl --rate 10 --max-depth 15";
    let running = test.command(Program::Backfill).args(flags).start();
    test.wait_for("two pages", async |w| Ok(w.database.number(RECEIVED).await? == 20));
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(test.run(test.database.number(RECEIVED)), 20, "twenty are ready, fifteen are allowed");
    test.wait_for("the rest", async |w| {
        w.broker.drain(QueueLane::Backfill).await?;
        Ok(w.database.number(RECEIVED).await? == 40)
    });
    let ended = running.end().expect(0);
    let lines: Vec<Value> = ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (summary, statuses) = lines.split_last().unwrap();
    assert_eq!((&summary["type"], &summary["enqueued"]["total"]), (&json!("summary"), &json!(40)));
    assert!(statuses.iter().all(|line| line["type"] == "status" && line["phase"] == "enqueueing"));
    let waits = |line: &Value| line["waits_for"].as_str().is_some_and(|why| why.contains("--max-depth 15"));
    assert!(statuses.iter().any(waits), "{}", ended.stdout);
}

#[test]
fn watch_follows_the_run_until_each_outcome_is_final() {
    let test = env_of(10);
    test.run(
        test.database
            .execute("UPDATE users SET run_id = gen_random_uuid(), state = 'failed' WHERE user_id = '010'"),
    );
    let running = test.command(Program::Backfill).args("--yes --output json --watch").start();
    test.wait_for("everybody", async |w| Ok(w.database.number(RECEIVED).await? == 9));
    welcome(&test, 5, "delivered");
    welcome(&test, 3, "undelivered");
    test.run(
        test.database
            .execute("UPDATE users SET state = 'rejected', reason = 'landline' WHERE state = 'received'"),
    );
    let report = running.end().expect(0).json();
    let outcome = |state: &str, welcome: &str, reason: Value, users: u32| json!({"state": state, "welcome": welcome, "reason": reason, "users": users});
    let expected = json!([
        outcome("registered", "delivered", Value::Null, 5),
        outcome("registered", "undelivered", Value::Null, 3),
        outcome("rejected", "not_sent", json!("landline"), 1),
    ]);
    assert_eq!(report["outcomes"], expected);
}

#[test]
fn watching_ends_at_once_on_a_signal() {
    let test = env_of(3);
    let running = test.command(Program::Backfill).args("--yes --watch").start();
    let finished = "SELECT count(*) FROM backfill_runs WHERE state = 'finished'";
    test.wait_for("the run", async |w| Ok(w.database.number(finished).await? == 1));
    running.interrupt();
    let ended = running.end().expect(130);
    assert!(ended.stdout.contains("ENQUEUED") && ended.stdout.contains("received"), "{}", ended.stdout);
}
