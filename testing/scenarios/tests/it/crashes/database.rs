//! Postgres fails its clients.

use rand::Rng as _;
use support::{Expect, TestEnv, rounds, seed};

use crate::people::signups;

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_cut_again_and_again() -> anyhow::Result<()> {
    let (cuts, users) = (rounds(12, 50), rounds(300, 1_500));
    let mut random = seed("Postgres connections cut");
    let test = TestEnv::builder().simulator(&["--latency", "30ms"]).with_two_workers().await?;
    test.broker.publish_all(&signups(0..users)).await?;
    for cut in 1..=cuts {
        test.until_accepted(u64::from(cut) * 20).await?;
        if random.gen_bool(0.3) {
            test.proxies.database.cut();
        } else {
            test.proxies.database.cut_one(random.gen_range(0..24));
        }
    }
    test.until_final(usize::try_from(users)?).await?;
    assert_eq!(test.simulator.totals().await?.asked_in_all(), users);
    test.finish(Expect::users(usize::try_from(users)?)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_reply_is_lost_is_neither_lost_nor_done_twice() -> anyhow::Result<()> {
    let (lost, users) = (rounds(15, 50), rounds(200, 1_000));
    let test = TestEnv::builder().simulator(&["--latency", "20ms"]).with_two_workers().await?;
    test.proxies.database.lose_reply_to(b"COMMIT", lost);
    test.broker.publish_all(&signups(0..users)).await?;
    test.until_final(usize::try_from(users)?).await?;
    assert_eq!(test.proxies.database.replies_lost(), lost, "the fault did not happen");
    let accepted = test.simulator.totals().await?.accepted;
    assert_eq!(accepted, u64::from(users), "a claim that was committed was also used");
    test.finish(Expect::users(usize::try_from(users)?)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_database_costs_nobody_anything() -> anyhow::Result<()> {
    let test = TestEnv::builder().simulator(&["--latency", "20ms"]).with_two_workers().await?;
    test.broker.publish_all(&signups(0..150)).await?;
    test.until_accepted(20).await?;
    test.proxies.database.freeze();
    for worker in &test.workers {
        worker.until_ready(503).await?;
    }
    test.proxies.database.thaw();
    test.until_all_ready().await?;
    test.until_final(150).await?;
    let ledger = test.simulator.ledger().await?;
    assert!(ledger.duplicates == 0 && ledger.accepted + 20 >= 150, "{ledger:?}");
    test.finish(Expect::users(150).parked_unsent(2 * 10)).await
}
