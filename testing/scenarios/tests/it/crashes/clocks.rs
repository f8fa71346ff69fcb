//! A worker whose clock is wrong. Leases are counted by the database's clock alone.

use std::time::Duration;

use rand::Rng as _;
use serde_json::json;
use support::{Expect, FastClock, TestEnv, rounds, seed};

use crate::people::signups;

const AHEAD: u32 = 90;
const CONCURRENCY: usize = 20;

/// Starts a worker: the one with the correct clock (0) or the one whose clock is ahead (1).
async fn start(test: &mut TestEnv, which: usize, clock: &FastClock) -> anyhow::Result<()> {
    if which == 0 {
        test.launch_worker().await?;
        // It was put last.
        test.workers.rotate_right(1);
    } else {
        test.launch_worker_with(clock).await?;
    }
    Ok(())
}

/// If a worker takes a claim for expired while its call is under way, this policy frees the claim and a second
/// message is sent. So only the database may say what time it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_clock_is_ahead_takes_no_claim_from_the_other() -> anyhow::Result<()> {
    let (kills, users) = (rounds(2, 12), rounds(120, 1_200));
    let Some(clock) = FastClock::ahead(AHEAD)? else { return Ok(()) };
    let mut random = seed("clock ahead");
    let plan = TestEnv::builder().env("UNKNOWN_POLICY", "resend_once").env("UNKNOWN_CHECKS", "300ms,600ms");
    let plan = plan.env("TWILIO_TIMEOUT", "3s").env("LEASE", "6s").env("WORKER_CONCURRENCY", "20");
    let mut test = plan.build().await?;
    // Each call is under way for longer than it takes until the last check would find nothing.
    let slow = json!({ "type": "latency", "ms": 1_200 });
    let rules = json!([
        { "operation": "create", "probability": 0.1, "action": [slow, { "type": "reset", "store": true }] },
        { "operation": "create", "action": slow },
    ]);
    test.simulator.faults(rules).await?;
    for which in 0..2 {
        start(&mut test, which, &clock).await?;
    }
    assert!(is_ahead(&test.workers[1].log()), "the clock is not ahead");
    test.until_all_ready().await?;
    test.broker.publish_all(&signups(0..users)).await?;
    for kill in 1..=kills {
        let accepted = u64::from(kill * (users * 3 / 4) / (kills + 1));
        test.until_accepted(accepted).await?;
        tokio::time::sleep(Duration::from_millis(random.gen_range(0..500))).await;
        let which = random.gen_range(0..2);
        test.kill_worker(which)?;
        start(&mut test, which, &clock).await?;
    }
    let users = usize::try_from(users)?;
    test.until_final(users).await?;
    let apart =
        "SELECT count(DISTINCT worker_id) FROM attempts WHERE lease_until = claimed_at + interval '6 s'";
    assert!(test.database.number(apart).await? >= 2, "one worker did nothing");
    let otherwise = "SELECT count(*) FROM attempts WHERE lease_until <> claimed_at + interval '6 s'";
    assert_eq!(test.database.number(otherwise).await?, 0, "a lease is counted by another clock");
    test.finish(Expect::users(users).parked(usize::try_from(kills)? * CONCURRENCY)).await
}

/// Whether a log that has just begun was written by a clock ahead of ours.
fn is_ahead(log: &str) -> bool {
    let first = log.lines().find_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let at = first.and_then(|line| line["timestamp"].as_str()?.parse::<chrono::DateTime<chrono::Utc>>().ok());
    at.is_some_and(|at| at > chrono::Utc::now())
}
