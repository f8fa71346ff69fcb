//! Messages of other kinds than the welcome: due in Postgres, sent once, whatever crashes.

use support::{Expect, PATIENCE, TestEnv, injected, number, until};

/// Stores notices to these numbers that are due now, each with a text of its own.
async fn notices(test: &TestEnv, numbers: impl Iterator<Item = u32>) -> anyhow::Result<()> {
    for n in numbers {
        let sql = format!(
            "INSERT INTO messages (message_id, kind, channel, lane, user_id, phone_e164, slot, language, content, keys,
                                   due_at, next_attempt_at)
             VALUES ((left(id_from_time(now())::text, 14) || right(gen_random_uuid()::text, 22))::uuid, 'notice', 'sms',
                     'replies', 'u{n}', '{}', 'own', 'en', '{{\"text\": \"Aamcare: messages have stopped.\"}}',
                     ARRAY['notice:{n}'], now(), now())",
            number(n)
        );
        test.database.execute(&sql).await?;
    }
    Ok(())
}

async fn until_count(test: &TestEnv, wanted: i64, of: &str) -> anyhow::Result<()> {
    test.database.until(&format!("{wanted} {of}"), &format!("SELECT count(*) FROM {of}"), wanted).await
}

const DELIVERED: &str = "messages m JOIN message_attempts a USING (message_id) WHERE m.state = 'claimed' AND a.status = 'delivered'";

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_due_is_sent_once_and_its_callbacks_arrive() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_two_workers().await?;
    test.database.suppress(&number(3)).await?;
    notices(&test, 1..=3).await?;
    // A second one with the key of the first.
    let twin = "INSERT INTO messages SELECT (left(m.message_id::text, 14) || right(gen_random_uuid()::text, 22))::uuid, kind,
                    channel, lane, user_id, '+9779841299999', slot, language, content, keys, NULL, due_at, NULL, 'waiting',
                    NULL, NULL, now() + interval '2 seconds'
                FROM messages m WHERE user_id = 'u1'";
    test.database.execute(twin).await?;
    until_count(&test, 2, DELIVERED).await?;
    until_count(&test, 1, "messages WHERE state = 'skipped' AND reason = 'opted_out'").await?;
    until_count(&test, 1, "messages WHERE state = 'skipped' AND reason = 'duplicate'").await?;
    until_count(&test, 2, "message_keys").await?;
    test.finish(Expect::users(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_a_killed_worker_are_found_or_left_unknown_and_never_sent_twice() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().simulator(&["--latency", "200ms"]).with_two_workers().await?;
    notices(&test, 1..=60).await?;
    for _ in 0..3 {
        until("calls are in flight", PATIENCE, async || {
            let sending = test
                .database
                .number("SELECT count(*) FROM message_attempts WHERE outcome = 'sending'")
                .await?;
            Ok(if sending >= 3 { Ok(()) } else { Err(sending.to_string()) })
        })
        .await?;
        test.kill_worker(0)?;
        injected(1);
        test.launch_worker().await?;
    }
    let open = "messages m WHERE state = 'waiting' OR EXISTS (
                    SELECT FROM message_attempts a WHERE a.message_id = m.message_id AND a.blocks
                    AND (a.outcome = 'sending' OR a.outcome = 'unknown' AND a.parked_at IS NULL))";
    until_count(&test, 0, open).await?;
    until_count(&test, 60, "message_attempts WHERE blocks").await?;
    test.finish(Expect::users(0).parked_unsent(30)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_passes_is_tried_again_and_an_outage_ends_no_message() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_worker().await?;
    let rule = serde_json::json!([{ "operation": "create", "count": 8, "action": { "type": "error", "code": 20429 } }]);
    test.simulator.faults(rule).await?;
    notices(&test, 1..=5).await?;
    until_count(&test, 5, DELIVERED).await?;
    assert!(test.database.number("SELECT count(*) FROM message_attempts WHERE NOT blocks").await? > 0);
    test.finish(Expect::users(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn tests_move_the_calendar_and_what_is_due_then_is_sent() -> anyhow::Result<()> {
    // Hours of the backfill lane that begin in about half a day, whenever this runs.
    let hour = (chrono::Timelike::hour(&chrono::Utc::now()) + 12) % 24;
    let window = format!("{hour:02}:00-{:02}:00 UTC", (hour + 2) % 24);
    let mut test = TestEnv::builder().env("BACKFILL_WINDOW", &window).with_worker().await?;
    notices(&test, 1..=1).await?;
    until_count(&test, 1, DELIVERED).await?;
    notices(&test, 2..=2).await?;
    test.database
        .execute("UPDATE messages SET next_attempt_at = now() + interval '24 hours' WHERE user_id = 'u2'")
        .await?;
    test.database.import("stored", &number(7)).await?;
    test.broker
        .publish(shared::lane::QueueLane::Backfill, &support::EventBody::stored("stored").bytes())
        .await?;
    let (code, said) = test.command(&["clock", "advance", "25h"]).await?;
    assert!(code == 0 && said.contains("1day 1h ahead"), "{said}");
    until_count(&test, 2, DELIVERED).await?;
    let (code, _) = test.command(&["clock", "reset"]).await?;
    assert_eq!(code, 0);
    let (code, _) = test.command(&["clock", "advance", "12h"]).await?;
    assert_eq!(code, 0);
    test.until_case("stored", "registered delivered -").await?;
    test.finish(Expect::users(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_calendar_is_refused_where_messages_would_reach_people() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    test.database.execute("INSERT INTO test_clock (ahead) VALUES (interval '1 hour')").await?;
    test.env.insert("TWILIO_API_BASE_URL".to_owned(), "https://api.twilio.invalid".to_owned());
    for args in [&["run"][..], &["clock", "advance", "1h"]] {
        let (code, said) = test.command(args).await?;
        assert!(code == 78 && said.contains("this machine"), "{args:?}: {code} {said}");
    }
    Ok(())
}
