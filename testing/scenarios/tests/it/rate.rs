//! `SEND_RATE` over all workers, by the simulator's own ledger.

use shared::lane::QueueLane;
use support::{EventBody, Expect, PATIENCE, TestEnv, injected, number, rounds, until};

use crate::people::signups;

const CONCURRENCY: usize = 16;
/// How long a fleet sends at its full rate.
const SECONDS: u32 = 6;

/// `workers` at first; one joins after a third, one is killed after two thirds.
async fn fleet(rate: u32, workers: u32, seconds: u32) -> anyhow::Result<()> {
    let users = rate * seconds;
    let mut test = TestEnv::builder()
        .env("SEND_RATE", &rate.to_string())
        .env("WORKER_CONCURRENCY", &CONCURRENCY.to_string())
        .env("SWEEP_GRACE", "20s")
        .build()
        .await?;
    for _ in 0..workers {
        test.start_worker().await?;
    }
    test.broker.publish_all(&signups(0..users)).await?;
    test.until_accepted(u64::from(users / 3)).await?;
    test.start_worker().await?;
    test.until_accepted(u64::from(users * 2 / 3)).await?;
    test.kill_worker(0)?;
    injected(2);
    let users = usize::try_from(users)?;
    test.until_final(users).await?;
    let busiest = test.simulator.totals().await?.busiest_second();
    // The one that joined counts, too.
    let most = rate * 11 / 10 + 2 * (workers + 1);
    println!("{rate} per second, {workers} workers and one: {busiest} in the busiest second, {most} allowed");
    assert!(busiest <= most, "{busiest} in one second, {most} allowed");
    test.finish(Expect::users(users).parked_unsent(CONCURRENCY)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rate_holds_for_all_workers_together() -> anyhow::Result<()> {
    fleet(50, 2, rounds(3, SECONDS)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rate_holds_for_fleets_of_every_size() -> anyhow::Result<()> {
    for workers in 1..=rounds(1, 4) {
        for rate in [20, 50, 500].into_iter().take(usize::try_from(rounds(1, 3))?) {
            fleet(rate, workers, rounds(3, SECONDS)).await?;
        }
    }
    Ok(())
}

/// Imports the first `users` stored users and publishes their backfill events.
async fn backfill(test: &TestEnv, users: u32) -> anyhow::Result<()> {
    for n in 0..users {
        let user = format!("stored-{n}");
        test.database.import(&user, &number(n)).await?;
        test.broker.publish(QueueLane::Backfill, &EventBody::stored(&user).bytes()).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn live_signups_pass_a_backfill_that_waits_for_the_rate() -> anyhow::Result<()> {
    const STORED: u32 = 150;
    const LIVE: u32 = 10;
    let mut test = TestEnv::builder().env("SEND_RATE", "20").env("SWEEP_GRACE", "20s").build().await?;
    backfill(&test, STORED).await?;
    test.start_worker().await?;
    // The backfill has its prefetched deliveries waiting for tokens.
    test.until_accepted(5).await?;
    for n in 0..LIVE {
        test.signup(&format!("live-{n}"), &number(STORED + n)).await?;
    }
    let published: chrono::DateTime<chrono::Utc> =
        sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(&test.database.pool).await?;
    let welcomed = "SELECT count(*) FROM attempts WHERE lane = 'live' AND outcome = 'accepted'";
    until("the live ones are welcomed", PATIENCE, async || {
        let now = test.database.number(welcomed).await?;
        Ok(if now == i64::from(LIVE) { Ok(()) } else { Err(now.to_string()) })
    })
    .await?;
    let meanwhile = "SELECT count(*) FROM attempts WHERE lane = 'backfill' AND claimed_at > $1
                     AND claimed_at < (SELECT max(claimed_at) FROM attempts WHERE lane = 'live')";
    let passed: i64 = sqlx::query_scalar(meanwhile).bind(published).fetch_one(&test.database.pool).await?;
    assert!(passed < i64::from(STORED / 2), "{passed} of the backfill went before the last of the live ones");
    test.finish(Expect::users(usize::try_from(STORED + LIVE)?)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_lowers_the_calls_in_flight_until_it_ends() -> anyhow::Result<()> {
    let test = TestEnv::builder().env("WORKER_CONCURRENCY", "32").with_worker().await?;
    let limit = async |test: &TestEnv| test.workers[0].metric("onboarding_concurrency_limit", "").await;
    assert!((limit(&test).await? - 32.0).abs() < 0.5);
    let throttled =
        serde_json::json!([{ "operation": "create", "action": { "type": "error", "code": 20429 } }]);
    test.simulator.faults(throttled).await?;
    test.broker.publish_all(&signups(0..100)).await?;
    until("the limit is near its floor", PATIENCE, async || {
        let now = limit(&test).await?;
        Ok(if now <= 8.0 { Ok(()) } else { Err(now.to_string()) })
    })
    .await?;
    test.simulator.faults(serde_json::json!([])).await?;
    test.until_final(100).await?;
    let mut next = 100;
    until("the limit is back", PATIENCE, async || {
        // It takes calls to learn that Twilio bears them again.
        test.broker.publish_all(&signups(next..next + 20)).await?;
        next += 20;
        let now = limit(&test).await?;
        Ok(if now > 31.5 { Ok(()) } else { Err(now.to_string()) })
    })
    .await?;
    assert!(test.workers[0].metric("onboarding_calls_in_flight", "backfill").await? < 0.5);
    test.finish(Expect::users(usize::try_from(next)?)).await
}
