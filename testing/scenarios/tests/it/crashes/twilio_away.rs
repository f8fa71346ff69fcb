//! Twilio is unavailable for a while: it throttles, or it cannot be reached at all.

use std::time::Duration;

use serde_json::json;
use support::{Expect, PATIENCE, TestEnv, number, rounds, until};

use crate::people::signups;

#[tokio::test(flavor = "multi_thread")]
async fn throttled_with_retry_after_nobody_is_burned_nor_asked_too_early() -> anyhow::Result<()> {
    const USERS: u32 = 100;
    let seconds = rounds(4, 60);
    let test = TestEnv::builder().env("RETRY_FOR", "2s").with_two_workers().await?;
    let rules = json!([{ "operation": "create", "for_ms": seconds * 1_000,
                         "action": { "type": "error", "code": 20429, "retry_after": seconds } }]);
    test.simulator.faults(rules).await?;
    test.broker.publish_all(&signups(0..USERS)).await?;
    until("somebody waits", PATIENCE, async || {
        let waiting = "SELECT count(*) FROM users WHERE state = 'received' AND next_attempt_at > now()";
        let now = test.database.number(waiting).await?;
        Ok(if now > 0 { Ok(()) } else { Err("nobody".to_owned()) })
    })
    .await?;
    let users = usize::try_from(USERS)?;
    test.until_final(users).await?;
    let ledger = test.simulator.ledger().await?;
    let asked = (0..USERS).map(|n| ledger.asked(&number(n)));
    assert!(asked.clone().all(|n| n <= 2), "asked again before it was time: {:?}", asked.collect::<Vec<_>>());
    assert!(ledger.asked_in_all() > USERS, "nobody was throttled");
    assert!(test.database.outcomes().await?.iter().all(|o| o.attempts == 1));
    test.finish(Expect::users(users)).await
}

/// `RETRY_FOR` is a fraction of the outage, as a day is of a week. A call that never reached Twilio does not
/// count towards it.
#[tokio::test(flavor = "multi_thread")]
async fn a_twilio_that_is_away_for_an_hour_costs_nobody_anything() -> anyhow::Result<()> {
    const USERS: u32 = 200;
    let away = Duration::from_secs(rounds(6, 60).into());
    let mut test = TestEnv::builder().env("RETRY_FOR", "1s").with_two_workers().await?;
    test.proxies.twilio.close().await?;
    test.broker.publish_all(&signups(0..USERS / 2)).await?;
    until("the first half waits", PATIENCE, async || {
        let waiting = "SELECT count(*) FROM onboarding_status
                       WHERE state = 'received' AND reason IN ('path_fault', 'breaker_open') AND attempts = 0";
        let now = test.database.number(waiting).await?;
        Ok(if now == i64::from(USERS / 2) { Ok(()) } else { Err(now.to_string()) })
    })
    .await?;
    tokio::time::sleep(away / 2).await;
    test.broker.publish_all(&signups(USERS / 2..USERS)).await?;
    // A worker that starts during the outage detects it without help.
    test.kill_worker(0)?;
    test.launch_worker().await?;
    tokio::time::sleep(away / 2).await;
    // A probe may be in flight.
    let moved = "SELECT count(*) FROM users u WHERE state <> 'received' AND NOT EXISTS (
                     SELECT FROM attempts a WHERE a.message_id = u.attempt_id AND a.outcome = 'sending')";
    assert_eq!(test.database.number(moved).await?, 0);
    test.proxies.twilio.open().await?;
    let users = usize::try_from(USERS)?;
    test.until_final(users).await?;
    assert!(test.database.outcomes().await?.iter().all(|o| o.attempts == 1));
    assert_eq!(test.simulator.totals().await?.asked_in_all(), USERS, "one call for each, once it was back");
    test.finish(Expect::users(users)).await
}
