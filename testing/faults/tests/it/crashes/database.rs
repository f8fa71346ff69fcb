//! Postgres fails its clients.

use faults::{Expect, PATIENCE, Plan, seed, until};
use rand::Rng as _;

use crate::people::signups;

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_cut_again_and_again() -> anyhow::Result<()> {
    let mut random = seed("Postgres connections cut");
    let mut stage = Plan::default().simulator(&["--latency", "30ms"]).with_worker().await?;
    stage.start_worker().await?;
    stage.broker.publish_all(&signups(0..300)).await?;
    for cut in 1..=12 {
        until("some more messages", PATIENCE, async || {
            let now = stage.simulator.totals().await?.accepted;
            Ok(if now >= cut * 20 { Ok(()) } else { Err(now.to_string()) })
        })
        .await?;
        if random.gen_bool(0.3) {
            stage.roads.database.cut();
        } else {
            stage.roads.database.cut_one(random.gen_range(0..24));
        }
    }
    stage.until_final(300).await?;
    assert_eq!(stage.simulator.totals().await?.asked_in_all(), 300);
    stage.finish(Expect::users(300)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_reply_is_lost_is_neither_lost_nor_done_twice() -> anyhow::Result<()> {
    const LOST: u32 = 15;
    let mut stage = Plan::default().simulator(&["--latency", "20ms"]).with_worker().await?;
    stage.start_worker().await?;
    stage.roads.database.lose_reply_to(b"COMMIT", LOST);
    stage.broker.publish_all(&signups(0..200)).await?;
    stage.until_final(200).await?;
    assert_eq!(stage.roads.database.replies_lost(), LOST, "the fault did not happen");
    assert_eq!(stage.simulator.totals().await?.accepted, 200, "a claim that was committed was also used");
    stage.finish(Expect::users(200)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_database_costs_nobody_anything() -> anyhow::Result<()> {
    let stage = Plan::default().simulator(&["--latency", "20ms"]).with_worker().await?;
    stage.broker.publish_all(&signups(0..150)).await?;
    until("some messages", PATIENCE, async || {
        let now = stage.simulator.totals().await?.accepted;
        Ok(if now >= 20 { Ok(()) } else { Err(now.to_string()) })
    })
    .await?;
    stage.roads.database.freeze();
    stage.workers[0].until_ready(503).await?;
    stage.roads.database.thaw();
    stage.workers[0].until_ready(200).await?;
    stage.until_final(150).await?;
    let ledger = stage.simulator.ledger().await?;
    assert!(ledger.duplicates == 0 && ledger.accepted + 10 >= 150, "{ledger:?}");
    stage.finish(Expect::users(150).parked(10)).await
}
