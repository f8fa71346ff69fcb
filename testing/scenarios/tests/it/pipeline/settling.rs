//! After an outage, the unknown outcomes of a period are settled at once.

use chrono::{TimeDelta, Utc};
use serde_json::json;
use shared::templates::{self, Language};
use support::{Expect, TestEnv, number};

/// The user of each case, and its number.
const FOUND: u32 = 1;
const ABSENT: u32 = 2;
const YOUNG: u32 = 3;
const SEVERAL: u32 = 4;
const OTHER: u32 = 5;
const ALL: [u32; 5] = [FOUND, ABSENT, YOUNG, SEVERAL, OTHER];

/// Sends a message to this number beside the worker.
async fn send(test: &TestEnv, n: u32, body: &str) -> anyhow::Result<()> {
    let account = &test.env["TWILIO_ACCOUNT_SID"];
    let url = format!("{}/2010-04-01/Accounts/{account}/Messages.json", test.simulator.url());
    let form = [
        ("To", number(n)),
        ("MessagingServiceSid", test.env["TWILIO_MESSAGING_SERVICE_SID"].clone()),
        ("Body", body.to_owned()),
    ];
    let request = reqwest::Client::new().post(url).basic_auth(account, Some(&test.env["TWILIO_AUTH_TOKEN"]));
    request.form(&form).send().await?.error_for_status()?;
    Ok(())
}

/// One parked user for each case; all but [`YOUNG`] were claimed 20 minutes ago.
async fn after_an_outage() -> anyhow::Result<TestEnv> {
    let test = TestEnv::builder().with_worker().await?;
    let lost = json!([{ "type": "reset", "store": true }, { "type": "no_callbacks" }]);
    let refused = json!({ "type": "error", "status": 503 });
    let mut rules = vec![json!({ "operation": "list", "action": { "type": "list_lag", "ms": 600_000 } })];
    for n in ALL {
        let action = if [FOUND, SEVERAL].contains(&n) { &lost } else { &refused };
        rules.push(json!({ "operation": "create", "suffix": number(n), "action": action }));
    }
    test.simulator.faults(json!(rules)).await?;
    for n in ALL {
        test.signup(&n.to_string(), &number(n)).await?;
        test.until_case(&n.to_string(), "registered unknown parked").await?;
    }
    test.simulator.faults(json!([])).await?;
    send(&test, SEVERAL, templates::welcome(Language::Ne).content().text().expect("a text")).await?;
    send(&test, OTHER, "Your appointment is on Monday.").await?;
    let age = format!(
        "UPDATE attempts SET claimed_at = now() - interval '20 minutes' WHERE phone_e164 <> '{}'",
        number(YOUNG)
    );
    test.database.execute(&age).await?;
    Ok(test)
}

fn period() -> [String; 5] {
    let at = |minutes| (Utc::now() + TimeDelta::minutes(minutes)).to_rfc3339();
    [
        "unknown".into(),
        "settle".into(),
        format!("--since={}", at(-60)),
        format!("--until={}", at(1)),
        "--reopen-absent".into(),
    ]
}

async fn settle(test: &mut TestEnv, more: &[&str]) -> anyhow::Result<(i32, String)> {
    let period = period();
    let args: Vec<&str> = period.iter().map(String::as_str).chain(more.iter().copied()).collect();
    test.command(&args).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_unknown_outcomes_of_an_outage_are_settled_by_twilios_list() -> anyhow::Result<()> {
    let mut test = after_an_outage().await?;
    let before = test.database.fingerprint().await?;

    let (code, said) = settle(&mut test, &["--dry-run", "--output", "csv"]).await?;
    assert_eq!(code, 3, "{said}");
    for (n, result) in [
        (FOUND, "adopted"),
        (ABSENT, "reopened"),
        (YOUNG, "too_young"),
        (SEVERAL, "several_messages"),
        (OTHER, "other_message"),
    ] {
        let row = said.lines().find(|l| l.contains(&format!(",{n},"))).unwrap_or_default();
        assert!(row.ends_with(result), "user {n}: {said}");
        assert!(!said.contains(&number(n)), "a number is shown in full");
    }
    assert_eq!(test.database.fingerprint().await?, before, "a dry run changes nothing");

    test.proxies.twilio.close().await?;
    let (code, said) = settle(&mut test, &["--reason", "outage", "--yes"]).await?;
    assert_eq!((code, test.database.fingerprint().await? == before), (69, true), "{said}");
    test.proxies.twilio.open().await?;

    let (code, said) = settle(&mut test, &["--reason", "outage"]).await?;
    assert_eq!(code, 2, "without a terminal it needs --yes: {said}");
    let (code, said) = settle(&mut test, &["--reason", "outage", "--yes", "--actor", "maya"]).await?;
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("5 of 5 unknown outcomes: 1 adopted, 1 reopened"), "{said}");
    test.until_case("1", "registered delivered -").await?;
    let reopened = test.until_case("2", "registered delivered -").await?;
    assert_eq!((reopened.attempts, test.simulator.ledger().await?.asked(&number(ABSENT))), (2, 2));
    for n in [YOUNG, SEVERAL, OTHER] {
        test.until_case(&n.to_string(), "registered unknown parked").await?;
    }
    let deeds = "SELECT count(*) FROM audit_log WHERE actor = 'maya' AND reason = 'outage'
                   AND action IN ('unknown adopt', 'unknown reopen')";
    assert_eq!(test.database.number(deeds).await?, 2, "each decision is in the audit log");

    let (code, said) = settle(&mut test, &["--reason", "outage", "--yes"]).await?;
    assert_eq!((code, said.contains("3 of 3 unknown outcomes")), (3, true), "{said}");
    // The second messages to SEVERAL and OTHER are this test's own.
    let ledger = test.simulator.ledger().await?;
    assert_eq!((ledger.accepted(&number(FOUND)), ledger.accepted(&number(ABSENT))), (1, 1));
    test.finish(Expect::users(5).parked(3).reopened(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_period_without_unknown_outcomes_is_settled_at_once() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    let (code, said) = settle(&mut test, &["--reason", "outage"]).await?;
    assert_eq!(code, 0, "{said}");
    let turned = ["unknown", "settle", "--since=1h", "--until=2h", "--dry-run"];
    let (code, said) = test.command(&turned).await?;
    assert_eq!(code, 2, "{said}");
    test.close()
}
