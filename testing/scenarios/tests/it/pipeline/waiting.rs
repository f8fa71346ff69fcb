//! Messages that wait for the day of the person, and welcomes that wait for a consent.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use shared::lane::QueueLane;
use support::{EventBody, Expect, TestEnv, number};

/// Quiet hours in UTC from an hour ago to about two hours ahead, and when they end.
fn quiet_now() -> (String, DateTime<Utc>) {
    let now = Utc::now();
    let end = now + TimeDelta::hours(2);
    let text = format!("{}-{}", (now - TimeDelta::hours(1)).format("%H:%M"), end.format("%H:%M"));
    (text, end)
}

async fn advance(test: &mut TestEnv, by: &str) -> anyhow::Result<()> {
    let (code, said) = test.command(&["clock", "advance", by]).await?;
    assert_eq!(code, 0, "{said}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn live_welcomes_wait_for_the_day_and_go_out_spread_over_half_an_hour() -> anyhow::Result<()> {
    let (hours, end) = quiet_now();
    let builder = TestEnv::builder().env("QUIET_HOURS", &hours).env("DEFAULT_TIME_ZONE", "UTC");
    let mut test = builder.env("WELCOME_QUIET", "1").with_two_workers().await?;
    let night: Vec<EventBody> = (1..=20).map(|n| EventBody::signup(&format!("u{n}"), &number(n))).collect();
    test.broker.publish_all(&night).await?;
    let abroad = EventBody::signup("abroad", &number(21)).with_data("time_zone", "Asia/Kathmandu");
    test.broker.publish(QueueLane::Live, &abroad.bytes()).await?;
    test.database.import("stored", &number(22)).await?;
    test.broker.publish(QueueLane::Backfill, &EventBody::stored("stored").bytes()).await?;

    for user in ["abroad", "stored"] {
        test.until_case(user, "registered delivered -").await?;
    }
    let waiting = "SELECT count(*) FROM onboarding_status WHERE state = 'received' AND reason = 'quiet'";
    test.database.until("the others wait", waiting, 20).await?;
    let turns = format!(
        "SELECT count(DISTINCT next_attempt_at) FROM users WHERE reason = 'quiet' AND retries = 0 AND retry_since IS NULL
             AND next_attempt_at BETWEEN date_trunc('minute', '{0}'::timestamptz) - interval '5 seconds'
                                     AND date_trunc('minute', '{0}'::timestamptz) + interval '30 minutes'",
        end.to_rfc3339()
    );
    assert_eq!(test.database.number(&turns).await?, 20, "each at a time of its own");
    assert_eq!(test.database.number("SELECT count(*) FROM attempts").await?, 2);

    advance(&mut test, "2h31m").await?;
    test.until_final(22).await?;
    test.finish(Expect::users(22)).await
}

/// Stores a message that is due now, to a number that no welcome goes to.
async fn message(test: &TestEnv, n: u32, kind: &str, expires: &str) -> anyhow::Result<()> {
    let sql = format!(
        "INSERT INTO messages (message_id, kind, channel, lane, user_id, phone_e164, slot, language, content, due_at,
                               next_attempt_at, expires_at)
         VALUES ((left(id_from_time(now())::text, 14) || right(gen_random_uuid()::text, 22))::uuid, '{kind}', 'sms',
                 'replies', 'u{n}', '{}', 'own', 'en', '{{\"text\": \"Aamcare: good day.\"}}', now(), now(), {expires})",
        number(n + 10)
    );
    test.database.execute(&sql).await
}

