//! Postgres fails its clients.

use rand::Rng as _;
use support::{Expect, Plan, rounds, seed};

use crate::people::signups;

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_cut_again_and_again() -> anyhow::Result<()> {
    let (cuts, users) = (rounds(12, 50), rounds(300, 1_500));
    let mut random = seed("Postgres connections cut");
    let stage = Plan::default().simulator(&["--latency", "30ms"]).with_two_workers().await?;
    stage.broker.publish_all(&signups(0..users)).await?;
    for cut in 1..=cuts {
        stage.until_accepted(u64::from(cut) * 20).await?;
        if random.gen_bool(0.3) {
            stage.roads.database.cut();
        } else {
            stage.roads.database.cut_one(random.gen_range(0..24));
        }
    }
    stage.until_final(usize::try_from(users)?).await?;
    assert_eq!(stage.simulator.totals().await?.asked_in_all(), users);
    stage.finish(Expect::users(usize::try_from(users)?)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_reply_is_lost_is_neither_lost_nor_done_twice() -> anyhow::Result<()> {
    let (lost, users) = (rounds(15, 50), rounds(200, 1_000));
    let stage = Plan::default().simulator(&["--latency", "20ms"]).with_two_workers().await?;
    stage.roads.database.lose_reply_to(b"COMMIT", lost);
    stage.broker.publish_all(&signups(0..users)).await?;
    stage.until_final(usize::try_from(users)?).await?;
    assert_eq!(stage.roads.database.replies_lost(), lost, "the fault did not happen");
    let accepted = stage.simulator.totals().await?.accepted;
    assert_eq!(accepted, u64::from(users), "a claim that was committed was also used");
    stage.finish(Expect::users(usize::try_from(users)?)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_database_costs_nobody_anything() -> anyhow::Result<()> {
    let stage = Plan::default().simulator(&["--latency", "20ms"]).with_two_workers().await?;
    stage.broker.publish_all(&signups(0..150)).await?;
    stage.until_accepted(20).await?;
    stage.roads.database.freeze();
    for worker in &stage.workers {
        worker.until_ready(503).await?;
    }
    stage.roads.database.thaw();
    stage.until_all_ready().await?;
    stage.until_final(150).await?;
    let ledger = stage.simulator.ledger().await?;
    assert!(ledger.duplicates == 0 && ledger.accepted + 20 >= 150, "{ledger:?}");
    stage.finish(Expect::users(150).parked_unsent(2 * 10)).await
}
