//! A broker of the scenario's own that runs, and refuses part of its work.

use serde_json::json;
use support::{Expect, PATIENCE, PrivateBroker, TestEnv, number, until};

use crate::people::signups;

#[tokio::test(flavor = "multi_thread")]
async fn a_memory_alarm_blocks_publishers_and_harms_nobody() -> anyhow::Result<()> {
    const WAITING: i64 = 20;
    let Some(broker) = PrivateBroker::start(&[]).await? else { return Ok(()) };
    let mut test = TestEnv::builder().env("RETRY_MAX", "500ms").private_broker(&broker).build().await?;
    let refusals = json!([{ "operation": "create", "count": WAITING,
                            "action": { "type": "error", "status": 409, "code": 20409 } }]);
    test.simulator.faults(refusals).await?;
    test.broker.publish_all(&signups(0..100)).await?;
    broker.ctl(&["set_vm_memory_high_watermark", "0.000001"]).await?;
    test.launch_worker().await?;
    test.launch_worker().await?;
    test.until_accepted(80).await?;
    let (code, said) = test.program("signup", &["--user-id", "unconfirmed", "--phone", &number(100)]).await?;
    assert!(code != 0 && said.contains("\"confirmed\":0"), "{code}: {said}");
    until("a sweeper has met the alarm", PATIENCE, async || {
        let mut unconfirmed = 0.0;
        for worker in &test.workers {
            unconfirmed += worker.metric("onboarding_published_events_total", "result=\"timeout\"").await?;
        }
        Ok(if unconfirmed > 0.0 { Ok(()) } else { Err("every publish was confirmed".to_owned()) })
    })
    .await?;
    let waiting = test.database.number("SELECT count(*) FROM users WHERE state = 'received'").await?;
    assert_eq!(waiting, WAITING, "those who wait for a retry still do");
    test.until_all_ready().await?;
    broker.ctl(&["set_vm_memory_high_watermark", "0.4"]).await?;
    // The publisher was told that the signup is not confirmed, so it repeats it.
    test.broker.reconnect().await?;
    test.signup("unconfirmed", &number(100)).await?;
    test.until_final(101).await?;
    assert_eq!(test.simulator.totals().await?.accepted, 101);
    test.finish(Expect::users(101)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn channels_that_the_broker_closes_are_opened_again() -> anyhow::Result<()> {
    const USERS: u32 = 40;
    // A delivery is held for as long as a call takes: longer than this broker allows.
    let Some(broker) = PrivateBroker::start(&["consumer_timeout = 2000"]).await? else { return Ok(()) };
    broker.ctl(&["eval", "application:set_env(rabbit, channel_tick_interval, 500)."]).await?;
    let plan =
        TestEnv::builder().simulator(&["--latency", "4s"]).env("TWILIO_TIMEOUT", "10s").env("LEASE", "20s");
    let mut test = plan.env("REGISTRATION_METHOD", "none").private_broker(&broker).build().await?;
    test.launch_worker().await?;
    test.launch_worker().await?;
    test.broker.publish_all(&signups(0..USERS)).await?;
    for worker in &test.workers {
        until("the broker closes a channel", PATIENCE, async || {
            let log = worker.log();
            Ok(if log.contains("PRECONDITION_FAILED") { Ok(()) } else { Err(log) })
        })
        .await?;
    }
    test.until_final(usize::try_from(USERS)?).await?;
    test.until_drained().await?;
    test.until_all_ready().await?;
    let mut reconnects = 0.0;
    for worker in &test.workers {
        reconnects += worker.metric("onboarding_amqp_reconnects_total", "").await?;
    }
    println!("{reconnects} subscriptions were made anew");
    assert_eq!(
        test.simulator.totals().await?.asked_in_all(),
        USERS,
        "a delivery that came again asked nobody"
    );
    test.finish(Expect::users(usize::try_from(USERS)?)).await
}
