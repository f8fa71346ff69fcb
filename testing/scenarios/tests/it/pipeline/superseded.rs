//! While an event is processed, a newer row, a late callback or another user of the number arrives.

use anyhow::Context as _;
use serde_json::json;
use shared::lane::QueueLane;
use support::{EventBody, Expect, PATIENCE, TestEnv, number, until};

use crate::people::signups;

/// What an import of these users writes, whose data are as of now.
async fn import(test: &TestEnv, users: u32) -> anyhow::Result<()> {
    let sql = "INSERT INTO users (user_id, phone_raw, phone_e164, source, changed_at) VALUES ($1, $2, $2, 'import', now())
               ON CONFLICT (user_id) DO UPDATE SET changed_at = now(), source = 'import', updated_at = now()";
    for n in 0..users {
        sqlx::query(sql).bind(format!("u{n}")).bind(number(n)).execute(&test.database.pool).await?;
    }
    Ok(())
}

/// Waits until `sql` finds a row.
async fn until_there_is(test: &TestEnv, what: &str, sql: &str) -> anyhow::Result<()> {
    until(what, PATIENCE, async || {
        let found = sqlx::query(sql).fetch_optional(&test.database.pool).await?;
        Ok(found.map(drop).ok_or_else(|| "no row".to_owned()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn signups_that_an_import_overtakes_while_their_lane_is_paused_are_all_welcomed() -> anyhow::Result<()>
{
    let mut test = TestEnv::builder().env("SEND_RATE", "1").with_worker().await?;
    test.broker.publish_all(&signups(0..40)).await?;
    test.until_accepted(1).await?;
    import(&test, 40).await?;
    let (code, said) = test.command(&["pause", "--lane", "live", "--reason", "test"]).await?;
    assert_eq!(code, 0, "{said}");
    // Some events are still in the queue; those that were in hand are stored as waiting.
    until("no delivery is in hand", PATIENCE, async || {
        let in_hand = test.workers[0].metric("onboarding_events_in_flight", "").await?;
        let paused = test.database.number("SELECT count(*) FROM users WHERE reason = 'paused'").await?;
        Ok(if in_hand < 0.5 && paused > 0 {
            Ok(())
        } else {
            Err(format!("{in_hand} in hand, {paused} paused"))
        })
    })
    .await?;
    test.stop_worker(0).await?;
    test.env.insert("SEND_RATE".to_owned(), "0".to_owned());
    test.start_worker().await?;
    let (code, said) = test.command(&["resume", "--lane", "live", "--reason", "test"]).await?;
    assert_eq!(code, 0, "{said}");
    test.until_final(40).await?;
    assert_eq!(test.simulator.totals().await?.accepted, 40);
    test.finish(Expect::users(40)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_keeps_changing_holds_back_no_other_signup() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_worker().await?;
    // Every write to this row is superseded.
    let trigger =
        "CREATE FUNCTION supersede() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
                   CREATE TRIGGER superseded BEFORE INSERT OR UPDATE ON users
                   FOR EACH ROW WHEN (NEW.user_id = 'restless') EXECUTE FUNCTION supersede();";
    test.database.execute(trigger).await?;
    test.signup("restless", "hello").await?;
    until("the broker delivers it again", PATIENCE, async || {
        let redelivered = test.workers[0].metric("onboarding_redeliveries_total", "").await?;
        Ok(if redelivered > 0.5 { Ok(()) } else { Err("not redelivered".to_owned()) })
    })
    .await?;
    test.broker.publish_all(&signups(0..20)).await?;
    test.until_final(20).await?;
    let worker = &test.workers[0];
    assert!(worker.metric("onboarding_amqp_reconnects_total", "").await? < 0.5, "the session ended");
    assert_eq!(test.database.dead_letters().await?.len(), 0);
    test.database.execute("DROP TRIGGER superseded ON users").await?;
    let outcome = until("the row is written", PATIENCE, async || {
        let found = test.database.outcome("restless").await?;
        Ok(found.ok_or_else(|| "no row".to_owned()))
    })
    .await?;
    assert_eq!(outcome.state, "rejected");
    test.finish(Expect::users(21)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reopened_user_whose_message_shows_up_late_is_not_texted_again() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().with_worker().await?;
    let silent = json!([{ "type": "reset", "store": true }, { "type": "no_callbacks" }]);
    let hidden = json!([
        { "operation": "create", "action": silent },
        { "operation": "list", "action": { "type": "list_lag", "ms": 600_000 } },
    ]);
    test.simulator.faults(hidden).await?;
    test.signup("late", &number(1)).await?;
    test.until_case("late", "registered unknown parked").await?;
    let (code, said) = test.command(&["pause", "--lane", "live", "--reason", "test"]).await?;
    assert_eq!(code, 0, "{said}");
    let attempt: uuid::Uuid =
        sqlx::query_scalar("SELECT message_id FROM attempts").fetch_one(&test.database.pool).await?;
    let reopen = ["unknown", "reopen", "--attempt", &attempt.to_string(), "--reason", "not found"];
    let (code, said) = test.command(&reopen).await?;
    assert_eq!(code, 0, "{said}");
    test.simulator.faults(json!([])).await?;
    let sent = test.simulator.sent().await?;
    let form = format!("MessageSid={}&MessageStatus=delivered", sent.first().context("a message")?.sid);
    assert_eq!(test.callback(&format!("?mid={attempt}"), &form).await?, 204);
    until_there_is(&test, "the late callback", "SELECT FROM attempts WHERE sid IS NOT NULL").await?;
    let (code, said) = test.command(&["resume", "--lane", "live", "--reason", "test"]).await?;
    assert_eq!(code, 0, "{said}");
    test.signup("late", &number(1)).await?;
    test.until_drained().await?;
    assert_eq!(test.simulator.ledger().await?.asked(&number(1)), 1);
    test.finish(Expect::users(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_user_of_a_number_is_welcomed_when_the_first_one_leaves_it() -> anyhow::Result<()> {
    let test = TestEnv::builder().env("RETRY_BASE", "3s").env("RETRY_MAX", "3s").with_worker().await?;
    let throttle =
        json!([{ "operation": "create", "suffix": number(1), "action": { "type": "error", "status": 429 } }]);
    test.simulator.faults(throttle).await?;
    test.signup("first", &number(1)).await?;
    test.signup("second", &number(1)).await?;
    until_there_is(&test, "a refusal", "SELECT FROM attempts WHERE outcome = 'deferred' LIMIT 1").await?;
    test.signup("first", &number(2)).await?;
    test.until_case("first", "registered delivered -").await?;
    test.simulator.faults(json!([])).await?;
    test.until_case("second", "registered delivered -").await?;
    test.finish(Expect::users(2)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn users_whose_events_wait_in_a_slow_queue_are_not_enqueued_again() -> anyhow::Result<()> {
    let test = TestEnv::builder().env("SEND_RATE", "10").with_two_workers().await?;
    for n in 0..80 {
        let user = format!("u{n}");
        test.database.import(&user, &number(n)).await?;
        test.broker.publish(QueueLane::Backfill, &EventBody::stored(&user).bytes()).await?;
        let enqueued = "UPDATE users SET state = 'received', lane = 'backfill', enqueued_at = now()
                        WHERE user_id = $1 AND state = 'stored'";
        sqlx::query(enqueued).bind(&user).execute(&test.database.pool).await?;
    }
    test.until_final(80).await?;
    let mut rescued = 0.0;
    for worker in &test.workers {
        rescued += worker.metric("onboarding_rescued_users_total", "").await?;
    }
    assert!(rescued < 0.5, "{rescued} enqueued again, but no event was lost");
    test.finish(Expect::users(80)).await
}
