//! What `backfill --dry-run` says is what a backfill does.

use serde_json::Value;
use support::{Expect, TestEnv, TestEnvBuilder, number, rounds};

use super::{all_agree, by_whatsapp, stored, with_template};

/// The parts of a report that say by which channel users go, or why they wait.
const PARTS: [&str; 9] = [
    "total",
    "welcome",
    "shared_phone",
    "suppressed",
    "no_consent",
    "no_template",
    "unreachable",
    "channel_full",
    "channels",
];

/// Stored users of eight kinds, as many of each. Returns how many there are.
async fn mixed_users(test: &TestEnv, of_each: u32) -> anyhow::Result<u32> {
    let users = 8 * of_each;
    for n in 0..users {
        // Those of the last kind share the numbers of those of the first.
        let phone = if n % 8 == 7 { number(n - 7) } else { number(n) };
        stored(test, &format!("u{n:04}"), &phone).await?;
    }
    all_agree(test, "substr(user_id, 2)::int % 8 NOT IN (2, 7)").await?;
    let kind = |n: u32| format!("substr(user_id, 2)::int % 8 = {n}");
    let (prefers, english, unreachable, stopped) = (kind(1), kind(3), kind(4), kind(5));
    // Signed up long ago: those who wait for room come again soon.
    test.database
        .execute(&format!(
            "UPDATE users SET changed_at = now() - interval '300 days';
             UPDATE users SET channel = 'sms' WHERE {prefers};
             UPDATE users SET language = 'en' WHERE {english};
             INSERT INTO channel_faults (phone_e164, channel, until, reason)
             SELECT phone_e164, 'whatsapp', now() + interval '9 days', 'error_63024' FROM users WHERE {unreachable};
             INSERT INTO suppressions (phone_e164, source, actor, reason)
             SELECT phone_e164, 'staff', 'test', 'test' FROM users WHERE {stopped}"
        ))
        .await?;
    Ok(users)
}

async fn report(test: &mut TestEnv, flags: &[&str]) -> anyhow::Result<Value> {
    let (code, said) = test.program("backfill", flags).await?;
    anyhow::ensure!(code == 0, "{code}: {said}");
    let line = said.lines().find(|line| line.starts_with('{')).unwrap_or_default();
    Ok(serde_json::from_str(line)?)
}

fn count(report: &Value, part: &str) -> i64 {
    report["enqueued"].pointer(part).and_then(Value::as_i64).unwrap_or(-1)
}

/// Runs the dry run, then the backfill, and returns what both said.
async fn said(builder: TestEnvBuilder, of_each: u32) -> anyhow::Result<(TestEnv, u32, Value)> {
    let mut test = builder.env("FALLBACK_WITHIN", "3s").build().await?;
    with_template(&mut test).await?;
    let users = mixed_users(&test, of_each).await?;
    let (code, said) =
        test.command(&["templates", "unmap", "welcome", "welcome", "en", "--reason", "test"]).await?;
    anyhow::ensure!(code == 0, "{said}");
    let before = test.database.fingerprint().await?;
    let dry = report(&mut test, &["--dry-run", "--output", "json", "--no-progress"]).await?;
    assert_eq!(test.database.fingerprint().await?, before, "a dry run changes nothing");
    test.start_worker().await?;
    let real = report(&mut test, &["--yes", "--output", "json", "--no-progress"]).await?;
    for part in PARTS {
        assert_eq!(real["enqueued"][part], dry["enqueued"][part], "{part}");
    }
    assert_eq!(count(&dry, "/total"), i64::from(users));
    Ok((test, users, dry))
}

const MESSAGES: &str = "SELECT count(*) FROM attempts WHERE outcome = 'accepted' AND channel = ";

#[tokio::test(flavor = "multi_thread")]
async fn the_dry_run_counts_each_channel_as_the_backfill_uses_it() -> anyhow::Result<()> {
    let of_each = rounds(5, 100);
    let room = of_each - 2;
    let builder = by_whatsapp().env("WHATSAPP_MAX_PEOPLE_PER_DAY", &room.to_string());
    let (test, users, dry) = said(builder, of_each).await?;
    let each = i64::from(of_each);
    // By WhatsApp: the first kind and the seventh. By SMS: who prefers it, who did not agree to WhatsApp, who has no
    // template, whom WhatsApp does not reach, and those for whom there is no room.
    let late = 2 * each - i64::from(room);
    assert_eq!(count(&dry, "/channels/whatsapp"), i64::from(room));
    assert_eq!(count(&dry, "/channels/sms"), 4 * each + late);
    assert_eq!(count(&dry, "/channels/sms_after_waiting"), late);
    assert_eq!(count(&dry, "/channels/whatsapp_categories/utility"), i64::from(room));
    assert_eq!((count(&dry, "/suppressed"), count(&dry, "/shared_phone")), (each, each));
    assert_eq!(dry["missing_templates"]["en"], each);
    let channels = &dry["estimate"]["channels"];
    assert_eq!((&channels[0]["channel"], &channels[0]["people_per_day"]), (&"whatsapp".into(), &room.into()));
    assert_eq!(dry["estimate"]["seconds"], 3, "those without room wait for FALLBACK_WITHIN");

    test.until_final(users as usize).await?;
    for channel in ["sms", "whatsapp"] {
        let sent = test.database.number(&format!("{MESSAGES}'{channel}'")).await?;
        assert_eq!(sent, count(&dry, &format!("/channels/{channel}")), "{channel}");
    }
    let state =
        |state: &str| format!("SELECT count(*) FROM users WHERE state = 'suppressed' AND reason = '{state}'");
    assert_eq!(test.database.number(&state("opted_out")).await?, each);
    let ledger = test.simulator.ledger().await?;
    assert_eq!(ledger.accepted_on_whatsapp(), u64::from(room));
    assert_eq!((ledger.day_duplicates, ledger.reached_on_both_channels), (0, 0));
    test.finish(Expect::users(users as usize)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dry_run_counts_those_whom_no_channel_reaches() -> anyhow::Result<()> {
    let of_each = rounds(5, 100);
    let builder = by_whatsapp().env("CHANNELS", "welcome=whatsapp");
    let (test, users, dry) = said(builder, of_each).await?;
    let each = i64::from(of_each);
    assert_eq!(count(&dry, "/channels/whatsapp"), 3 * each);
    assert_eq!((count(&dry, "/channels/sms"), count(&dry, "/segments")), (0, 0));
    assert_eq!((count(&dry, "/no_consent"), count(&dry, "/no_template")), (each, each));
    assert_eq!((count(&dry, "/unreachable"), count(&dry, "/suppressed")), (each, each));
    for reason in ["no_consent", "no_template", "unreachable"] {
        let waiting = format!("SELECT count(*) FROM users WHERE state = 'received' AND reason = '{reason}'");
        test.database.until(reason, &waiting, count(&dry, &format!("/{reason}"))).await?;
    }
    let sent = format!("{MESSAGES}'whatsapp'");
    test.database.until("all others are welcomed", &sent, 3 * each).await?;
    let waiting = (0..users).filter(|n| matches!(n % 8, 2..=4));
    let expect = waiting.fold(Expect::users(users as usize), |expect, n| expect.waiting(&format!("u{n:04}")));
    test.finish(expect).await
}
