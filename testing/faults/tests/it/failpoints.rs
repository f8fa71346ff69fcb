//! The worker is killed at named points of its own code. These need the worker built with failpoints:
//! `cargo build -p worker --features failpoints --profile faults --target-dir target/failpoints`.

use faults::{Expect, PATIENCE, Plan, Stage, rounds, seed, until};
use rand::Rng as _;

use crate::people::signups;

const CONCURRENCY: usize = 10;
/// More than pass any point before the kill: every worker finds enough to die of.
const USERS_PER_KILL: u32 = 30;
const LATEST_PASSAGE: u32 = 10;

/// Lets one worker after the other die at `point`, then lets a sound one finish.
async fn die_at(point: &str) -> anyhow::Result<()> {
    let kills = rounds(3, 100);
    let mut random = seed(point);
    let mut stage = Plan::default().build().await?;
    let users = kills * USERS_PER_KILL;
    for kill in 0..kills {
        stage.broker.publish_all(&signups(kill * USERS_PER_KILL..(kill + 1) * USERS_PER_KILL)).await?;
        let at = random.gen_range(1..=LATEST_PASSAGE);
        stage.env.insert("FAILPOINT".to_owned(), format!("{point}:{at}"));
        until_one_has_died(&mut stage).await?;
    }
    stage.env.remove("FAILPOINT");
    stage.start_worker().await?;
    let users = usize::try_from(users)?;
    stage.finish(Expect::users(users).parked(usize::try_from(kills)? * CONCURRENCY)).await
}

async fn until_one_has_died(stage: &mut Stage) -> anyhow::Result<()> {
    // Err: it died before it was seen to listen.
    if stage.launch_worker().await.is_ok() {
        until("the worker dies", PATIENCE, async || {
            Ok(if stage.workers[0].is_gone()? { Ok(()) } else { Err("it lives".to_owned()) })
        })
        .await?;
        stage.kill_worker(0)?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_delivery() -> anyhow::Result<()> {
    die_at("after_delivery").await
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_the_claim_is_committed() -> anyhow::Result<()> {
    die_at("after_claim").await
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_the_request_is_written() -> anyhow::Result<()> {
    die_at("after_request").await
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_the_response_is_read() -> anyhow::Result<()> {
    die_at("after_response").await
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_the_outcome_is_committed() -> anyhow::Result<()> {
    die_at("after_outcome").await
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_the_ack() -> anyhow::Result<()> {
    die_at("before_ack").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panicking_handler_harms_nobody_else() -> anyhow::Result<()> {
    let mut stage = Plan::default().env("FAILPOINT", "panic_in_handler:9").build().await?;
    stage.broker.publish_all(&signups(0..200)).await?;
    stage.start_worker().await?;
    stage.until_final(200).await?;
    let panics = stage.workers[0].metric("onboarding_handler_panics_total", "").await?;
    assert!(panics >= 20.0, "{panics} panics");
    stage.finish(Expect::users(200)).await
}
