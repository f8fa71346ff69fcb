//! Twilio fails its callers.

use serde_json::json;
use support::{Expect, PATIENCE, TestEnv, rounds, until};

use crate::people::signups;

#[tokio::test(flavor = "multi_thread")]
async fn lost_responses_and_server_errors_in_a_crowd() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_two_workers().await?;
    let rules = json!([
        { "operation": "create", "probability": 0.1, "action": { "type": "reset", "store": true } },
        { "operation": "create", "probability": 0.05,
          "action": { "type": "error", "status": 500, "store": true } },
        { "operation": "create", "probability": 0.05, "action": { "type": "error", "status": 500 } },
        { "operation": "create", "probability": 0.05,
          "action": { "type": "error", "code": 20429, "retry_after": 1 } },
    ]);
    test.simulator.faults(rules).await?;
    test.broker.publish_all(&signups(0..rounds(400, 2_000))).await?;
    let users = usize::try_from(rounds(400, 2_000))?;
    test.until_final(users).await?;
    let outcomes = test.database.outcomes().await?;
    assert!(outcomes.iter().all(|o| o.state == "registered" && o.attempts == 1), "nobody was refused");
    let parked = outcomes.iter().filter(|o| o.reason.as_deref() == Some("parked")).count();
    let accepted = usize::try_from(test.simulator.totals().await?.accepted)?;
    assert_eq!(accepted + parked, users, "parked are exactly those whose call never took effect");
    test.finish(Expect::users(users).parked(parked)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hanging_twilio_is_waited_for_and_asked_later() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_two_workers().await?;
    test.broker.publish_all(&signups(0..200)).await?;
    test.until_accepted(20).await?;
    test.simulator.freeze()?;
    let unknown = "SELECT count(*) FROM attempts WHERE outcome = 'unknown'";
    until("calls time out", PATIENCE, async || {
        let now = test.database.number(unknown).await?;
        Ok(if now > 0 { Ok(()) } else { Err("none".to_owned()) })
    })
    .await?;
    test.simulator.thaw()?;
    test.until_final(200).await?;
    // Per worker, twice the calls in flight, and a probe or two.
    test.finish(Expect::users(200).parked_unsent(45)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn callbacks_late_duplicated_and_shuffled_end_the_same() -> anyhow::Result<()> {
    let test = TestEnv::builder().simulator(&["--callback-delay", "20ms"]).with_two_workers().await?;
    let rules = json!([
        { "operation": "create", "probability": 0.3,
          "action": [{ "type": "duplicate_callbacks", "copies": 3 }, { "type": "shuffle_callbacks" }] },
        { "operation": "create", "probability": 0.3,
          "action": [{ "type": "shuffle_callbacks" },
                     { "type": "final_status", "status": "undelivered", "error_code": 30003 }] },
        { "operation": "create", "probability": 0.3, "action": { "type": "callback_first", "ms": 500 } },
    ]);
    test.simulator.faults(rules).await?;
    test.broker.publish_all(&signups(0..rounds(100, 500))).await?;
    let users = usize::try_from(rounds(100, 500))?;
    until("everybody has a last status", PATIENCE, async || {
        let outcomes = test.database.outcomes().await?;
        let ended = |o: &&support::Outcome| {
            matches!(o.case().as_str(), "registered delivered -" | "registered undelivered error_30003")
        };
        let count = outcomes.iter().filter(ended).count();
        Ok(if count == users { Ok(()) } else { Err(format!("{count} of {}", outcomes.len())) })
    })
    .await?;
    test.finish(Expect::users(users)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_to_twilio_breaks_again_and_again() -> anyhow::Result<()> {
    let (cuts, users) = (rounds(5, 20), rounds(200, 800));
    let test = TestEnv::builder().simulator(&["--latency", "20ms"]).with_two_workers().await?;
    test.broker.publish_all(&signups(0..users)).await?;
    for cut in 1..=cuts {
        test.until_accepted(u64::from(cut) * 20).await?;
        test.proxies.twilio.close().await?;
        until("a worker notices", PATIENCE, async || {
            let waiting = "SELECT count(*) FROM users WHERE state = 'received' AND reason IN ('path_fault', 'breaker_open')";
            let now = test.database.number(waiting).await?;
            Ok(if now > 0 { Ok(()) } else { Err("nobody waits".to_owned()) })
        })
        .await?;
        test.proxies.twilio.open().await?;
    }
    let (users, cuts) = (usize::try_from(users)?, usize::try_from(cuts)?);
    test.until_final(users).await?;
    // A call that was cut before it arrived cannot be told from one that was cut after, until Twilio's list is read.
    test.finish(Expect::users(users).parked_unsent(cuts * 2 * 10)).await
}
