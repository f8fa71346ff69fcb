//! The broker fails its clients.

use std::time::Duration;

use rand::Rng as _;
use shared::lane::QueueLane;
use support::{Direction, Expect, PATIENCE, TestEnv, injected, rounds, seed, until};

use crate::people::signups;

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_cut_again_and_again() -> anyhow::Result<()> {
    let (cuts, users) = (rounds(10, 50), rounds(300, 1_500));
    let mut random = seed("broker connections cut");
    let test = TestEnv::builder().simulator(&["--latency", "30ms"]).with_two_workers().await?;
    test.broker.publish_all(&signups(0..users)).await?;
    for cut in 1..=cuts {
        test.until_accepted(u64::from(cut) * 20).await?;
        if random.gen_bool(0.5) {
            test.proxies.broker.cut();
        } else {
            test.proxies.broker.cut_one(random.gen_range(0..8));
        }
    }
    test.until_final(usize::try_from(users)?).await?;
    assert_eq!(
        test.simulator.totals().await?.asked_in_all(),
        users,
        "a delivery that came again asked nobody"
    );
    test.finish(Expect::users(usize::try_from(users)?)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn acks_that_never_arrive_ask_nobody_again() -> anyhow::Result<()> {
    // No call times out and no claim expires on a busy machine.
    let test =
        TestEnv::builder().env("LEASE", "1min").env("TWILIO_TIMEOUT", "20s").with_two_workers().await?;
    test.broker.publish_all(&signups(0..50)).await?;
    test.until_accepted(5).await?;
    // Without acks the broker delivers no more than the prefetch, so all have to be delivered before.
    until("every signup is delivered", PATIENCE, async || {
        let ready = test.broker.ready().await?;
        Ok(if ready == 0 { Ok(()) } else { Err(ready.to_string()) })
    })
    .await?;
    test.proxies.broker.drop_direction(Some(Direction::ToServer));
    test.until_accepted(50).await?;
    // The broker has not received the acks. After the cut it redelivers everything.
    test.proxies.broker.cut();
    test.proxies.broker.drop_direction(None);
    test.until_final(50).await?;
    test.until_drained().await?;
    assert_eq!(test.simulator.totals().await?.asked_in_all(), 50);
    test.finish(Expect::users(50)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_broker_is_left_for_a_new_connection() -> anyhow::Result<()> {
    let test = TestEnv::builder().simulator(&["--latency", "30ms"]).with_two_workers().await?;
    test.broker.publish_all(&signups(0..100)).await?;
    test.until_accepted(10).await?;
    test.proxies.broker.freeze();
    // The workers notice by heartbeats of 10 s.
    for worker in &test.workers {
        worker.until_ready(503).await?;
    }
    test.proxies.broker.thaw();
    test.until_all_ready().await?;
    test.until_final(100).await?;
    assert_eq!(test.simulator.totals().await?.asked_in_all(), 100);
    test.finish(Expect::users(100)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_deleted_while_consuming_is_declared_again() -> anyhow::Result<()> {
    let test = TestEnv::builder().simulator(&["--latency", "100ms"]).with_two_workers().await?;
    test.broker.publish_all(&signups(0..60)).await?;
    until("all deliveries are in hand", PATIENCE, async || {
        let (ready, done) = (test.broker.ready().await?, test.simulator.totals().await?.accepted);
        Ok(if ready == 0 && done > 0 { Ok(()) } else { Err(format!("{ready} ready, {done} done")) })
    })
    .await?;
    test.broker.delete_queue(QueueLane::Live).await?;
    injected(1);
    test.until_final(60).await?;
    for event in signups(60..80) {
        until("the broker takes a signup", PATIENCE, async || {
            let published = test.broker.publish(QueueLane::Live, &event.bytes()).await;
            Ok(published.map_err(|error| error.to_string()))
        })
        .await?;
    }
    test.until_final(80).await?;
    test.until_all_ready().await?;
    assert_eq!(test.simulator.totals().await?.asked_in_all(), 80);
    test.finish(Expect::users(80)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wiped_broker_loses_no_user_that_was_enqueued() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    for n in 0..100 {
        test.database.import(&format!("u{n}"), &support::number(n)).await?;
    }
    test.database.import("never enqueued", &support::number(100)).await?;
    // What a backfill leaves behind once its publishes are confirmed; the queues themselves are gone.
    let enqueued = "UPDATE users SET state = 'received', lane = 'backfill', enqueued_at = now()
                    WHERE user_id <> 'never enqueued'";
    test.database.execute(enqueued).await?;
    for lane in QueueLane::ALL {
        test.broker.delete_queue(lane).await?;
        injected(1);
    }
    test.launch_worker().await?;
    test.launch_worker().await?;
    test.until_final_but(101, &["never enqueued"]).await?;
    test.until_case("never enqueued", "stored not_sent -").await?;
    let ledger = test.simulator.ledger().await?;
    assert_eq!((ledger.accepted, ledger.asked(&support::number(100))), (100, 0));
    test.finish(Expect::users(101).waiting("never enqueued")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_survive_a_purged_queue() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_two_workers().await?;
    test.simulator.revoke(true).await?;
    test.broker.publish_all(&signups(0..50)).await?;
    until("everybody waits in the database", PATIENCE, async || {
        let waiting = test.database.number("SELECT count(*) FROM users WHERE state = 'received'").await?;
        Ok(if waiting == 50 { Ok(()) } else { Err(waiting.to_string()) })
    })
    .await?;
    test.simulator.revoke(false).await?;
    for _ in 0..20 {
        test.broker.purge(QueueLane::Live).await?;
        injected(1);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    test.until_final(50).await?;
    test.finish(Expect::users(50)).await
}
