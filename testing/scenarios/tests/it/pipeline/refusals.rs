//! Refusals by Twilio, and refused users who sign up again.

use serde_json::{Value, json};
use shared::lane::QueueLane;
use support::{EventBody, Expect, TestEnv, number};

/// `WORKER_CONCURRENCY` of these tests.
const CONCURRENCY: usize = 10;

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_recipient_is_asked_exactly_once() -> anyhow::Result<()> {
    let test = TestEnv::builder().simulator(&["--suffix-faults"]).sender().with_worker().await?;
    let rows = [
        (9210, "suppressed skipped opted_out"),
        (9211, "failed not_sent error_21211"),
        (9214, "failed not_sent error_21614"),
        (9235, "failed not_sent error_21635"),
        (9317, "failed not_sent error_21617"),
        (9318, "failed not_sent error_21618"),
        (9399, "failed not_sent error_29999"),
    ];
    for (n, case) in rows {
        test.signup(&n.to_string(), &number(n)).await?;
        let outcome = test.until_case(&n.to_string(), case).await?;
        assert_eq!((outcome.attempts, outcome.welcome_sid), (1, None), "{n}");
        test.signup(&n.to_string(), &number(n)).await?;
    }
    test.signup("another", &number(9210)).await?;
    let another = test.until_case("another", "suppressed skipped opted_out").await?;
    assert_eq!(another.attempts, 0);
    test.until_drained().await?;
    let ledger = test.simulator.ledger().await?;
    for (n, _) in rows {
        assert_eq!((ledger.asked(&number(n)), ledger.accepted(&number(n))), (1, 0), "{n}");
    }
    assert_eq!(test.database.number("SELECT count(*) FROM suppressions").await?, 1);
    test.finish(Expect::users(8)).await
}

