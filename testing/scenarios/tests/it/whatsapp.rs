//! Welcomes by WhatsApp, with SMS as the fallback.

mod outlook;
mod paused;
mod people;
mod ways;

use std::{ops::Range, time::Duration};

use chrono::Utc;
use rand::Rng as _;
use serde_json::{Value, json};
use shared::lane::QueueLane;
use support::{EventBody, Expect, TestEnv, TestEnvBuilder, number, rounds, seed};

use crate::failpoints::{POINTS, dies, expected};

pub(crate) const TEMPLATE: &str = "HX00000000000000000000000000000001";
/// What each user ends as, by the channel of the welcome that counts.
const WELCOMED: &str = "SELECT count(*) FROM users u JOIN attempts a ON a.message_id = u.attempt_id
                        WHERE u.state = 'registered' AND a.blocks AND a.outcome = 'accepted'";
const DOUBLE: &str =
    "SELECT count(*) FROM (SELECT phone_e164 FROM attempts WHERE blocks GROUP BY 1 HAVING count(*) > 1) d";

pub(crate) fn by_whatsapp() -> TestEnvBuilder {
    TestEnv::builder()
        // Without the sender's own limit, which the worker is not told here.
        .simulator(&["--suffix-faults", "--whatsapp-mps", "0"])
        .env("CHANNELS", "welcome=whatsapp,sms")
        .env("TWILIO_WHATSAPP_FROM", "whatsapp:+14155238886")
        .env("WHATSAPP_MAX_PEOPLE_PER_DAY", "0")
        .env("WHATSAPP_RATE", "0")
        .env("SEND_RATE", "0")
        .env("TEMPLATE_SYNC_INTERVAL", "1s")
}

/// One approved template for welcomes in every language.
pub(crate) async fn with_template(test: &mut TestEnv) -> anyhow::Result<()> {
    let content = json!({
        "sid": TEMPLATE, "friendly_name": "welcome", "language": "en",
        "types": { "twilio/text": { "body": "Welcome to Aamcare. We are here for you." } },
        "approval_requests": { "status": "approved", "category": "UTILITY" },
    });
    test.simulator.load_contents(json!([content])).await?;
    for words in [
        "templates sync".to_owned(),
        format!("templates map welcome welcome ne {TEMPLATE} --reason test"),
        format!("templates map welcome welcome en {TEMPLATE} --reason test"),
    ] {
        let args: Vec<&str> = words.split_whitespace().collect();
        let (code, said) = test.command(&args).await?;
        anyhow::ensure!(code == 0, "{words}: {code}: {said}");
    }
    Ok(())
}

/// Has a user agree to the welcome by WhatsApp.
async fn agree(test: &TestEnv, user: &str) -> anyhow::Result<()> {
    let consents = json!([{ "purpose": "onboarding", "channel": "whatsapp", "action": "grant" }]);
    publish(test, "user.consent_changed.v1", json!({ "user_id": user, "consents": consents })).await
}

/// Enters the consents of many users to WhatsApp.
async fn all_agree(test: &TestEnv, users: &str) -> anyhow::Result<()> {
    all_agree_to(test, "whatsapp", users).await
}

/// Enters the consents of many users to a channel at once, as the doors would one by one.
async fn all_agree_to(test: &TestEnv, channel: &str, users: &str) -> anyhow::Result<()> {
    let those = format!("FROM person_keys WHERE user_id IN (SELECT user_id FROM users WHERE {users})");
    let sql = format!(
        "INSERT INTO person_keys (user_id, phone_e164) SELECT user_id, phone_e164 FROM users WHERE {users}
         ON CONFLICT DO NOTHING;
         INSERT INTO consent_ledger (entry_key, person_key, purpose, channel, action, source, actor, said_at)
         SELECT sha256(convert_to('{channel}' || person_key, 'UTF8')), person_key, 'onboarding', '{channel}', 'grant',
                'import', 'test', now() - interval '1 day' {those};
         INSERT INTO channel_grants SELECT phone_e164, '{channel}', '{{onboarding}}' {those}"
    );
    sqlx::raw_sql(&sql).execute(&test.database.pool).await?;
    Ok(())
}

