//! A broker of the scenario's own is restarted, away, wiped.

use std::time::Duration;

use support::{Expect, PrivateBroker, TestEnv, number, rounds};

use crate::people::signups;

/// Starts the broker again and waits until both workers consume. Neither needs a restart for that.
async fn back(broker: &PrivateBroker, test: &mut TestEnv, after: &str) -> anyhow::Result<()> {
    for worker in &test.workers {
        worker.until_ready(503).await?;
        assert_eq!(worker.probe("livez").await?.0, 200, "nobody is to restart it for that");
    }
    broker.start_again().await?;
    let took = test.until_all_ready().await?;
    println!("broker {after}: consuming again after {:.1} s", took.as_secs_f64());
    for worker in &mut test.workers {
        assert!(!worker.is_gone()?);
        let connected = worker.metric("onboarding_amqp_connected", "").await?;
        assert!(connected > 1.5, "both lanes are to be connected: {connected}");
    }
    test.broker.reconnect().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_broker_is_restarted_again_and_again_under_load() -> anyhow::Result<()> {
    const SIGNUPS: u32 = 120;
    let restarts = rounds(2, 20);
    let Some(broker) = PrivateBroker::start(&[]).await? else { return Ok(()) };
    let plan = TestEnv::builder().simulator(&["--latency", "100ms"]).private_broker(&broker);
    let mut test = plan.with_two_workers().await?;
    for restart in 0..restarts {
        test.broker.publish_all(&signups(restart * SIGNUPS..(restart + 1) * SIGNUPS)).await?;
        test.until_accepted(u64::from(restart * SIGNUPS + 20)).await?;
        let killed = restart % 2 == 0;
        if killed {
            broker.kill().await?;
        } else {
            broker.stop().await?;
        }
        back(&broker, &mut test, if killed { "killed" } else { "stopped" }).await?;
    }
    let users = restarts * SIGNUPS;
    test.until_final(usize::try_from(users)?).await?;
    assert_eq!(
        test.simulator.totals().await?.asked_in_all(),
        users,
        "a delivery that came again asked nobody"
    );
    test.finish(Expect::users(usize::try_from(users)?)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_away_for_long_is_waited_for() -> anyhow::Result<()> {
    let away = Duration::from_secs(rounds(5, 12 * 60).into());
    let Some(broker) = PrivateBroker::start(&[]).await? else { return Ok(()) };
    let plan = TestEnv::builder().simulator(&["--latency", "100ms"]).private_broker(&broker);
    let mut test = plan.with_two_workers().await?;
    test.broker.publish_all(&signups(0..150)).await?;
    test.until_accepted(20).await?;
    broker.stop().await?;
    tokio::time::sleep(away).await;
    back(&broker, &mut test, &format!("away {} s", away.as_secs())).await?;
    test.broker.publish_all(&signups(150..200)).await?;
    test.until_final(200).await?;
    assert_eq!(test.simulator.totals().await?.asked_in_all(), 200);
    test.finish(Expect::users(200)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_whose_disk_is_lost_loses_nobody_a_backfill_enqueued() -> anyhow::Result<()> {
    let users = rounds(100, 1000);
    let Some(broker) = PrivateBroker::start(&[]).await? else { return Ok(()) };
    let mut test = TestEnv::builder().private_broker(&broker).build().await?;
    for n in 0..users {
        test.database.import(&format!("u{n}"), &number(n)).await?;
    }
    let (code, said) = test.program("backfill", &["--yes", "--output", "json"]).await?;
    assert_eq!(code, 0, "{said}");
    assert_eq!(test.broker.ready().await?, users, "every event is pending");
    test.database.import("never enqueued", &number(users)).await?;
    broker.kill().await?;
    broker.wipe().await?;
    test.launch_worker().await?;
    test.launch_worker().await?;
    broker.start_again().await?;
    let took = test.until_all_ready().await?;
    println!("broker wiped: consuming after {:.1} s", took.as_secs_f64());
    test.broker.reconnect().await?;
    let all = usize::try_from(users)? + 1;
    test.until_final_but(all, &["never enqueued"]).await?;
    test.until_case("never enqueued", "stored not_sent -").await?;
    let ledger = test.simulator.ledger().await?;
    assert_eq!((ledger.accepted, ledger.asked(&number(users))), (u64::from(users), 0));
    test.finish(Expect::users(all).waiting("never enqueued")).await
}
