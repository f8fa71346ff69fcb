//! Absurd numbers, and numbers in crowds.

use serde_json::{Value, json};
use shared::lane::QueueLane;
use support::{EventBody, Expect, TestEnv, number};

#[tokio::test(flavor = "multi_thread")]
async fn absurd_numbers_end_in_a_row_of_their_own() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_worker().await?;
    let rows: [(&str, Value, &str); 13] = [
        ("null", json!(null), "rejected not_sent empty"),
        ("nothing", json!(""), "rejected not_sent empty"),
        ("blanks", json!(" \u{200b}\t"), "rejected not_sent empty"),
        ("picture", json!("🤰"), "rejected not_sent not_a_number"),
        ("markup", json!("<script>alert(1)</script>"), "rejected not_sent not_a_number"),
        ("quote", json!("'; DROP TABLE users; --"), "rejected not_sent not_a_number"),
        ("ten thousand digits", json!("9".repeat(10_000)), "rejected not_sent too_long"),
        ("ten thousand letters", json!("न".repeat(3_000)), "rejected not_sent not_a_number"),
        ("nul alone", json!("\u{0}"), "rejected not_sent not_a_number"),
        ("minus", json!(-1), "rejected not_sent not_a_number"),
        ("huge", json!(u64::MAX), "rejected not_sent too_long"),
        ("integer", json!(9_841_200_001_u64), "registered delivered -"),
        ("full width", json!("９８４１２０００02"), "registered delivered -"),
    ];
    for (user, phone, _) in &rows {
        let body = EventBody::signup(user, "").with_data("phone_number", phone.clone());
        test.broker.publish(QueueLane::Live, &body.bytes()).await?;
    }
    for (user, _, case) in &rows {
        test.until_case(user, case).await?;
    }
    let longest = test.database.number("SELECT max(octet_length(phone_raw))::int8 FROM users").await?;
    assert!(longest <= 250, "{longest} bytes were stored");
    test.finish(Expect::users(rows.len())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_number_fifty_times_in_one_batch() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    let events: Vec<_> = (0..50).map(|n| EventBody::signup(&format!("u{n}"), &number(1))).collect();
    test.broker.publish_all(&events).await?;
    test.start_worker().await?;
    test.until_final(50).await?;
    let ledger = test.simulator.ledger().await?;
    assert_eq!((ledger.asked(&number(1)), ledger.accepted), (1, 1));
    let shared =
        "SELECT count(*) FROM onboarding_status WHERE reason = 'shared_phone' AND welcome_status = 'skipped'";
    assert_eq!(test.database.number(shared).await?, 49);
    test.finish(Expect::users(50)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_on_reversed_batches() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    // Pairs of users on one number: every order of locks, by user and by number, comes up.
    let user = |n: u32| EventBody::signup(&format!("u{n:03}"), &number(n % 100));
    let forward: Vec<_> = (0..200).map(user).collect();
    let backward: Vec<_> = (0..200).rev().map(user).collect();
    test.broker.publish_all(&forward).await?;
    for n in (0..200).rev() {
        test.broker.publish(QueueLane::Backfill, &backward[n].bytes()).await?;
    }
    test.launch_worker().await?;
    test.launch_worker().await?;
    test.until_final(200).await?;
    let ledger = test.simulator.ledger().await?;
    assert_eq!((ledger.accepted, ledger.asked_in_all()), (100, 100));
    test.finish(Expect::users(200)).await
}
