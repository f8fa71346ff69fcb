//! A lane held back by an operator.

use std::time::Duration;

use shared::lane::QueueLane;
use support::{EventBody, Expect, PATIENCE, TestEnv, number, until};

use crate::people::signups;

/// Waits until every worker says `word` of a lane, and is ready all the same.
async fn until_all_say(test: &TestEnv, lane: &str, word: &str) -> anyhow::Result<()> {
    let wanted = format!("\"{lane}_lane\":\"{word}");
    for worker in &test.workers {
        until(&format!("a worker says {wanted}"), PATIENCE, async || {
            let body = worker.until_ready(200).await?;
            Ok(if body.contains(&wanted) { Ok(()) } else { Err(body) })
        })
        .await?;
    }
    Ok(())
}

async fn asked(test: &TestEnv) -> anyhow::Result<(u32, u64)> {
    let totals = test.simulator.totals().await?;
    Ok((totals.asked_in_all(), totals.lookups))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_under_load_stops_every_worker_and_loses_nobody() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().env("SEND_RATE", "20").with_worker().await?;
    test.start_worker().await?;
    test.broker.publish_all(&signups(0..300)).await?;
    until("some are welcomed", PATIENCE, async || {
        let accepted = test.simulator.totals().await?.accepted;
        Ok(if accepted >= 10 { Ok(()) } else { Err(accepted.to_string()) })
    })
    .await?;
    let (code, said) = test.command(&["pause", "--reason", "wrong wording", "--actor", "maya"]).await?;
    assert_eq!(code, 0, "{said}");
    until_all_say(&test, "live", "paused until `worker resume`").await?;
    until_all_say(&test, "backfill", "paused until").await?;
    let before = asked(&test).await?;
    assert!(before.0 < 300, "the pause came too late to show anything");
    for worker in &test.workers {
        assert!(worker.metric("onboarding_lane_paused", "live").await? > 0.5);
        assert!(worker.metric("onboarding_events_in_flight", "").await? < 0.5, "deliveries are in hand");
    }
    // Twenty rounds of the sweeper, which leaves a paused lane alone.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(asked(&test).await?, before, "Twilio was asked while everything is paused");
    let (code, said) = test.command(&["resume", "--actor", "maya"]).await?;
    assert!(code == 0 && said.contains("live lane resumed"), "{said}");
    test.until_final(300).await?;
    let audited = "SELECT count(*) FROM audit_log WHERE actor = 'maya' AND action IN ('pause', 'resume')";
    assert_eq!(test.database.number(audited).await?, 6, "live, tips and backfill, twice each");
    test.finish(Expect::users(300)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn live_goes_on_while_backfill_is_paused() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().with_worker().await?;
    let pause = ["pause", "--lane", "backfill", "--reason", "full", "--until", "1h"];
    assert_eq!(test.command(&pause).await?.0, 0);
    until_all_say(&test, "backfill", "paused until 2").await?;
    test.database.import("stored", &number(1)).await?;
    test.broker.publish(QueueLane::Backfill, &EventBody::stored("stored").bytes()).await?;
    test.signup("live", &number(2)).await?;
    test.until_case("live", "registered delivered -").await?;
    let stored = test.database.outcome("stored").await?.expect("a row");
    assert_eq!(stored.case(), "stored not_sent -");
    assert_eq!(test.command(&["resume", "--lane", "backfill"]).await?.0, 0);
    test.until_case("stored", "registered delivered -").await?;
    test.finish(Expect::users(2)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_with_an_end_ends_by_itself() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    let pause = ["pause", "--lane", "live", "--reason", "lunch", "--until", "6s"];
    assert_eq!(test.command(&pause).await?.0, 0);
    // A worker that starts during a pause obeys it from the start.
    test.signup("one", &number(1)).await?;
    test.start_worker().await?;
    test.until_case("one", "registered delivered -").await?;
    let over = "SELECT count(*) FROM attempts WHERE claimed_at > (SELECT ends_at FROM pauses)";
    assert_eq!(test.database.number(over).await?, 1, "she was welcomed while the lane was paused");
    let past = ["pause", "--reason", "x", "--until", "2020-01-01"];
    let (code, said) = test.command(&past).await?;
    assert!(code == 2 && said.contains("in the past"), "{said}");
    test.finish(Expect::users(1)).await
}
