//! Workers of the first release and of this one share queues and database. `FAULTS_OLD_WORKER` names the first release's
//! worker; without it these scenarios are skipped.

use std::time::Duration;

use rand::Rng as _;
use support::{Expect, PATIENCE, Release, TestEnv, first_worker, injected, rounds, seed, skip, until};

use crate::people::signups;

const CONCURRENCY: usize = 10;

/// True where the first release's worker is not available; says so in the list of skipped scenarios.
fn is_skipped() -> anyhow::Result<bool> {
    let skipped = first_worker().is_none();
    if skipped {
        skip("FAULTS_OLD_WORKER is not set: `./dev faults` builds the worker of the first release")?;
    }
    Ok(skipped)
}

/// Starts one more worker of this release and waits until it is ready.
async fn join(test: &mut TestEnv, release: Release) -> anyhow::Result<()> {
    test.launch_worker_of(release).await?.until_ready(200).await?;
    Ok(())
}

async fn migrate(test: &mut TestEnv, release: Release) -> anyhow::Result<()> {
    let (code, output) = test.program(release.program(), &["migrate"]).await?;
    anyhow::ensure!(code == 0, "migrate of {release:?} ended with {code}: {output}");
    Ok(())
}

/// Waits until workers of both releases have sent messages.
async fn until_both_send(test: &TestEnv) -> anyhow::Result<()> {
    until("workers of both releases send", PATIENCE, async || {
        let (mut first, mut current) = (0.0, 0.0);
        for worker in &test.workers {
            let sent = worker.metric("onboarding_messages_sent_total", "").await?;
            match worker.release() {
                Release::First => first += sent,
                Release::Current => current += sent,
            }
        }
        let both = first > 0.0 && current > 0.0;
        Ok(if both { Ok(()) } else { Err(format!("first release: {first}, this one: {current}")) })
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn sigkill_at_random_with_a_worker_of_each_release() -> anyhow::Result<()> {
    if is_skipped()? {
        return Ok(());
    }
    let (kills, users) = (rounds(12, 50), rounds(500, 5_000));
    let between = users * 3 / 4 / kills;
    let mut random = seed("SIGKILL with mixed releases");
    let mut test = TestEnv::builder().unmigrated().simulator(&["--latency", "20ms"]).build().await?;
    migrate(&mut test, Release::Current).await?;
    test.database.watch_unknown().await?;
    join(&mut test, Release::First).await?;
    join(&mut test, Release::Current).await?;
    test.broker.publish_all(&signups(0..users)).await?;
    until_both_send(&test).await?;
    for kill in 1..=kills {
        test.until_asked(kill * between + random.gen_range(0..10)).await?;
        tokio::time::sleep(Duration::from_millis(random.gen_range(0..60))).await;
        // The first two kills end one worker of each release: the new worker is always the last of the list.
        let victim = if kill <= 2 { 0 } else { random.gen_range(0..2) };
        let release = test.workers[victim].release();
        test.kill_worker(victim)?;
        test.launch_worker_of(release).await?;
    }
    let users = usize::try_from(users)?;
    test.until_final(users).await?;
    let accepted = usize::try_from(test.simulator.totals().await?.accepted)?;
    let parked = usize::try_from(kills)? * CONCURRENCY;
    assert!(accepted + parked >= users, "{accepted} accepted");
    test.finish(Expect::users(users).parked_unsent(parked)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_under_load_from_the_first_release() -> anyhow::Result<()> {
    if is_skipped()? {
        return Ok(());
    }
    let part = rounds(400, 2_000);
    let mut test = TestEnv::builder().unmigrated().simulator(&["--latency", "20ms"]).build().await?;
    migrate(&mut test, Release::First).await?;
    test.database.watch_unknown().await?;
    join(&mut test, Release::First).await?;
    join(&mut test, Release::First).await?;
    test.broker.publish_all(&signups(0..2 * part)).await?;
    test.until_asked(part / 2).await?;
    let before = test.simulator.totals().await?.accepted;

    migrate(&mut test, Release::Current).await?;
    injected(1);
    let after = test.simulator.totals().await?.accepted;
    println!("accepted: {before} before the migrations, {after} behind them");
    assert!(after < u64::from(2 * part), "the migrations ran under load");

    join(&mut test, Release::Current).await?;
    test.broker.publish_all(&signups(2 * part..3 * part)).await?;
    until_both_send(&test).await?;
    while let Some(first) = test.workers.iter().position(|w| w.release() == Release::First) {
        test.stop_worker(first).await?;
        injected(1);
    }
    test.broker.publish_all(&signups(3 * part..4 * part)).await?;
    let users = usize::try_from(4 * part)?;
    test.until_final(users).await?;
    assert_eq!(test.simulator.totals().await?.accepted, users as u64, "everybody was texted");
    test.finish(Expect::users(users)).await
}
