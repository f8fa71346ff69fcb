//! What `worker doctor` says of the WhatsApp sender.

use serde_json::{Value, json};
use support::{Expect, TestEnv, TestEnvBuilder, number};

use super::doctor::{doctor, fails};

const OURS: &str = "whatsapp:+14155550123";

fn with_sender() -> TestEnvBuilder {
    let sender = format!("{OURS},limit=1000");
    TestEnv::builder().simulator(&["--whatsapp-sender", &sender]).env("CHANNELS", "welcome=whatsapp,sms")
}

/// The section of the sender alone.
async fn section(test: &mut TestEnv, exit: i32) -> anyhow::Result<String> {
    let said = doctor(test, &[], exit).await?;
    assert!(!said.contains("4155550123"), "the number is shown: {said}");
    let lines = said.lines().skip_while(|line| !line.starts_with("whatsapp"));
    let section: Vec<&str> = lines.take_while(|line| !line.starts_with("time")).collect();
    assert!(!section.is_empty(), "{said}");
    Ok(section.join("\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_judges_the_sender_of_the_messaging_service() -> anyhow::Result<()> {
    let mut test = with_sender().build().await?;
    let said = section(&mut test, 0).await?;
    for line in [
        "23 is online",
        "none set at the sender",
        "1K Customers/24hr: 900 people in any 24 hours",
        "225 people in any 24 hours: no worker has read the limit yet",
        "all of WHATSAPP_RATE",
    ] {
        assert!(said.contains(line), "{line} is missing: {said}");
    }
    let ours = format!("{}/in", test.env["PUBLIC_URL"]);
    for (change, line) in [
        (json!({ "callback_url": ours }), "lead to PUBLIC_URL"),
        (json!({ "callback_url": "https://old.example.com/in" }), "reports to old.example.com"),
        (json!({ "quality": "LOW" }), "warn quality"),
        (json!({ "messaging_limit": "many" }), "names no number of people"),
    ] {
        test.simulator.change_senders(change).await?;
        let said = section(&mut test, 0).await?;
        assert!(said.contains(line), "{line} is missing: {said}");
    }
    test.simulator.change_senders(json!({ "status": "OFFLINE" })).await?;
    let said = section(&mut test, 78).await?;
    fails(&said, "sender", "offline, error 63001");
    test.finish(Expect::users(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_names_a_missing_sender_and_explains_the_sandbox() -> anyhow::Result<()> {
    let mut test = with_sender().env("TWILIO_WHATSAPP_FROM", "whatsapp:+14155550199").build().await?;
    fails(&section(&mut test, 78).await?, "sender", "TWILIO_WHATSAPP_FROM");
    test.env.insert("TWILIO_WHATSAPP_FROM".to_owned(), "whatsapp:+14155238886".to_owned());
    let said = section(&mut test, 0).await?;
    assert!(said.contains("warn sandbox") && said.contains("error 63015"), "{said}");
    test.env.insert("TWILIO_WHATSAPP_FROM".to_owned(), OURS.to_owned());
    test.env.insert("WHATSAPP_MAX_PEOPLE_PER_DAY".to_owned(), "1001".to_owned());
    let said = section(&mut test, 0).await?;
    assert!(said.contains("WHATSAPP_MAX_PEOPLE_PER_DAY is 1001"), "{said}");
    test.finish(Expect::users(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_asks_about_no_sender_where_none_is_in_use_or_the_key_may_not() -> anyhow::Result<()> {
    let mut test = with_sender().build().await?;
    let refused = json!({ "type": "error", "status": 403, "code": 70051 });
    test.simulator.faults(json!([{ "operation": "channel_senders", "action": refused }])).await?;
    let said = section(&mut test, 0).await?;
    assert!(said.contains("skip sender"), "{said}");
    test.env.insert("CHANNELS".to_owned(), "tip=sms".to_owned());
    let said = section(&mut test, 0).await?;
    assert!(said.contains("CHANNELS does not list whatsapp"), "{said}");
    test.finish(Expect::users(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_shows_what_workers_know_of_the_limit() -> anyhow::Result<()> {
    let mut test = with_sender().env("TEMPLATE_SYNC_INTERVAL", "1s").with_worker().await?;
    test.signup("1042", &number(1)).await?;
    test.until_final(1).await?;
    let known = "SELECT coalesce(people, -1)::bigint FROM whatsapp_sender";
    test.database.until("the limit is read", known, 1_000).await?;
    let said = section(&mut test, 0).await?;
    assert!(said.contains("900 people in any 24 hours, read 0 min ago"), "{said}");
    let refused = json!({ "type": "error", "status": 500, "code": 20500 });
    test.simulator.faults(json!([{ "operation": "channel_senders", "action": refused }])).await?;
    let failed = "SELECT count(*) FROM whatsapp_sender WHERE error IS NOT NULL";
    test.database.until("a read failed", failed, 1).await?;
    test.simulator.faults(Value::Array(Vec::new())).await?;
    test.stop_worker(0).await?;
    let known = "UPDATE whatsapp_sender SET error = 'Twilio answered HTTP 500, error code 20500'";
    test.database.execute(known).await?;
    let said = section(&mut test, 0).await?;
    assert!(said.contains("900 people in any 24 hours: a worker could not read the limit"), "{said}");
    test.finish(Expect::users(1)).await
}
