//! Broker or database away, at the start and later.

use std::time::Duration;

use support::{Expect, PATIENCE, Plan, number, until};

use crate::people::signups;

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_down_at_the_start_is_waited_for() -> anyhow::Result<()> {
    let mut stage = Plan::default().build().await?;
    stage.roads.broker.close().await?;
    stage.signup("early", &number(1)).await?;
    let said = stage.launch_worker().await?.until_ready(503).await?;
    assert!(said.contains("not consuming"), "{said}");
    assert_eq!(stage.workers[0].probe("livez").await?.0, 200);
    until("the log says what is missing", PATIENCE, async || {
        let log = stage.workers[0].log();
        Ok(if log.contains("RabbitMQ") { Ok(()) } else { Err(log) })
    })
    .await?;
    stage.roads.broker.open().await?;
    stage.workers[0].until_ready(200).await?;
    stage.until_case("early", "registered delivered -").await?;
    stage.finish(Expect::users(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_down_at_the_start_is_waited_for() -> anyhow::Result<()> {
    let mut stage = Plan::default().build().await?;
    stage.roads.database.close().await?;
    stage.signup("early", &number(1)).await?;
    let said = stage.launch_worker().await?.until_ready(503).await?;
    assert!(said.contains("cannot be reached"), "{said}");
    assert_eq!(stage.simulator.totals().await?.asked_in_all(), 0, "nothing is sent that cannot be recorded");
    stage.roads.database.open().await?;
    stage.workers[0].until_ready(200).await?;
    stage.until_case("early", "registered delivered -").await?;
    stage.finish(Expect::users(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_goes_away_loses_nothing() -> anyhow::Result<()> {
    let stage = Plan::default().simulator(&["--latency", "20ms"]).with_worker().await?;
    stage.broker.publish_all(&signups(0..200)).await?;
    support::until("some are done", support::PATIENCE, async || {
        let done = stage.simulator.totals().await?.accepted;
        Ok(if done >= 20 { Ok(()) } else { Err(done.to_string()) })
    })
    .await?;
    stage.roads.broker.close().await?;
    stage.workers[0].until_ready(503).await?;
    stage.broker.publish_all(&signups(200..250)).await?;
    stage.roads.broker.open().await?;
    stage.workers[0].until_ready(200).await?;
    stage.until_final(250).await?;
    assert_eq!(stage.simulator.totals().await?.accepted, 250);
    stage.finish(Expect::users(250)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_loses_nothing() -> anyhow::Result<()> {
    let stage = Plan::default().simulator(&["--latency", "20ms"]).with_worker().await?;
    stage.broker.publish_all(&signups(0..200)).await?;
    support::until("some are done", support::PATIENCE, async || {
        let done = stage.simulator.totals().await?.accepted;
        Ok(if done >= 20 { Ok(()) } else { Err(done.to_string()) })
    })
    .await?;
    stage.roads.database.close().await?;
    stage.workers[0].until_ready(503).await?;
    stage.broker.publish_all(&signups(200..250)).await?;
    stage.roads.database.open().await?;
    stage.workers[0].until_ready(200).await?;
    stage.until_final(250).await?;
    assert_eq!(stage.simulator.totals().await?.accepted, 250);
    stage.finish(Expect::users(250)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_services_change_nothing() -> anyhow::Result<()> {
    let stage = Plan::default().with_worker().await?;
    for road in [&stage.roads.broker, &stage.roads.database, &stage.roads.twilio] {
        road.delay(Duration::from_millis(20));
    }
    stage.broker.publish_all(&signups(0..100)).await?;
    stage.until_final(100).await?;
    assert_eq!(stage.simulator.totals().await?.accepted, 100);
    stage.finish(Expect::users(100)).await
}
