//! Many deliveries of few things, and bad ones among good ones.

use rand::seq::SliceRandom as _;
use shared::lane::QueueLane;
use support::{EventBody, Expect, PATIENCE, TestEnv, injected, number, rounds, seed, until};

use crate::people::signups;

#[tokio::test(flavor = "multi_thread")]
async fn many_deliveries_of_few_events() -> anyhow::Result<()> {
    let (users, copies) = (rounds(20, 100), usize::try_from(rounds(50, 100))?);
    let mut test = TestEnv::builder().build().await?;
    let mut events: Vec<EventBody> = signups(0..users).into_iter().flat_map(|e| vec![e; copies]).collect();
    injected(events.len() - usize::try_from(users)?);
    events.shuffle(&mut seed("many deliveries of few events"));
    test.broker.publish_all(&events).await?;
    test.launch_worker().await?;
    test.launch_worker().await?;
    test.until_final(usize::try_from(users)?).await?;
    test.until_drained().await?;
    let ledger = test.simulator.ledger().await?;
    assert_eq!((ledger.accepted, ledger.asked_in_all()), (u64::from(users), users));
    test.finish(Expect::users(usize::try_from(users)?)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_users_on_one_number_in_different_spellings() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    let spellings = [
        "9841200007",
        "09841200007",
        "+977 984-1200007",
        "00977 9841200007",
        "9779841200007",
        "+977 (0) 984 120 0007",
        "९८४१२००००७",
        "９８４１２００００７",
        "984.120.0007",
        "tel:+977-9841200007",
    ];
    let events: Vec<_> =
        (0..100).map(|n| EventBody::signup(&format!("u{n}"), spellings[n % spellings.len()])).collect();
    test.broker.publish_all(&events).await?;
    test.launch_worker().await?;
    test.launch_worker().await?;
    test.until_final(100).await?;
    assert_eq!(test.simulator.ledger().await?.asked(&number(7)), 1);
    let shared = "SELECT count(*) FROM onboarding_status WHERE reason = 'shared_phone'";
    assert_eq!(test.database.number(shared).await?, 99);
    test.finish(Expect::users(100)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_among_good_ones_harms_nobody() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_two_workers().await?;
    let users = rounds(200, 2_000);
    let mut bodies: Vec<Vec<u8>> = signups(0..users).iter().map(EventBody::bytes).collect();
    bodies.extend((0..40_u8).map(|n| vec![0xff, n]));
    bodies.extend((0..10_usize).map(|n| vec![b'x'; 20_000 + n]));
    injected(50);
    bodies.shuffle(&mut seed("poison among good ones"));
    for body in &bodies {
        test.broker.publish(QueueLane::Live, body).await?;
    }
    test.until_final(usize::try_from(users)?).await?;
    until("every poison is kept", PATIENCE, async || {
        let kept = test.database.dead_letters().await?.len();
        Ok(if kept == 50 { Ok(()) } else { Err(kept.to_string()) })
    })
    .await?;
    assert_eq!(test.simulator.totals().await?.accepted, u64::from(users));
    test.finish(Expect::users(usize::try_from(users)?)).await
}
