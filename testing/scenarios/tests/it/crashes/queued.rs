//! What changes while an event waits in the queue, or its user for a retry.

use serde_json::json;
use shared::lane::QueueLane;
use support::{EventBody, Expect, PATIENCE, TestEnv, number, until};

use crate::people::signups;

#[tokio::test(flavor = "multi_thread")]
async fn a_number_suppressed_while_queued_is_not_texted() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    test.broker.publish_all(&signups(0..20)).await?;
    for n in 0..10 {
        test.database.suppress(&number(n)).await?;
    }
    test.start_worker().await?;
    test.until_final(20).await?;
    let ledger = test.simulator.ledger().await?;
    for n in 0..20 {
        let outcome = test.database.outcome(&format!("u{n}")).await?.expect("a row");
        let suppressed = n < 10;
        assert_eq!(outcome.state, if suppressed { "suppressed" } else { "registered" });
        assert_eq!(ledger.asked(&number(n)), u32::from(!suppressed));
    }
    test.finish(Expect::users(20)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_suppressed_while_retrying_is_not_texted() -> anyhow::Result<()> {
    let test = TestEnv::builder().env("RETRY_MAX", "500ms").with_worker().await?;
    let refusals =
        json!([{ "operation": "create", "action": { "type": "error", "status": 409, "code": 20409 } }]);
    test.simulator.faults(refusals).await?;
    test.signup("one", &number(1)).await?;
    test.until_case("one", "received not_sent error_20409").await?;
    test.database.suppress(&number(1)).await?;
    test.until_case("one", "suppressed skipped opted_out").await?;
    test.simulator.faults(json!([])).await?;
    test.finish(Expect::users(1)).await
}

/// The claim is the last moment for a suppression. A user suppressed after the claim and before the call gets
/// that one message and never another.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_suppressed_between_claim_and_call_is_texted_once_and_never_again() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let go = folder.path().join("go");
    let hold = format!("before_call:{}", go.display());
    let mut test = TestEnv::builder().env("FAILPOINT", &hold).env("LEASE", "2min").with_worker().await?;
    test.broker.publish_all(&signups(0..10)).await?;
    let all_claimed = "SELECT count(*) FROM attempts WHERE outcome = 'sending'";
    until("ten are claimed", PATIENCE, async || {
        let now = test.database.number(all_claimed).await?;
        Ok(if now == 10 { Ok(()) } else { Err(now.to_string()) })
    })
    .await?;
    for n in 0..10 {
        let add = ["suppress", "add", &number(n), "--reason", "asked by phone"];
        test.env.remove("FAILPOINT");
        let (code, said) = test.command(&add).await?;
        assert_eq!(code, 0, "{said}");
    }
    assert_eq!(test.simulator.totals().await?.asked_in_all(), 0, "the call came before the suppression");
    std::fs::write(go, "")?;
    test.until_final(10).await?;
    // Everything that could cause another message: the same event, another event, another user with the same number.
    test.broker.publish_all(&signups(0..10)).await?;
    let others: Vec<_> = (0..10).map(|n| EventBody::signup(&format!("v{n}"), &number(n))).collect();
    test.broker.publish_all(&others).await?;
    test.until_final(20).await?;
    test.until_drained().await?;
    let ledger = test.simulator.ledger().await?;
    assert!((0..10).all(|n| ledger.asked(&number(n)) == 1), "{ledger:?}");
    test.finish(Expect::users(20)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_changed_while_queued_is_the_one_that_is_texted() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    for n in 0..20 {
        test.database.import(&format!("u{n}"), &number(n)).await?;
        test.broker.publish(QueueLane::Backfill, &EventBody::stored(&format!("u{n}")).bytes()).await?;
    }
    for n in 0..20 {
        let changed = format!(
            "UPDATE users SET phone_raw = '{0}', phone_e164 = '{0}', changed_at = now() WHERE user_id = 'u{n}'",
            number(100 + n)
        );
        test.database.execute(&changed).await?;
    }
    test.start_worker().await?;
    test.until_final(20).await?;
    let ledger = test.simulator.ledger().await?;
    assert!((0..20).all(|n| ledger.asked(&number(n)) == 0 && ledger.accepted(&number(100 + n)) == 1));
    test.finish(Expect::users(20)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_signups_of_one_user_end_on_the_newer_number() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    test.broker.publish_all(&signups(0..20)).await?;
    let newer: Vec<_> = (0..20).map(|n| EventBody::signup(&format!("u{n}"), &number(100 + n))).collect();
    test.broker.publish_all(&newer).await?;
    test.launch_worker().await?;
    test.launch_worker().await?;
    for n in 0..20 {
        support::until("she has a welcome on the newer number", support::PATIENCE, async || {
            let now = test.database.outcome(&format!("u{n}")).await?;
            let newer = |o: &support::Outcome| {
                o.phone_e164 == Some(number(100 + n)) && o.case() == "registered delivered -"
            };
            Ok(if now.as_ref().is_some_and(newer) { Ok(()) } else { Err(format!("{now:?}")) })
        })
        .await?;
    }
    test.finish(Expect::users(20)).await
}
