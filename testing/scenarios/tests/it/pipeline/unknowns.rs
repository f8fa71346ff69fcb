//! Unknown outcomes are found out, never guessed.

use serde_json::json;
use support::{Expect, TestEnv, number};

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_response_is_resolved_by_the_callback() -> anyhow::Result<()> {
    let test = TestEnv::builder().simulator(&["--suffix-faults"]).with_worker().await?;
    // Lists show nothing, so only the callback can tell.
    let no_list = json!([{ "operation": "list", "action": { "type": "list_lag", "ms": 600_000 } }]);
    test.simulator.faults(no_list).await?;
    // 500 after, reset after, silence after, broken JSON, callbacks before the answer.
    for n in [9003, 9005, 9007, 9008, 9009] {
        test.signup(&n.to_string(), &number(n)).await?;
    }
    for n in [9003, 9005, 9007, 9008, 9009] {
        let outcome = test.until_case(&n.to_string(), "registered delivered -").await?;
        assert_eq!(outcome.attempts, 1, "{n}");
        assert_eq!(test.simulator.ledger().await?.asked(&number(n)), 1, "{n}");
    }
    test.finish(Expect::users(5)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_response_is_resolved_by_listing() -> anyhow::Result<()> {
    let test = TestEnv::builder().simulator(&["--suffix-faults"]).without("PUBLIC_URL").with_worker().await?;
    // 500 after, reset after, broken JSON.
    for n in [9003, 9005, 9008] {
        test.signup(&n.to_string(), &number(n)).await?;
    }
    test.until_final(3).await?;
    for n in [9003, 9005, 9008] {
        let outcome = test.database.outcome(&n.to_string()).await?.expect("a row");
        assert!(outcome.state == "registered" && outcome.welcome_sid.is_some(), "{outcome:?}");
        assert_eq!(test.simulator.ledger().await?.asked(&number(n)), 1, "{n}");
    }
    test.finish(Expect::users(3)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_found_is_left_to_a_person() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().simulator(&["--suffix-faults"]).with_worker().await?;
    // 500, 503, reset and silence, each before it takes effect.
    for n in [9001, 9002, 9004, 9006] {
        test.signup(&n.to_string(), &number(n)).await?;
    }
    for n in [9001, 9002, 9004, 9006] {
        let outcome = test.until_case(&n.to_string(), "registered unknown parked").await?;
        assert_eq!(outcome.attempts, 1, "{n}");
        test.signup(&n.to_string(), &number(n)).await?;
    }
    test.until_drained().await?;
    let (code, list) = test.command(&["unknown", "list"]).await?;
    assert_eq!(code, 0, "{list}");
    assert!(list.contains("4 unknown, 4 of them parked"), "{list}");
    assert!(!list.contains(&number(9001)), "a number is shown in full: {list}");
    assert_eq!(test.simulator.totals().await?.asked_in_all(), 4, "nothing was sent again");
    test.finish(Expect::users(4).parked(4)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_callback_wins_over_parked() -> anyhow::Result<()> {
    let test = TestEnv::builder().simulator(&["--callback-delay", "8s"]).with_worker().await?;
    let hidden = json!([
        { "operation": "create", "action": { "type": "reset", "store": true } },
        { "operation": "list", "action": { "type": "list_lag", "ms": 600_000 } },
    ]);
    test.simulator.faults(hidden).await?;
    test.signup("late", &number(1)).await?;
    test.until_case("late", "registered unknown parked").await?;
    test.until_case("late", "registered queued -").await?;
    test.finish(Expect::users(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_whose_callbacks_are_lost_is_asked_for() -> anyhow::Result<()> {
    let test = TestEnv::builder().env("STATUS_POLL_AFTER", "1s").with_two_workers().await?;
    let silent = json!([{ "operation": "create", "action": { "type": "no_callbacks" } }]);
    test.simulator.faults(silent).await?;
    for n in 1..=3 {
        test.signup(&n.to_string(), &number(n)).await?;
    }
    for n in 1..=3 {
        test.until_case(&n.to_string(), "registered delivered -").await?;
    }
    test.finish(Expect::users(3)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn resend_once_sends_once_more_and_then_leaves_it() -> anyhow::Result<()> {
    let test = TestEnv::builder().env("UNKNOWN_POLICY", "resend_once").with_worker().await?;
    let down = json!({ "type": "error", "status": 503 });
    let hidden = json!([{ "type": "reset", "store": true }, { "type": "no_callbacks" },
                        { "type": "list_lag", "ms": 600_000 }]);
    let rules = json!([
        { "operation": "create", "suffix": number(1), "count": 1, "action": down },
        { "operation": "create", "suffix": number(2), "action": down },
        { "operation": "create", "suffix": number(3), "count": 1, "action": hidden },
    ]);
    test.simulator.faults(rules).await?;
    for n in 1..=3 {
        test.signup(&n.to_string(), &number(n)).await?;
    }
    let first = test.until_case("1", "registered delivered -").await?;
    let never = test.until_case("2", "registered unknown parked").await?;
    let twice = test.until_case("3", "registered delivered -").await?;
    assert_eq!((first.attempts, never.attempts, twice.attempts), (2, 2, 2));
    let ledger = test.simulator.ledger().await?;
    assert_eq!((ledger.asked(&number(1)), ledger.asked(&number(2))), (2, 2));
    // The price of this policy: the user whose first message could not be found got a second one.
    assert_eq!((ledger.accepted(&number(3)), ledger.duplicates), (2, 1));
    test.finish(Expect::users(3).parked(1).reopened(1)).await
}
