//! Faults of the account or a country hold users back and do not fail them.

use std::time::Instant;

use serde_json::json;
use support::{Expect, Outcome, PATIENCE, TestEnv, number, rounds, until};

use crate::people::signups;

/// `WORKER_CONCURRENCY` of these tests.
const CONCURRENCY: u32 = 10;

/// How often the workers probed a country that is held back.
fn country_probes(test: &TestEnv) -> anyhow::Result<u32> {
    let probes = test.workers.iter().map(|w| w.log().matches("probe of a country that is held back").count());
    Ok(u32::try_from(probes.sum::<usize>())?)
}

/// Waits until `count` users wait for this reason, none of them with an attempt.
async fn until_waiting(test: &TestEnv, count: usize, reason: &str) -> anyhow::Result<Vec<String>> {
    until(&format!("{count} users wait for {reason}"), PATIENCE, async || {
        let all = test.database.outcomes().await?;
        let case = format!("received not_sent {reason}");
        let waits = |o: &&Outcome| o.case() == case && o.attempts == 0;
        let waiting: Vec<_> = all.iter().filter(waits).map(|o| o.user_id.clone()).collect();
        Ok(if waiting.len() == count { Ok(waiting) } else { Err(format!("{} of {all:?}", waiting.len())) })
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_opens_the_breaker_until_it_is_restored() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_two_workers().await?;
    test.simulator.revoke(true).await?;
    test.broker.publish_all(&signups(0..50)).await?;
    until_waiting(&test, 50, "breaker_open").await?;
    let refused = test.simulator.totals().await?.asked_in_all();
    assert!(refused <= 20, "{refused} calls after the first refusal: more than were in flight");
    test.simulator.revoke(false).await?;
    test.until_final(50).await?;
    let outcomes = test.database.outcomes().await?;
    assert!(outcomes.iter().all(|o| o.state == "registered" && o.attempts == 1), "{outcomes:?}");
    test.finish(Expect::users(50)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_country_without_permission_holds_back_only_itself() -> anyhow::Result<()> {
    let test = TestEnv::builder().sender().with_worker().await?;
    let refuse = json!({ "type": "refuse", "code": 21408 });
    let rules: Vec<_> =
        (0..10).map(|n| json!({ "operation": "create", "suffix": number(n), "action": refuse })).collect();
    test.simulator.faults(json!(rules)).await?;
    test.broker.publish_all(&signups(0..10)).await?;
    until_waiting(&test, 10, "breaker_open").await?;
    test.signup("abroad", "+919876543210").await?;
    test.until_case("abroad", "registered delivered -").await?;
    test.simulator.faults(json!([])).await?;
    test.until_final(11).await?;
    test.finish(Expect::users(11)).await
}

/// Indian numbers, which these tests let Twilio refuse, by their last digits.
fn abroad(n: u32) -> String {
    format!("+9198765{n:03}77")
}

async fn refuse_abroad(test: &TestEnv, action: serde_json::Value) -> anyhow::Result<()> {
    test.simulator.faults(json!([{ "operation": "create", "suffix": "77", "action": action }])).await
}

/// At home, and with other last digits.
fn at_home(n: u32) -> String {
    number(n * 100)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_country_without_permission_takes_nothing_from_signups_at_home() -> anyhow::Result<()> {
    let (foreign, home) = (rounds(150, 600), rounds(20, 60));
    let test = TestEnv::builder().sender().env("SEND_RATE", "10").with_worker().await?;
    refuse_abroad(&test, json!({ "type": "refuse", "code": 21408 })).await?;
    for n in 0..foreign {
        test.signup(&format!("abroad-{n}"), &abroad(n)).await?;
    }
    let began = Instant::now();
    for n in 0..home {
        test.signup(&format!("home-{n}"), &at_home(n)).await?;
    }
    test.until_accepted(home.into()).await?;
    let took = began.elapsed();
    let ledger = test.simulator.totals().await?;
    let (asked_abroad, probes) = (ledger.asked_in_all() - home, country_probes(&test)?);
    println!("{home} at home within {took:?}, {} Lookups, {asked_abroad} calls abroad", ledger.lookups);
    // Every call abroad takes a send slot from the signups at home: after the first refusals only probes do.
    let most = 2 * CONCURRENCY + probes;
    assert!(asked_abroad <= most, "{asked_abroad} calls abroad, at most {most} may be made");
    assert!(
        ledger.lookups <= u64::from(home + foreign),
        "{} Lookups: more than one for each",
        ledger.lookups
    );
    test.simulator.faults(json!([])).await?;
    // The users abroad would take minutes at this rate.
    test.close()
}

#[tokio::test(flavor = "multi_thread")]
async fn users_of_a_country_that_stays_held_back_end_with_its_code() -> anyhow::Result<()> {
    let test = TestEnv::builder().sender().env("RETRY_FOR", "2s").with_two_workers().await?;
    refuse_abroad(&test, json!({ "type": "refuse", "code": 21408 })).await?;
    for n in 0..40 {
        test.signup(&format!("abroad-{n}"), &abroad(n)).await?;
    }
    let sql = "SELECT count(*) FROM users WHERE state = 'failed' AND reason = 'error_21408'";
    until("all have ended", PATIENCE, async || {
        let now = test.database.number(sql).await?;
        Ok(if now == 40 { Ok(()) } else { Err(now.to_string()) })
    })
    .await?;
    let held: f64 = test.workers[0].metric("onboarding_country_held", "IN").await?;
    assert!((held - 1.0).abs() < 0.1, "the country is shown as held back");
    let asked = test.simulator.totals().await?.asked_in_all();
    assert!(asked <= 39, "{asked} calls for 40 users: the others were not called at all");
    test.close()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_registration_reported_by_callback_holds_back_its_country_until_one_is_delivered()
-> anyhow::Result<()> {
    let test = TestEnv::builder().env("BREAKER_PROBE", "200ms..2s").with_two_workers().await?;
    refuse_abroad(&test, json!({ "type": "final_status", "status": "failed", "error_code": 30034 })).await?;
    test.signup("first", &abroad(0)).await?;
    test.until_case("first", "registered failed error_30034").await?;
    until("both workers hold the country back", PATIENCE, async || {
        let mut held = 0.0;
        for worker in &test.workers {
            held += worker.metric("onboarding_country_held", "IN").await?;
        }
        Ok(if held > 1.5 { Ok(()) } else { Err(held.to_string()) })
    })
    .await?;
    for n in 1..=20 {
        test.signup(&format!("abroad-{n}"), &abroad(n)).await?;
        test.signup(&format!("home-{n}"), &at_home(n)).await?;
    }
    test.until_case("home-20", "registered delivered -").await?;
    test.simulator.faults(json!([])).await?;
    test.until_final(41).await?;
    let failed = "SELECT count(*) FROM onboarding_status WHERE reason = 'error_30034'";
    let failed = test.database.number(failed).await?;
    let probes = i64::from(country_probes(&test)?);
    assert!(failed <= 1 + probes, "{failed} failed: more than the first one and {probes} probes");
    test.finish(Expect::users(41)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daily_cap_holds_over_all_workers() -> anyhow::Result<()> {
    let test = TestEnv::builder().env("MAX_MESSAGES_PER_DAY", "5").with_two_workers().await?;
    test.broker.publish_all(&signups(0..30)).await?;
    let waiting = until_waiting(&test, 25, "daily_cap").await?;
    assert_eq!(test.simulator.totals().await?.accepted, 5);
    let expect = waiting.iter().fold(Expect::users(30), |e, user| e.waiting(user));
    test.finish(expect).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_on_the_list_is_not_texted_until_it_is_lifted() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().with_worker().await?;
    let (code, said) = test.command(&["suppress", "add", &number(1), "--reason", "asked by phone"]).await?;
    assert_eq!(code, 0, "{said}");
    test.signup("one", &number(1)).await?;
    let held = test.until_case("one", "suppressed skipped opted_out").await?;
    assert_eq!(held.attempts, 0);
    let (code, said) = test.command(&["suppress", "remove", &number(1), "--reason", "asked again"]).await?;
    assert_eq!(code, 0, "{said}");
    test.signup("one", &number(1)).await?;
    test.until_case("one", "registered delivered -").await?;
    test.finish(Expect::users(1)).await
}
