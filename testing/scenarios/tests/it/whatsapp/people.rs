//! WhatsApp's limit of people, where another service of the business uses it as well.

use std::time::Duration;

use support::{Expect, full, number};

use super::{all_agree, by_whatsapp, enqueue, stored, with_template};

/// With `FAULTS=full`: a minute must pass.
#[tokio::test(flavor = "multi_thread")]
async fn new_people_wait_for_tomorrow_when_whatsapp_takes_fewer_than_were_counted() -> anyhow::Result<()> {
    const ROOM: i64 = 20;
    if !full() {
        return Ok(());
    }
    let mut test = by_whatsapp()
        .simulator(&["--whatsapp-sender", &format!("whatsapp:+14155238886,limit={ROOM}")])
        .env("WHATSAPP_MAX_PEOPLE_PER_DAY", "1000")
        .build()
        .await?;
    with_template(&mut test).await?;
    for n in 0..80 {
        stored(&test, &format!("u{n}"), &number(n)).await?;
    }
    all_agree(&test, "true").await?;
    test.start_worker().await?;
    enqueue(&test, 0..50).await?;
    let by_sms = "SELECT count(*) FROM attempts WHERE channel = 'sms' AND outcome = 'accepted'";
    test.database.until("those who were refused go by SMS", by_sms, 50 - ROOM).await?;
    let counted = "SELECT sum(people)::bigint FROM whatsapp_people";
    assert_eq!(test.database.number(counted).await?, 50, "refused or not");
    tokio::time::sleep(Duration::from_secs(61)).await;
    enqueue(&test, 50..51).await?;
    test.database.until("the limit counts as used up", counted, 1_000).await?;
    enqueue(&test, 51..80).await?;
    let waiting = "SELECT count(*) FROM users WHERE state = 'received' AND reason = 'channel_full'";
    test.database.until("new people wait", waiting, 29).await?;
    let full = test.workers[0].metric("onboarding_whatsapp_full", "").await?;
    assert!((full - 1.0).abs() < 0.1, "{full}");
    let ledger = test.simulator.ledger().await?;
    assert_eq!((ledger.accepted_on_whatsapp(), ledger.day_duplicates), (51, 0));
    let expect = (51..80).fold(Expect::users(80), |expect, n| expect.waiting(&format!("u{n}")));
    test.finish(expect).await
}