/// With a Messaging Service every error of the destination comes after the 201.
#[tokio::test(flavor = "multi_thread")]
async fn a_recipient_refused_by_callback_is_asked_exactly_once() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_two_workers().await?;
    let codes = [(1, 21211), (2, 21610), (3, 21614)];
    let refused = |(n, code): (u32, u32)| {
        let action = json!({ "type": "final_status", "status": "failed", "error_code": code });
        json!({ "operation": "create", "suffix": number(n), "action": action })
    };
    test.simulator.faults(codes.map(refused).into_iter().collect()).await?;
    for (n, code) in codes {
        test.signup(&n.to_string(), &number(n)).await?;
        test.until_case(&n.to_string(), &format!("registered failed error_{code}")).await?;
        test.signup(&n.to_string(), &number(n)).await?;
        test.broker.publish(QueueLane::Backfill, &EventBody::stored(&n.to_string()).bytes()).await?;
    }
    test.until_drained().await?;
    let ledger = test.simulator.ledger().await?;
    for (n, code) in codes {
        assert_eq!((ledger.asked(&number(n)), ledger.accepted(&number(n))), (1, 1), "{code}");
        test.until_case(&n.to_string(), &format!("registered failed error_{code}")).await?;
    }
    let opted_out = format!("SELECT count(*) FROM suppressions WHERE phone_e164 = '{}'", number(2));
    assert_eq!(test.database.number(&opted_out).await?, 1);
    assert_eq!(test.database.number("SELECT count(*) FROM suppressions").await?, 1);
    test.finish(Expect::users(3)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn temporary_refusals_are_repeated_until_they_end_or_time_is_over() -> anyhow::Result<()> {
    let test = TestEnv::builder().env("RETRY_FOR", "2s").with_worker().await?;
    let twice = json!([refusal(&number(1), json!(null)), refusal(&number(2), json!(2)),]);
    test.simulator.faults(twice).await?;
    test.signup("never", &number(1)).await?;
    test.signup("third", &number(2)).await?;
    let third = test.until_case("third", "registered delivered -").await?;
    assert_eq!(third.attempts, 3);
    let never = test.until_case("never", "failed not_sent retries_exhausted").await?;
    let ledger = test.simulator.ledger().await?;
    assert!(never.attempts >= 3, "{never:?}");
    assert_eq!(u32::try_from(never.attempts)?, ledger.asked(&number(1)));
    test.finish(Expect::users(2)).await
}

/// 409, 20409: a conflict that passes.
fn refusal(suffix: &str, count: Value) -> Value {
    let action = json!({ "type": "error", "status": 409, "code": 20409 });
    let mut rule = json!({ "operation": "create", "suffix": suffix, "action": action });
    if !count.is_null() {
        rule["count"] = count;
    }
    rule
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_burns_nothing() -> anyhow::Result<()> {
    // 9103: 429 twice with `Retry-After: 2`.
    let test = TestEnv::builder().simulator(&["--suffix-faults"]).with_worker().await?;
    test.signup("throttled", &number(9103)).await?;
    let waiting = test.until_case("throttled", "received not_sent path_fault").await?;
    assert_eq!(waiting.attempts, 0);
    let outcome = test.until_case("throttled", "registered delivered -").await?;
    assert_eq!(outcome.attempts, 1);
    assert_eq!(test.simulator.ledger().await?.asked(&number(9103)), 3);
    test.finish(Expect::users(1)).await
}

/// Codes that may speak of the account or the sender, and are this recipient's alone.
#[tokio::test(flavor = "multi_thread")]
async fn one_recipient_refused_by_a_code_of_the_account_stops_nobody_and_comes_to_an_end()
-> anyhow::Result<()> {
    let test =
        TestEnv::builder().sender().env("RETRY_FOR", "2s").env("RETRY_MAX", "10s").with_worker().await?;
    let refuse = |n: u32, status: u16, code: u32| {
        let action = json!({ "type": "error", "status": status, "code": code });
        json!({ "operation": "create", "suffix": number(n), "action": action })
    };
    test.simulator.faults(json!([refuse(1, 400, 21606), refuse(2, 403, 20010)])).await?;
    for n in 1..=2 {
        test.signup(&n.to_string(), &number(n)).await?;
    }
    test.broker.publish_all(&crate::people::signups(10..40)).await?;
    test.until_case("1", "failed not_sent error_21606").await?;
    test.until_case("2", "failed not_sent error_20010").await?;
    test.until_final(32).await?;
    assert!(!test.workers[0].log().contains("breaker opened"), "one recipient is no fault of the account");
    let ledger = test.simulator.ledger().await?;
    for n in 1..=2 {
        assert!(ledger.asked(&number(n)) <= 20, "asked {} times", ledger.asked(&number(n)));
    }
    test.finish(Expect::users(32)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn several_recipients_refused_by_a_code_of_the_account_open_the_breaker_and_none_is_failed()
-> anyhow::Result<()> {
    let test = TestEnv::builder().sender().env("RETRY_FOR", "1s").with_worker().await?;
    let action = json!({ "type": "refuse", "code": 21212 });
    test.simulator.faults(json!([{ "operation": "create", "action": action }])).await?;
    test.broker.publish_all(&crate::people::signups(0..30)).await?;
    support::until("everybody waits", support::PATIENCE, async || {
        let sql = "SELECT count(*) FROM users WHERE state = 'received' AND reason = 'breaker_open'";
        let now = test.database.number(sql).await?;
        Ok(if now >= 28 { Ok(()) } else { Err(now.to_string()) })
    })
    .await?;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let asked = usize::try_from(test.simulator.totals().await?.asked_in_all())?;
    let probes = test.workers[0].log().matches("breaker probe: this user's call finds out").count();
    // Calls in flight when the breaker opens, and those that began while the first refusals came in.
    let most = 2 * CONCURRENCY + probes;
    assert!(asked <= most, "{asked} calls, at most {most} may be made");
    test.simulator.faults(json!([])).await?;
    test.until_final(30).await?;
    assert!(test.database.outcomes().await?.iter().all(|o| o.state == "registered"));
    test.finish(Expect::users(30)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_twilio_out_of_reach_burns_nothing() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_worker().await?;
    test.proxies.twilio.close().await?;
    test.broker.publish_all(&crate::people::signups(0..40)).await?;
    support::until("everybody waits", support::PATIENCE, async || {
        let all = test.database.outcomes().await?;
        // Those whose own call was not written, and all others once the breaker opened.
        let cases = ["received not_sent path_fault", "received not_sent breaker_open"];
        let waits = |o: &&support::Outcome| cases.contains(&o.case().as_str()) && o.attempts == 0;
        let waiting = all.iter().filter(waits).count();
        Ok(if waiting == 40 { Ok(()) } else { Err(format!("{waiting} of {}", all.len())) })
    })
    .await?;
    test.proxies.twilio.open().await?;
    test.until_final(40).await?;
    assert!(test.database.outcomes().await?.iter().all(|o| o.attempts == 1));
    test.finish(Expect::users(40)).await
}
