//! What holds everybody back and burns nobody.

use faults::{Expect, Outcome, PATIENCE, Plan, Stage, number, until};
use serde_json::json;

use crate::people::signups;

/// Waits until `count` users wait for this reason, none of them with an attempt.
async fn until_waiting(stage: &Stage, count: usize, reason: &str) -> anyhow::Result<Vec<String>> {
    until(&format!("{count} users wait for {reason}"), PATIENCE, async || {
        let all = stage.database.outcomes().await?;
        let case = format!("received not_sent {reason}");
        let waits = |o: &&Outcome| o.case() == case && o.attempts == 0;
        let waiting: Vec<_> = all.iter().filter(waits).map(|o| o.user_id.clone()).collect();
        Ok(if waiting.len() == count { Ok(waiting) } else { Err(format!("{} of {all:?}", waiting.len())) })
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_opens_the_breaker_until_it_is_restored() -> anyhow::Result<()> {
    let stage = Plan::default().with_two_workers().await?;
    stage.simulator.revoke(true).await?;
    stage.broker.publish_all(&signups(0..50)).await?;
    until_waiting(&stage, 50, "breaker_open").await?;
    let refused = stage.simulator.totals().await?.asked_in_all();
    assert!(refused <= 20, "{refused} calls after the first refusal: more than were in flight");
    stage.simulator.revoke(false).await?;
    stage.until_final(50).await?;
    let outcomes = stage.database.outcomes().await?;
    assert!(outcomes.iter().all(|o| o.state == "registered" && o.attempts == 1), "{outcomes:?}");
    stage.finish(Expect::users(50)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_country_without_permission_holds_back_only_itself() -> anyhow::Result<()> {
    let stage = Plan::default().sender().with_worker().await?;
    let refuse = json!({ "type": "refuse", "code": 21408 });
    let rules: Vec<_> =
        (0..10).map(|n| json!({ "operation": "create", "suffix": number(n), "action": refuse })).collect();
    stage.simulator.faults(json!(rules)).await?;
    stage.broker.publish_all(&signups(0..10)).await?;
    until_waiting(&stage, 10, "breaker_open").await?;
    stage.signup("abroad", "+919876543210").await?;
    stage.until_case("abroad", "registered delivered -").await?;
    stage.simulator.faults(json!([])).await?;
    stage.until_final(11).await?;
    stage.finish(Expect::users(11)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daily_cap_holds_over_all_workers() -> anyhow::Result<()> {
    let stage = Plan::default().env("MAX_MESSAGES_PER_DAY", "5").with_two_workers().await?;
    stage.broker.publish_all(&signups(0..30)).await?;
    let waiting = until_waiting(&stage, 25, "daily_cap").await?;
    assert_eq!(stage.simulator.totals().await?.accepted, 5);
    let expect = waiting.iter().fold(Expect::users(30), |e, user| e.waiting(user));
    stage.finish(expect).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_on_the_list_is_not_texted_until_it_is_lifted() -> anyhow::Result<()> {
    let mut stage = Plan::default().with_worker().await?;
    let (code, said) = stage.command(&["suppress", "add", &number(1), "--reason", "asked by phone"]).await?;
    assert_eq!(code, 0, "{said}");
    stage.signup("one", &number(1)).await?;
    let held = stage.until_case("one", "suppressed skipped opted_out").await?;
    assert_eq!(held.attempts, 0);
    let (code, said) = stage.command(&["suppress", "remove", &number(1), "--reason", "asked again"]).await?;
    assert_eq!(code, 0, "{said}");
    stage.signup("one", &number(1)).await?;
    stage.until_case("one", "registered delivered -").await?;
    stage.finish(Expect::users(1)).await
}
