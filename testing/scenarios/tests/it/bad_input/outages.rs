//! Broker or database away, at the start and later.

use std::time::Duration;

use support::{Expect, PATIENCE, TestEnv, number, until};

use crate::people::signups;

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_down_at_the_start_is_waited_for() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    test.proxies.broker.close().await?;
    test.signup("early", &number(1)).await?;
    let said = test.launch_worker().await?.until_ready(503).await?;
    assert!(said.contains("not consuming"), "{said}");
    assert_eq!(test.workers[0].probe("livez").await?.0, 200);
    until("the log says what is missing", PATIENCE, async || {
        let log = test.workers[0].log();
        Ok(if log.contains("RabbitMQ") { Ok(()) } else { Err(log) })
    })
    .await?;
    test.proxies.broker.open().await?;
    test.workers[0].until_ready(200).await?;
    test.until_case("early", "registered delivered -").await?;
    test.finish(Expect::users(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_down_at_the_start_is_waited_for() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    test.proxies.database.close().await?;
    test.signup("early", &number(1)).await?;
    let said = test.launch_worker().await?.until_ready(503).await?;
    assert!(said.contains("cannot be reached"), "{said}");
    assert_eq!(test.simulator.totals().await?.asked_in_all(), 0, "nothing is sent that cannot be recorded");
    test.proxies.database.open().await?;
    test.workers[0].until_ready(200).await?;
    test.until_case("early", "registered delivered -").await?;
    test.finish(Expect::users(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_goes_away_loses_nothing() -> anyhow::Result<()> {
    let test = TestEnv::builder().simulator(&["--latency", "20ms"]).with_worker().await?;
    test.broker.publish_all(&signups(0..200)).await?;
    support::until("some are done", support::PATIENCE, async || {
        let done = test.simulator.totals().await?.accepted;
        Ok(if done >= 20 { Ok(()) } else { Err(done.to_string()) })
    })
    .await?;
    test.proxies.broker.close().await?;
    test.workers[0].until_ready(503).await?;
    test.broker.publish_all(&signups(200..250)).await?;
    test.proxies.broker.open().await?;
    test.workers[0].until_ready(200).await?;
    test.until_final(250).await?;
    assert_eq!(test.simulator.totals().await?.accepted, 250);
    test.finish(Expect::users(250)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_loses_nothing() -> anyhow::Result<()> {
    let test = TestEnv::builder().simulator(&["--latency", "20ms"]).with_worker().await?;
    test.broker.publish_all(&signups(0..200)).await?;
    support::until("some are done", support::PATIENCE, async || {
        let done = test.simulator.totals().await?.accepted;
        Ok(if done >= 20 { Ok(()) } else { Err(done.to_string()) })
    })
    .await?;
    test.proxies.database.close().await?;
    test.workers[0].until_ready(503).await?;
    test.broker.publish_all(&signups(200..250)).await?;
    test.proxies.database.open().await?;
    test.workers[0].until_ready(200).await?;
    test.until_final(250).await?;
    assert_eq!(test.simulator.totals().await?.accepted, 250);
    test.finish(Expect::users(250)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_services_change_nothing() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_worker().await?;
    for proxy in [&test.proxies.broker, &test.proxies.database, &test.proxies.twilio] {
        proxy.delay(Duration::from_millis(20));
    }
    test.broker.publish_all(&signups(0..100)).await?;
    test.until_final(100).await?;
    assert_eq!(test.simulator.totals().await?.accepted, 100);
    test.finish(Expect::users(100)).await
}