async fn publish(test: &TestEnv, key: &str, data: Value) -> anyhow::Result<()> {
    let event = json!({
        "specversion": "1.0", "id": uuid::Uuid::now_v7(), "source": "/test", "type": format!("np.aamcare.{key}"),
        "time": Utc::now().to_rfc3339(), "data": data,
    });
    test.broker.publish_people(key, event.to_string().as_bytes()).await
}

async fn stored(test: &TestEnv, user: &str, phone: &str) -> anyhow::Result<()> {
    test.database.import(user, phone).await?;
    let raw = format!("UPDATE users SET phone_e164 = '{phone}' WHERE user_id = '{user}'");
    sqlx::query(&raw).execute(&test.database.pool).await?;
    Ok(())
}

/// Enqueues the users with these numbers for the welcome.
async fn enqueue(test: &TestEnv, users: Range<u32>) -> anyhow::Result<()> {
    for n in users {
        test.broker.publish(QueueLane::Backfill, &EventBody::stored(&format!("u{n}")).bytes()).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn everyone_gets_one_welcome_by_the_channel_that_reaches_them() -> anyhow::Result<()> {
    let users = rounds(60, 3000);
    let mut test = by_whatsapp().build().await?;
    with_template(&mut test).await?;
    // Of twenty: one is not on WhatsApp by each of two codes, one meets another failure, three prefer SMS, two did not
    // agree to WhatsApp.
    let phone = |n: u32| match n % 20 {
        0 => format!("+977984{:03}9803", n / 20),
        1 => format!("+977984{:03}9824", n / 20),
        2 => format!("+977984{:03}9832", n / 20),
        _ => format!("+977985{:07}", 1_000_000 + n),
    };
    let people: Vec<(u32, String)> = (0..users).map(|n| (n, phone(n))).collect();
    for (n, phone) in &people {
        let user = format!("u{n}");
        stored(&test, &user, phone).await?;
        if matches!(n % 20, 5..=7) {
            let sql = format!("UPDATE users SET channel = 'sms' WHERE user_id = '{user}'");
            sqlx::query(&sql).execute(&test.database.pool).await?;
        }
    }
    all_agree(&test, "substr(user_id, 2)::int % 20 NOT IN (3, 4)").await?;
    test.start_worker().await?;
    for (n, _) in &people {
        test.broker.publish(QueueLane::Backfill, &EventBody::stored(&format!("u{n}")).bytes()).await?;
    }
    test.until_final(people.len()).await?;
    let failed = people.iter().filter(|(n, _)| n % 20 < 3).count();
    let fallbacks = "SELECT count(*) FROM fallbacks WHERE fallback IS NOT NULL";
    test.database.until("every failure is followed by SMS", fallbacks, i64::try_from(failed)?).await?;
    test.database.until("everyone is welcomed", WELCOMED, i64::try_from(people.len())?).await?;
    assert_eq!(test.database.number(DOUBLE).await?, 0);
    let by_channel = "SELECT count(*) FROM attempts WHERE blocks AND channel = 'sms'";
    let sms = people.iter().filter(|(n, _)| matches!(n % 20, 0..=7)).count();
    assert_eq!(test.database.number(by_channel).await?, i64::try_from(sms)?);
    let ledger = test.simulator.ledger().await?;
    assert_eq!((ledger.day_duplicates, ledger.reached_on_both_channels), (0, 0));
    let unreachable = "SELECT count(*) FROM channel_state WHERE NOT reachable";
    assert_eq!(test.database.number(unreachable).await?, i64::try_from(failed)?);
    let log = "SELECT count(*) FROM message_log WHERE fallback_of IS NOT NULL AND channel = 'sms' AND state = 'accepted'";
    assert_eq!(test.database.number(log).await?, i64::try_from(failed)?);
    test.finish(Expect::users(people.len())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_are_killed_between_two_channels_lose_and_double_nothing() -> anyhow::Result<()> {
    let (kills, users) = (rounds(8, 100), rounds(200, 2_000));
    let mut random = seed("SIGKILL between two channels");
    let mut test = by_whatsapp().simulator(&["--latency", "20ms"]).build().await?;
    with_template(&mut test).await?;
    for n in 0..users {
        // A third is not on WhatsApp.
        let phone = if n % 3 == 0 {
            format!("+977984{:03}9803", n / 3)
        } else {
            format!("+977985{:07}", 1_000_000 + n)
        };
        stored(&test, &format!("u{n}"), &phone).await?;
    }
    all_agree(&test, "true").await?;
    test.start_worker().await?;
    test.start_worker().await?;
    enqueue(&test, 0..users).await?;
    for kill in 1..=kills {
        test.until_asked(kill * users / kills * 3 / 4).await?;
        tokio::time::sleep(Duration::from_millis(random.gen_range(0..60))).await;
        test.kill_worker(random.gen_range(0..2))?;
        test.launch_worker().await?;
    }
    test.until_final(users as usize).await?;
    let open = "SELECT count(*) FROM fallbacks WHERE next_try_at IS NOT NULL";
    test.database.until("every fallback has ended", open, 0).await?;
    assert_eq!(test.database.number(DOUBLE).await?, 0);
    let conflicts = "SELECT count(*) FROM fallbacks WHERE fallback IS NOT NULL AND late_at IS NOT NULL";
    let (ledger, conflicts) = (test.simulator.ledger().await?, test.database.number(conflicts).await?);
    assert_eq!((ledger.day_duplicates, ledger.reached_on_both_channels), (0, u64::try_from(conflicts)?));
    let in_doubt = usize::try_from(kills)? * 20;
    test.finish(Expect::users(users as usize).parked_unsent(in_doubt)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_die_at_any_point_of_either_channel_lose_and_double_nothing() -> anyhow::Result<()> {
    let kills = rounds(6, 100);
    let mut random = seed("deaths with two channels");
    let mut test = by_whatsapp().build().await?;
    with_template(&mut test).await?;
    test.start_worker().await?;
    // Half agree to WhatsApp, and a third of all are not there.
    let signups = |range: Range<u32>| -> Vec<EventBody> {
        let consents = json!([{ "purpose": "onboarding", "channel": "whatsapp", "action": "grant" }]);
        let signup = |n: u32| {
            let phone = if n.is_multiple_of(3) {
                let operator = [984, 986, 980, 981][(n / 3_000 % 4) as usize];
                format!("+977{operator}{:03}9803", n / 3 % 1_000)
            } else {
                format!("+977985{:07}", 1_000_000 + n)
            };
            let signup = EventBody::signup(&format!("u{n}"), &phone);
            if n.is_multiple_of(2) { signup.with_data("consents", consents.clone()) } else { signup }
        };
        range.map(signup).collect()
    };
    let mut users = 0;
    for (_, point) in (0..kills).zip(POINTS.into_iter().cycle()) {
        dies(&mut test, (point, random.gen_range(1..=8)), &mut users, signups).await?;
    }
    test.until_final(usize::try_from(users)?).await?;
    let open = "SELECT count(*) FROM fallbacks WHERE next_try_at IS NOT NULL";
    test.database.until("every fallback has ended", open, 0).await?;
    let by_sms = "SELECT count(*) FROM fallbacks WHERE fallback IS NOT NULL";
    assert!(test.database.number(by_sms).await? > 0, "nobody got an SMS after WhatsApp");
    assert_eq!(test.database.number(DOUBLE).await?, 0);
    let conflicts = "SELECT count(*) FROM fallbacks WHERE fallback IS NOT NULL AND late_at IS NOT NULL";
    let (ledger, conflicts) = (test.simulator.ledger().await?, test.database.number(conflicts).await?);
    assert_eq!((ledger.day_duplicates, ledger.reached_on_both_channels), (0, u64::try_from(conflicts)?));
    test.finish(expected(users, kills)?).await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_blocks_us_on_whatsapp_gets_no_sms_instead() -> anyhow::Result<()> {
    let mut test = by_whatsapp().build().await?;
    with_template(&mut test).await?;
    stored(&test, "u1", &number(9814)).await?;
    agree(&test, "u1").await?;
    test.start_worker().await?;
    let granted = "SELECT count(*) FROM channel_grants WHERE channel = 'whatsapp'";
    test.database.until("the consent is entered", granted, 1).await?;
    test.broker.publish(QueueLane::Backfill, &EventBody::stored("u1").bytes()).await?;
    let withdrawn = "SELECT count(*) FROM consent_ledger WHERE channel = 'whatsapp' AND action = 'withdraw' AND source = 'twilio'";
    test.database.until("the wish is entered", withdrawn, 3).await?;
    assert_eq!(test.database.number(granted).await?, 0);
    assert_eq!(test.database.number("SELECT count(*) FROM fallbacks").await?, 0);
    assert_eq!(test.database.number("SELECT count(*) FROM suppressions").await?, 0);
    test.finish(Expect::users(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn all_workers_keep_to_nine_tenths_of_the_limit_that_the_sender_reports() -> anyhow::Result<()> {
    let users = 30;
    let mut test = by_whatsapp()
        .simulator(&["--whatsapp-sender", "whatsapp:+14155238886,limit=20"])
        .env("CHANNELS", "welcome=whatsapp")
        .without("WHATSAPP_MAX_PEOPLE_PER_DAY")
        .build()
        .await?;
    with_template(&mut test).await?;
    for n in 0..users {
        stored(&test, &format!("u{n}"), &number(n)).await?;
    }
    all_agree(&test, "true").await?;
    test.start_worker().await?;
    test.start_worker().await?;
    let known = "SELECT coalesce(people, -1)::bigint FROM whatsapp_sender";
    test.database.until("the limit is read", known, 20).await?;
    let refused = json!([{ "operation": "channel_senders", "action": { "type": "error", "status": 500, "code": 20500 } }]);
    test.simulator.faults(refused).await?;
    let failed = "SELECT count(*) FROM whatsapp_sender WHERE error IS NOT NULL";
    test.database.until("a read failed", failed, 1).await?;
    enqueue(&test, 0..users).await?;
    let waiting = "SELECT count(*) FROM users WHERE state = 'received' AND reason = 'channel_full'";
    test.database.until("the others wait", waiting, i64::from(users) - 18).await?;
    test.database.until("18 are welcomed", WELCOMED, 18).await?;
    assert_eq!(test.database.number(known).await?, 20, "a failed read keeps the last known limit");
    for worker in &test.workers {
        let limit = worker.metric("onboarding_whatsapp_people_limit", "").await?;
        assert!((limit - 18.0).abs() < 0.1, "{limit}");
    }
    let full = "SELECT count(*) FROM attempts WHERE error_code = 63018";
    assert_eq!(test.database.number(full).await?, 0, "nothing was refused");
    test.close()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_as_too_many_lowers_the_rate_of_all_workers() -> anyhow::Result<()> {
    let mut test = by_whatsapp().env("WHATSAPP_RATE", "50").build().await?;
    with_template(&mut test).await?;
    stored(&test, "u1", &number(9818)).await?;
    all_agree(&test, "true").await?;
    test.start_worker().await?;
    test.broker.publish(QueueLane::Backfill, &EventBody::stored("u1").bytes()).await?;
    let halved = "SELECT count(*) FROM whatsapp_pace WHERE share = 0.5";
    test.database.until("the rate is halved", halved, 1).await?;
    let slowdowns = test.workers[0].metric("onboarding_whatsapp_slowdowns_total", "").await?;
    assert!((slowdowns - 1.0).abs() < 0.1, "{slowdowns}");
    let (_, said) = test.command(&["doctor"]).await?;
    assert!(said.contains("50 % of WHATSAPP_RATE"), "{said}");
    let by_sms = "SELECT count(*) FROM attempts WHERE channel = 'sms' AND outcome = 'accepted'";
    test.database.until("the message itself goes by SMS", by_sms, 1).await?;
    test.finish(Expect::users(1)).await
}
