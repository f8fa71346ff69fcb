//! The worker dies.

use std::time::Duration;

use rand::Rng as _;
use support::{Expect, PATIENCE, TestEnv, injected, rounds, seed, until};

use crate::people::signups;

const CONCURRENCY: usize = 10;

#[tokio::test(flavor = "multi_thread")]
async fn sigkill_at_random() -> anyhow::Result<()> {
    let (kills, users) = (rounds(12, 50), rounds(500, 5_000));
    let between = users * 3 / 4 / kills;
    let mut random = seed("SIGKILL at random");
    let mut test = TestEnv::builder().simulator(&["--latency", "20ms"]).with_two_workers().await?;
    test.broker.publish_all(&signups(0..users)).await?;
    for kill in 1..=kills {
        // After a random number of further calls, plus a random part of a call's time.
        test.until_asked(kill * between + random.gen_range(0..10)).await?;
        tokio::time::sleep(Duration::from_millis(random.gen_range(0..60))).await;
        test.kill_worker(random.gen_range(0..2))?;
        test.launch_worker().await?;
    }
    let users = usize::try_from(users)?;
    test.until_final(users).await?;
    let accepted = usize::try_from(test.simulator.totals().await?.accepted)?;
    let parked = usize::try_from(kills)? * CONCURRENCY;
    assert!(accepted + parked >= users, "{accepted} accepted");
    test.finish(Expect::users(users).parked_unsent(parked)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_under_load_leaves_nothing_in_flight() -> anyhow::Result<()> {
    const PER_ROUND: u32 = 60;
    let terms = rounds(4, 50);
    let users = terms * PER_ROUND;
    let mut random = seed("SIGTERM under load");
    let mut test = TestEnv::builder().simulator(&["--latency", "60ms"]).build().await?;
    test.broker.publish_all(&signups(0..users)).await?;
    for round in 1..=terms {
        test.start_worker().await?;
        test.until_asked((round - 1) * PER_ROUND + 20 + random.gen_range(0..20)).await?;
        test.stop_worker(0).await?;
        injected(1);
        let sending = test.database.number("SELECT count(*) FROM attempts WHERE outcome = 'sending'").await?;
        assert_eq!(sending, 0, "round {round}");
    }
    test.start_worker().await?;
    test.until_final(usize::try_from(users)?).await?;
    assert_eq!(test.simulator.totals().await?.asked_in_all(), users, "nobody was asked twice");
    test.finish(Expect::users(usize::try_from(users)?)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_leaves_unknown_outcomes_that_are_found() -> anyhow::Result<()> {
    // Twilio takes longer than the worker lives: the messages exist, but the answers are lost.
    let mut test = TestEnv::builder().simulator(&["--latency", "300ms"]).with_worker().await?;
    test.broker.publish_all(&signups(0..10)).await?;
    until("calls are in flight", PATIENCE, async || {
        let sending = test.database.number("SELECT count(*) FROM attempts WHERE outcome = 'sending'").await?;
        Ok(if sending >= 5 { Ok(()) } else { Err(sending.to_string()) })
    })
    .await?;
    test.kill_worker(0)?;
    test.start_worker().await?;
    test.until_final(10).await?;
    test.finish(Expect::users(10).parked_unsent(CONCURRENCY)).await
}
