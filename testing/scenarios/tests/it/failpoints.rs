//! The worker is killed at named points of its own code. These need the worker built with the feature
//! `failpoints`.

use std::{ops::Range, time::Duration};

use rand::Rng as _;
use support::{EventBody, Expect, PATIENCE, TestEnv, injected, rounds, seed, until};

use crate::people::signups;

const CONCURRENCY: usize = 10;
/// Published together; about half of them go to the worker that is to die. That is more than it has permits for, so
/// that it holds some it has not begun with.
const LOT: u32 = 4 * 10;
const LATEST_PASSAGE: u32 = 16;
/// What a lot takes, and more.
const A_LOTS_TIME: Duration = Duration::from_millis(500);
/// From the delivery to its ack.
pub(crate) const POINTS: [&str; 6] =
    ["after_delivery", "after_claim", "after_request", "after_response", "after_outcome", "before_ack"];

/// Lets one worker after the other die at `point`, beside a sound one.
async fn die_at(point: &str) -> anyhow::Result<()> {
    let kills = rounds(3, 100);
    let mut random = seed(point);
    let mut test = TestEnv::builder().with_worker().await?;
    let mut users = 0;
    for _ in 0..kills {
        dies(&mut test, (point, random.gen_range(1..=LATEST_PASSAGE)), &mut users, signups).await?;
    }
    test.finish(expected(users, kills)?).await
}

/// The expected end after so many deaths.
pub(crate) fn expected(users: u32, kills: u32) -> anyhow::Result<Expect> {
    Ok(Expect::users(usize::try_from(users)?).parked_unsent(usize::try_from(kills)? * CONCURRENCY))
}

/// Starts a worker beside the first one, and publishes signups until it has died at a passage of a point.
pub(crate) async fn dies(
    test: &mut TestEnv,
    (point, passage): (&str, u32),
    users: &mut u32,
    signups: impl Fn(Range<u32>) -> Vec<EventBody>,
) -> anyhow::Result<()> {
    test.env.insert("FAILPOINT".to_owned(), format!("{point}:{passage}"));
    // Err: it died before it was seen to listen.
    if test.launch_worker().await.is_err() {
        injected(1);
        return Ok(());
    }
    let mut published = *users;
    until("the worker dies", PATIENCE, async || {
        test.broker.publish_all(&signups(published..published + LOT)).await?;
        published += LOT;
        let dead = until("its death", A_LOTS_TIME, async || {
            Ok(if test.workers[1].is_gone()? { Ok(()) } else { Err(String::new()) })
        });
        Ok(dead.await.map_err(|_| {
            format!("it lives after {published} signups; is it built with --features worker/failpoints?")
        }))
    })
    .await?;
    *users = published;
    test.kill_worker(1)
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
    let mut test = TestEnv::builder().env("FAILPOINT", "panic_in_handler:9").build().await?;
    let users = rounds(200, 2_000);
    test.broker.publish_all(&signups(0..users)).await?;
    test.launch_worker().await?;
    test.launch_worker().await?;
    test.until_final(usize::try_from(users)?).await?;
    let mut panics = 0.0;
    for worker in &test.workers {
        panics += worker.metric("onboarding_handler_panics_total", "").await?;
    }
    assert!(panics >= f64::from(users / 10), "{panics} panics");
    injected(usize::try_from(users / 10)?);
    test.finish(Expect::users(usize::try_from(users)?)).await
}
