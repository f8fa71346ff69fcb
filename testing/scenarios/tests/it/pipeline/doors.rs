//! Stops, losses and changes of numbers that come as events while messages are sent.

use chrono::{Duration, Utc};
use serde_json::{Value, json};
use shared::lane::QueueLane;
use support::{EventBody, Expect, PATIENCE, TestEnv, number, rounds, until};

use crate::people::signups;

/// Messages whose claim came after their user was silenced.
const CLAIMED_AFTER: &str = "SELECT count(*) FROM silenced_users q JOIN attempts a USING (user_id) WHERE a.claimed_at > q.in_force_at";

/// One event about a person, of now.
async fn publish(test: &TestEnv, key: &str, data: Value) -> anyhow::Result<()> {
    let event = json!({
        "specversion": "1.0", "id": uuid::Uuid::now_v7(), "source": "/test", "type": format!("np.aamcare.{key}"),
        "time": Utc::now().to_rfc3339(), "data": data,
    });
    test.broker.publish_people(key, event.to_string().as_bytes()).await
}

fn withdrawal(user: &str) -> Value {
    json!({ "user_id": user, "consents": [{ "purpose": "onboarding", "channel": "any", "action": "withdraw" }] })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_and_a_loss_take_effect_while_everything_else_waits() -> anyhow::Result<()> {
    let users = rounds(200, 5000);
    let mut test = TestEnv::builder().with_worker().await?;
    let (code, _) = test.command(&["pause", "--reason", "test"]).await?;
    assert_eq!(code, 0);
    test.simulator.revoke(true).await?;
    test.broker.publish_all(&signups(1..users + 1)).await?;
    let asked = std::time::Instant::now();
    publish(&test, "user.consent_changed.v1", withdrawal("u1")).await?;
    publish(&test, "user.loss_reported.v1", json!({ "user_id": "u2" })).await?;
    // Their signups may have been stored before.
    let in_force = format!(
        "SELECT count(*) FROM (
             SELECT user_id FROM silenced_users WHERE in_force_at IS NOT NULL
             UNION SELECT 'u1' FROM suppressions WHERE phone_e164 = '{}' AND in_force_at IS NOT NULL) s",
        number(1)
    );
    test.database.until("both are silenced", &in_force, 2).await?;
    eprintln!("a stop and a loss behind {users} waiting signups took effect within {:?}", asked.elapsed());
    test.simulator.revoke(false).await?;
    let (code, _) = test.command(&["resume"]).await?;
    assert_eq!(code, 0);
    for user in ["u1", "u2"] {
        test.until_case(user, "suppressed skipped opted_out").await?;
    }
    test.until_final(users as usize).await?;
    // A call from before the pause was known to the worker was refused: the account was revoked already.
    let ledger = test.simulator.ledger().await?;
    assert_eq!((ledger.accepted(&number(1)), ledger.accepted(&number(2))), (0, 0));
    assert_eq!(test.database.number(CLAIMED_AFTER).await?, 0);
    test.finish(Expect::users(users as usize)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_message_is_claimed_after_a_loss_was_in_force() -> anyhow::Result<()> {
    let users = rounds(300, 2000);
    let test = TestEnv::builder().env("SEND_RATE", "0").with_two_workers().await?;
    for n in 1..=users {
        test.database.import(&format!("u{n}"), &number(n)).await?;
    }
    let losses = users / 10;
    for n in 1..=users {
        test.broker.publish(QueueLane::Backfill, &EventBody::stored(&format!("u{n}")).bytes()).await?;
        if n % 10 == 0 {
            // Of one whose turn is about now, and of all others before and after it.
            let whose = (n * 7) % users + 1;
            publish(&test, "user.loss_reported.v1", json!({ "user_id": format!("u{whose}") })).await?;
        }
    }
    let reported = "SELECT count(*) FROM silenced_users WHERE in_force_at IS NOT NULL";
    test.database.until("every loss is in force", reported, i64::from(losses)).await?;
    test.until_final(users as usize).await?;
    assert_eq!(test.database.number(CLAIMED_AFTER).await?, 0);
    let sent = "SELECT count(*) FROM silenced_users q JOIN attempts a USING (user_id)";
    let shown = "SELECT count(*) FROM onboarding_status WHERE state = 'suppressed' AND reason = 'opted_out'";
    let (sent, shown) = (test.database.number(sent).await?, test.database.number(shown).await?);
    eprintln!("{losses} losses: {sent} came after the message, {shown} before it");
    assert_eq!(sent + shown, i64::from(losses));
    test.finish(Expect::users(users as usize)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loss_from_before_the_signup_silences_number_and_household() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_worker().await?;
    test.database.import("u3", &number(3)).await?;
    publish(&test, "user.profile_changed.v1", json!({ "user_id": "u3", "household_id": "h" })).await?;
    publish(&test, "user.loss_reported.v1", json!({ "user_id": "u1" })).await?;
    test.database.until("the loss is in force", "SELECT count(*) FROM silenced_users", 1).await?;
    let signup = json!({ "user_id": "u1", "phone_number": number(1), "household_id": "h" });
    let event = json!({
        "specversion": "1.0", "id": uuid::Uuid::now_v7(), "source": "/test",
        "type": "np.aamcare.user.signed_up.v1", "time": Utc::now().to_rfc3339(), "data": signup,
    });
    test.broker.publish(QueueLane::Live, event.to_string().as_bytes()).await?;
    let lost = "SELECT count(*) FROM suppressions WHERE loss";
    test.database.until("both numbers are silenced", lost, 2).await?;
    test.signup("u2", &number(1)).await?;
    test.broker.publish(QueueLane::Backfill, &EventBody::stored("u3").bytes()).await?;
    for user in ["u1", "u2", "u3"] {
        test.until_case(user, "suppressed skipped opted_out").await?;
    }
    let ledger = test.simulator.ledger().await?;
    assert_eq!([1, 3].map(|n| ledger.asked(&number(n))), [0, 0]);
    test.finish(Expect::users(3)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_overtakes_its_signup_loses_nothing_of_it() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_worker().await?;
    let change = json!({ "user_id": "u1", "due_date": "2027-02-14" });
    publish(&test, "user.profile_changed.v1", change).await?;
    test.until_case("u1", "stored not_sent -").await?;
    let signup = EventBody::signup("u1", &number(1)).at(Utc::now() - Duration::minutes(5));
    let signup = signup.with_data("display_name", "Sita").with_data("tips_hour", "12:00");
    test.broker.publish(QueueLane::Live, &signup.bytes()).await?;
    test.until_case("u1", "registered delivered -").await?;
    let stored = "SELECT concat_ws(' ', display_name, due_date, tips_hour) FROM users WHERE user_id = 'u1'";
    assert_eq!(test.database.texts(stored).await?, [Some("Sita 2027-02-14 12:00".to_owned())]);
    test.finish(Expect::users(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_number_is_welcomed_once_and_an_older_event_changes_nothing() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_worker().await?;
    test.signup("u1", &number(1)).await?;
    test.until_case("u1", "registered delivered -").await?;
    let change =
        json!({ "user_id": "u1", "phone_number": number(2), "tips_hour": "12:00", "household_id": 7 });
    publish(&test, "user.profile_changed.v1", change).await?;
    until("the new number is welcomed", PATIENCE, async || {
        let asked = test.simulator.ledger().await?.asked(&number(2));
        Ok(if asked == 1 { Ok(()) } else { Err(asked.to_string()) })
    })
    .await?;
    test.until_case("u1", "registered delivered -").await?;
    // An older signup with the first number.
    let older = EventBody::signup("u1", &number(1)).at(Utc::now() - Duration::hours(1));
    test.broker.publish(QueueLane::Live, &older.bytes()).await?;
    test.until_drained().await?;
    let stored = "SELECT concat_ws(' ', phone_e164, tips_hour, household_id) FROM users WHERE user_id = 'u1'";
    let told = test.database.texts(stored).await?;
    assert_eq!(told, [Some(format!("{} 12:00 7", number(2)))]);
    // An unknown user is stored, and not welcomed.
    publish(&test, "user.profile_changed.v1", json!({ "user_id": "u2", "phone_number": number(3) })).await?;
    test.until_case("u2", "stored not_sent -").await?;
    let ledger = test.simulator.ledger().await?;
    assert_eq!([1, 2, 3].map(|n| ledger.asked(&number(n))), [1, 1, 0]);
    test.finish(Expect::users(2).waiting("u2")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_about_a_person_that_breaks_the_contract_is_a_dead_letter() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_worker().await?;
    let bad = json!({ "user_id": "u1", "consents": [{ "purpose": "gossip", "channel": "any", "action": "grant" }] });
    publish(&test, "user.consent_changed.v1", bad).await?;
    test.database
        .until(
            "a dead letter",
            "SELECT count(*) FROM dead_letters WHERE reason = 'schema' AND lane IS NULL",
            1,
        )
        .await?;
    assert_eq!(test.database.number("SELECT count(*) FROM consent_ledger").await?, 0);
    test.finish(Expect::users(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loss_does_not_wait_for_changed_profiles() -> anyhow::Result<()> {
    let users = rounds(500, 2000);
    let mut test = TestEnv::builder().with_worker().await?;
    test.signup("u1", &number(1)).await?;
    test.until_case("u1", "registered delivered -").await?;
    test.stop_worker(0).await?;
    for n in 1..=users {
        let change = json!({ "user_id": format!("u{n}"), "tips_hour": "12:00" });
        publish(&test, "user.profile_changed.v1", change).await?;
    }
    publish(&test, "user.loss_reported.v1", json!({ "user_id": "u1" })).await?;
    test.start_worker().await?;
    let changed = "SELECT count(*) FROM users WHERE tips_hour = '12:00'";
    test.database.until("every profile is changed", changed, i64::from(users)).await?;
    let before = "SELECT count(*) FROM users u, silenced_users q WHERE u.updated_at < q.in_force_at";
    let before = test.database.number(before).await?;
    eprintln!("{before} of {users} profiles were changed before a loss that came after all of them");
    assert!(before < i64::from(users) / 2, "{before} of {users}");
    let silenced = "SELECT count(*) FROM silenced_users WHERE user_id = 'u1' AND in_force_at IS NOT NULL";
    assert_eq!(test.database.number(silenced).await?, 1);
    let others = (2..=users).map(|n| format!("u{n}"));
    let expect = others.fold(Expect::users(users as usize), |expect, user| expect.waiting(&user));
    test.finish(expect).await
}
