//! Templates of WhatsApp: what the commands refuse, how a state shows, and what a worker notices by itself.

use serde_json::{Value, json};
use support::{PATIENCE, TestEnv, until};

use crate::dashboard;

const BODY: &str = "Aamcare को आजको सन्देश। हप्ता {{1}}: {{2}} शुभ दिन।";

fn sid(n: u32) -> String {
    format!("HX{n:032x}")
}

/// An approved content with this number.
fn content(n: u32) -> Value {
    json!({
        "sid": sid(n), "friendly_name": format!("tip_{n}"), "language": "hi",
        "types": { "twilio/text": { "body": BODY } },
        "approval_requests": { "status": "approved", "category": "UTILITY" },
    })
}

/// Runs `worker templates` with these words, and with two variables and a reason where it maps.
async fn templates(test: &mut TestEnv, words: &str) -> anyhow::Result<(i32, String)> {
    let mut args: Vec<&str> = ["templates"].into_iter().chain(words.split_whitespace()).collect();
    if words.starts_with("map") || words.starts_with("unmap") {
        args.extend(["--reason", "test", "--actor", "maya"]);
    }
    test.command(&args).await
}

async fn map(test: &mut TestEnv, rest: &str) -> anyhow::Result<(i32, String)> {
    templates(test, &format!("map tip pregnancy ne {rest}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_that_cannot_work_is_refused_with_what_to_do() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    let (code, said) = map(&mut test, &format!("{} --var 1=week --var 2=text", sid(1))).await?;
    assert!(code == 2 && said.contains("run `worker templates sync`"), "{code}: {said}");
    test.simulator.load_contents(json!([content(1), content(2)])).await?;
    let (code, said) = templates(&mut test, "sync").await?;
    assert!(code == 0 && said.contains("2 templates at Twilio"), "{code}: {said}");
    let one = sid(1);
    for (rest, words) in [
        (format!("{one} --var 1=week"), "placeholder 2 has no value"),
        (format!("{one} --var 1=week --var 2=text --var 3=name"), "has no placeholder 3"),
        (format!("{one} --var 1=week --var 1=text"), "--var names 1 twice"),
        (format!("{one} --var 1=week --var 2=phone"), "unknown field"),
        (format!("{one} --var 1week"), "NAME=FIELD"),
        (one.clone(), "placeholder 1 has no value"),
        ("HX1 --var 1=week --var 2=text".to_owned(), "32 hexadecimal digits"),
        (format!("{} --var 1=week --var 2=text", sid(9)), "run `worker templates sync`"),
        (format!("{one} --variant c --var 1=week --var 2=text"), "possible values: a, b"),
    ] {
        let (code, said) = map(&mut test, &rest).await?;
        assert!(code == 2 && said.contains(words), "{rest}: {code}: {said}");
    }
    for (words, named) in [
        ("map hello pregnancy ne", "possible values: welcome, tip, notice, reply"),
        ("map tip hello ne", "possible values: welcome, pregnancy, newborn, infant, handoff"),
        ("map tip pregnancy hi", "no messages in this language"),
    ] {
        let (code, said) = templates(&mut test, &format!("{words} {one} --var 1=week --var 2=text")).await?;
        assert!(code == 2 && said.contains(named), "{words}: {code}: {said}");
    }
    assert_eq!(test.database.number("SELECT count(*) FROM templates").await?, 0);
    test.simulator.delete_content(&sid(2)).await?;
    assert_eq!(templates(&mut test, "sync").await?.0, 0);
    let (code, said) = map(&mut test, &format!("{} --var 1=week --var 2=text", sid(2))).await?;
    assert!(code == 2 && said.contains("does not list"), "{code}: {said}");
    test.close()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_check_says_whether_every_mapped_template_may_be_sent() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    let (code, said) = templates(&mut test, "check").await?;
    assert!(code == 78 && said.contains("no template is mapped for whatsapp"), "{code}: {said}");
    test.env.insert("CHANNELS".to_owned(), "tip=sms".to_owned());
    assert_eq!(templates(&mut test, "check").await?.0, 0, "WhatsApp is not in use");
    test.env.remove("CHANNELS");
    test.simulator.load_contents(json!([content(1), content(2)])).await?;
    assert_eq!(templates(&mut test, "sync").await?.0, 0);
    for (n, variant) in [(1, "a"), (2, "b")] {
        let rest = format!("{} --variant {variant} --var 1=week --var 2=text", sid(n));
        let (code, said) = map(&mut test, &rest).await?;
        assert!(
            code == 0 && said.contains("sendable") && said.contains("filed under `hi`"),
            "{code}: {said}"
        );
    }
    let (code, said) = templates(&mut test, "check").await?;
    assert!(code == 0 && said.contains("2 of 2 mapped templates may be sent"), "{code}: {said}");
    test.simulator.change_content(&sid(2), json!({ "status": "paused" })).await?;
    let (code, said) = templates(&mut test, "sync").await?;
    assert!(code == 0 && said.contains(&format!("{} status approved to paused", sid(2))), "{code}: {said}");
    let (code, said) = templates(&mut test, "check").await?;
    assert!(code == 3 && said.contains("1 of 2 mapped templates may be sent"), "{code}: {said}");
    let (_, json) = templates(&mut test, "list --output json").await?;
    let list: Value = serde_json::from_str(&json)?;
    assert_eq!(list["schema"], "templates/1");
    assert_eq!((&list["rows"][1]["state"], &list["rows"][1]["variant"]), (&"paused".into(), &"b".into()));
    let (code, said) = templates(&mut test, "unmap tip pregnancy ne --variant b").await?;
    assert!(code == 0 && said.contains("no longer mapped"), "{code}: {said}");
    assert_eq!(templates(&mut test, "check").await?.0, 0);
    test.close()
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_channels_and_prices_stop_the_worker() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    for (name, value, words) in [
        ("CHANNELS", "tip=email", "unknown channel"),
        ("CHANNELS", "welcome=same", "only a reply"),
        ("CHANNELS", "welcome=sms,sms", "twice"),
        ("CHANNELS", "tip=", "no channel"),
        ("WHATSAPP_PRICE_USD", "utility=cheap", "not a number"),
        ("TEMPLATE_SYNC_INTERVAL", "0s", "at least 1s"),
        ("TWILIO_CONTENT_BASE_URL", "https://content.twilio.com/?x=1", "must end before"),
    ] {
        let before = test.env.insert(name.to_owned(), value.to_owned());
        let (code, said) = test.command(&["run"]).await?;
        assert!(code == 78 && said.contains(name) && said.contains(words), "{name}={value}: {code}: {said}");
        match before {
            Some(before) => test.env.insert(name.to_owned(), before),
            None => test.env.remove(name),
        };
    }
    test.close()
}

/// Waits until the worker's metric of this state has the value.
async fn until_state(test: &TestEnv, state: &str, value: f64) -> anyhow::Result<()> {
    until(&format!("{value} templates are {state}"), PATIENCE, async || {
        let found = test.workers[0].metric("onboarding_templates", &format!("state=\"{state}\"")).await?;
        Ok(if (found - value).abs() < 0.1 { Ok(()) } else { Err(found.to_string()) })
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_notices_a_pause_and_its_end_by_itself() -> anyhow::Result<()> {
    let mut test = dashboard::test_env(TestEnv::builder().env("TEMPLATE_SYNC_INTERVAL", "1s")).await?;
    test.simulator.load_contents(content(1)).await?;
    until("the worker knows the template", PATIENCE, async || {
        let found = test.database.number("SELECT count(*) FROM contents").await?;
        Ok(if found == 1 { Ok(()) } else { Err(found.to_string()) })
    })
    .await?;
    let (code, said) = map(&mut test, &format!("{} --var 1=week --var 2=text", sid(1))).await?;
    assert_eq!(code, 0, "{said}");
    until_state(&test, "sendable", 1.0).await?;
    test.simulator.change_content(&sid(1), json!({ "status": "paused" })).await?;
    until_state(&test, "paused", 1.0).await?;
    until_state(&test, "sendable", 0.0).await?;
    let mut maya = dashboard::signed_in(&test, "maya").await?;
    let page = maya.get("/templates").await?.body;
    assert!(page.contains("tip_1") && page.contains("paused by Meta"), "{page}");
    let (code, report) = test.command(&["doctor", "--output", "json"]).await?;
    assert!(code == 78 && report.contains("(tip_1): paused"), "{code}: {report}");
    test.simulator.change_content(&sid(1), json!({ "status": "approved" })).await?;
    until_state(&test, "sendable", 1.0).await?;
    until_state(&test, "paused", 0.0).await?;
    let audited = "SELECT count(*) FROM audit_log WHERE actor = 'worker' AND action = 'templates sync'";
    assert_eq!(test.database.number(audited).await?, 2, "a pause and its end");
    Ok(())
}
