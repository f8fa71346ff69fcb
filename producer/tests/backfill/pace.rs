//! The pace of a backfill, and `--watch`.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shared::lane::QueueLane;

use crate::{
    backfill,
    canary::{welcome, world_of},
    support::command::Program,
};

const RECEIVED: &str = "SELECT count(*) FROM users WHERE state = 'received'";

#[test]
fn the_rate_limits_users_per_second() {
    let world = world_of(30);
    let began = Instant::now();
    let report = backfill(&world, "--yes --rate 10").expect(0).json();
    assert_eq!(report["enqueued"]["total"], 30);
    assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
}

#[test]
fn the_run_waits_for_a_full_queue() {
    let world = world_of(40);
    let flags = "--yes --output jsonl --rate 10 --max-depth 15";
    let running = world.command(Program::Backfill).args(flags).start();
    world.wait_for("two pages", async |w| w.database.count(RECEIVED).await == 20);
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(world.run(world.database.count(RECEIVED)), 20, "twenty are ready, fifteen are allowed");
    world.wait_for("the rest", async |w| {
        w.broker.drain(QueueLane::Backfill).await;
        w.database.count(RECEIVED).await == 40
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
    let world = world_of(10);
    world.run(
        world
            .database
            .execute("UPDATE users SET run_id = gen_random_uuid(), state = 'failed' WHERE user_id = '010'"),
    );
    let running = world.command(Program::Backfill).args("--yes --output json --watch").start();
    world.wait_for("everybody", async |w| w.database.count(RECEIVED).await == 9);
    welcome(&world, 5, "delivered");
    welcome(&world, 3, "undelivered");
    world.run(
        world
            .database
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
    let world = world_of(3);
    let running = world.command(Program::Backfill).args("--yes --watch").start();
    let finished = "SELECT count(*) FROM backfill_runs WHERE state = 'finished'";
    world.wait_for("the run", async |w| w.database.count(finished).await == 1);
    running.interrupt();
    let ended = running.end().expect(130);
    assert!(ended.stdout.contains("ENQUEUED") && ended.stdout.contains("received"), "{}", ended.stdout);
}