#[tokio::test(flavor = "multi_thread")]
async fn tips_and_notices_wait_for_the_day_or_expire_and_a_reply_goes_at_once() -> anyhow::Result<()> {
    let (hours, _) = quiet_now();
    let builder = TestEnv::builder().env("QUIET_HOURS", &hours).env("DEFAULT_TIME_ZONE", "UTC");
    let mut test = builder.with_worker().await?;
    // Without WELCOME_QUIET a welcome does not wait. The stored zone of its user decides for later messages.
    let abroad = EventBody::signup("u5", &number(5)).with_data("time_zone", "Asia/Kathmandu");
    test.broker.publish(QueueLane::Live, &abroad.bytes()).await?;
    test.signup("u6", &number(6)).await?;
    test.until_case("u5", "registered delivered -").await?;
    test.until_case("u6", "registered delivered -").await?;

    message(&test, 1, "reply", "NULL").await?;
    message(&test, 2, "notice", "NULL").await?;
    message(&test, 3, "tip", "now() + interval '1 hour'").await?;
    message(&test, 4, "tip", "now() + interval '5 hours'").await?;
    // A tip goes to the present number of its user alone.
    let moved = async |to: u32| {
        let sql = format!("UPDATE users SET phone_e164 = '{}' WHERE user_id = 'u5'", number(to));
        test.database.execute(&sql).await
    };
    moved(15).await?;
    message(&test, 5, "tip", "now() + interval '1 hour'").await?;
    let sent = "SELECT count(*) FROM message_attempts WHERE status = 'delivered'";
    test.database.until("the reply and the tip to where it is day", sent, 2).await?;
    let waiting = "SELECT count(*) FROM messages WHERE state = 'waiting' AND reason = 'quiet'";
    test.database.until("the others wait", waiting, 3).await?;
    moved(5).await?;

    advance(&mut test, "1h1m").await?;
    let stale =
        "SELECT count(*) FROM messages WHERE user_id = 'u3' AND state = 'skipped' AND reason = 'stale'";
    test.database.until("a tip expires", stale, 1).await?;
    assert_eq!(test.database.number(waiting).await?, 2);
    advance(&mut test, "1h").await?;
    test.database.until("the rest is sent by day", sent, 4).await?;
    test.finish(Expect::users(2)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_that_waits_for_a_permit_into_the_night_waits_for_the_day() -> anyhow::Result<()> {
    let hour = |ahead| (Utc::now() + TimeDelta::hours(ahead)).format("%H:%M").to_string();
    let mut test = TestEnv::builder()
        .simulator(&["--latency", "4s"])
        .env("QUIET_HOURS", &format!("{}-{}", hour(2), hour(5)))
        .env("DEFAULT_TIME_ZONE", "UTC")
        .env("WORKER_CONCURRENCY", "1")
        .env("TWILIO_TIMEOUT", "10s")
        .env("LEASE", "20s")
        .with_worker()
        .await?;
    for n in 1..=2 {
        message(&test, n, "notice", "NULL").await?;
    }
    test.database.until("a call is in flight", "SELECT count(*) FROM message_attempts", 1).await?;
    advance(&mut test, "3h").await?;
    let sent = "SELECT count(*) FROM message_attempts WHERE status = 'delivered'";
    test.database.until("the one in flight is sent", sent, 1).await?;
    let waiting = "SELECT count(*) FROM messages WHERE state = 'waiting' AND reason = 'quiet'";
    test.database.until("the other waits", waiting, 1).await?;
    advance(&mut test, "3h").await?;
    test.database.until("it is sent by day", sent, 2).await?;
    test.finish(Expect::users(0)).await
}

fn grant(user: &str) -> Value {
    json!({ "user_id": user, "consents": [{ "purpose": "onboarding", "channel": "sms", "action": "grant" }] })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_welcome_waits_for_a_consent_and_a_grant_sets_it_going() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().env("CONSENT_FOR_ONBOARDING", "required").with_two_workers().await?;
    test.database.suppress(&number(3)).await?;
    for n in [1, 3] {
        test.signup(&format!("u{n}"), &number(n)).await?;
    }
    let consents = json!([{ "purpose": "onboarding", "channel": "any", "action": "grant" }]);
    let asked = EventBody::signup("u2", &number(2)).with_data("consents", consents);
    test.broker.publish(QueueLane::Live, &asked.bytes()).await?;
    test.until_case("u1", "received not_sent no_consent").await?;
    test.until_case("u2", "registered delivered -").await?;
    test.until_case("u3", "suppressed skipped opted_out").await?;

    test.database.import("u4", &number(4)).await?;
    let (code, said) = test.program("backfill", &["--dry-run"]).await?;
    assert!(code == 0 && said.contains("to wait for a consent"), "{said}");
    let (code, said) = test.program("backfill", &["--yes"]).await?;
    assert_eq!(code, 0, "{said}");
    test.until_case("u4", "received not_sent no_consent").await?;
    assert_eq!(test.database.number("SELECT count(*) FROM attempts").await?, 1);

    // Only a grant can set them going.
    test.database
        .execute("UPDATE users SET next_attempt_at = now() + interval '1 hour' WHERE reason = 'no_consent'")
        .await?;
    let event = json!({
        "specversion": "1.0", "id": uuid::Uuid::now_v7(), "source": "/test",
        "type": "np.aamcare.user.consent_changed.v1", "time": Utc::now().to_rfc3339(), "data": grant("u1"),
    });
    test.broker.publish_people("user.consent_changed.v1", event.to_string().as_bytes()).await?;
    let by_staff = [
        "consent",
        "grant",
        "u4",
        "--purpose",
        "onboarding",
        "--channel",
        "sms",
        "--reason",
        "said on the phone",
    ];
    let (code, said) = test.command(&by_staff).await?;
    assert_eq!(code, 0, "{said}");
    for user in ["u1", "u4"] {
        test.until_case(user, "registered delivered -").await?;
    }
    test.finish(Expect::users(4)).await
}
