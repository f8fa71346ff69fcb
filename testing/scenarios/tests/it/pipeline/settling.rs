//! After an outage, the unknown outcomes of a period are settled at once.

use chrono::{TimeDelta, Utc};
use serde_json::json;
use shared::templates::{self, Language};
use support::{Expect, Plan, Stage, number};

/// The user of each case, and its number.
const FOUND: u32 = 1;
const ABSENT: u32 = 2;
const YOUNG: u32 = 3;
const SEVERAL: u32 = 4;
const OTHER: u32 = 5;
const ALL: [u32; 5] = [FOUND, ABSENT, YOUNG, SEVERAL, OTHER];

/// Sends a message to this number beside the worker.
async fn send(stage: &Stage, n: u32, body: &str) -> anyhow::Result<()> {
    let account = &stage.env["TWILIO_ACCOUNT_SID"];
    let url = format!("{}/2010-04-01/Accounts/{account}/Messages.json", stage.simulator.url());
    let form = [
        ("To", number(n)),
        ("MessagingServiceSid", stage.env["TWILIO_MESSAGING_SERVICE_SID"].clone()),
        ("Body", body.to_owned()),
    ];
    let request = reqwest::Client::new().post(url).basic_auth(account, Some(&stage.env["TWILIO_AUTH_TOKEN"]));
    request.form(&form).send().await?.error_for_status()?;
    Ok(())
}

/// One parked user for each case; all but [`YOUNG`] were claimed 20 minutes ago.
async fn after_an_outage() -> anyhow::Result<Stage> {
    let stage = Plan::default().with_worker().await?;
    let lost = json!([{ "type": "reset", "store": true }, { "type": "no_callbacks" }]);
    let refused = json!({ "type": "error", "status": 503 });
    let mut rules = vec![json!({ "operation": "list", "action": { "type": "list_lag", "ms": 600_000 } })];
    for n in ALL {
        let action = if [FOUND, SEVERAL].contains(&n) { &lost } else { &refused };
        rules.push(json!({ "operation": "create", "suffix": number(n), "action": action }));
    }
    stage.simulator.faults(json!(rules)).await?;
    for n in ALL {
        stage.signup(&n.to_string(), &number(n)).await?;
        stage.until_case(&n.to_string(), "registered unknown parked").await?;
    }
    stage.simulator.faults(json!([])).await?;
    send(&stage, SEVERAL, templates::welcome(Language::Ne).content().text().expect("a text")).await?;
    send(&stage, OTHER, "Your appointment is on Monday.").await?;
    let age = format!(
        "UPDATE attempts SET claimed_at = now() - interval '20 minutes' WHERE phone_e164 <> '{}'",
        number(YOUNG)
    );
    stage.database.execute(&age).await?;
    Ok(stage)
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

async fn settle(stage: &mut Stage, more: &[&str]) -> anyhow::Result<(i32, String)> {
    let period = period();
    let args: Vec<&str> = period.iter().map(String::as_str).chain(more.iter().copied()).collect();
    stage.command(&args).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_unknown_outcomes_of_an_outage_are_settled_by_twilios_list() -> anyhow::Result<()> {
    let mut stage = after_an_outage().await?;
    let before = stage.database.fingerprint().await?;

    let (code, said) = settle(&mut stage, &["--dry-run", "--output", "csv"]).await?;
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
    assert_eq!(stage.database.fingerprint().await?, before, "a dry run changes nothing");

    stage.roads.twilio.close().await?;
    let (code, said) = settle(&mut stage, &["--reason", "outage", "--yes"]).await?;
    assert_eq!((code, stage.database.fingerprint().await? == before), (69, true), "{said}");
    stage.roads.twilio.open().await?;

    let (code, said) = settle(&mut stage, &["--reason", "outage"]).await?;
    assert_eq!(code, 2, "without a terminal it needs --yes: {said}");
    let (code, said) = settle(&mut stage, &["--reason", "outage", "--yes", "--actor", "maya"]).await?;
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("5 of 5 unknown outcomes: 1 adopted, 1 reopened"), "{said}");
    stage.until_case("1", "registered delivered -").await?;
    let reopened = stage.until_case("2", "registered delivered -").await?;
    assert_eq!((reopened.attempts, stage.simulator.ledger().await?.asked(&number(ABSENT))), (2, 2));
    for n in [YOUNG, SEVERAL, OTHER] {
        stage.until_case(&n.to_string(), "registered unknown parked").await?;
    }
    let deeds = "SELECT count(*) FROM audit_log WHERE actor = 'maya' AND reason = 'outage'
                   AND action IN ('unknown adopt', 'unknown reopen')";
    assert_eq!(stage.database.number(deeds).await?, 2, "each decision is in the audit log");

    let (code, said) = settle(&mut stage, &["--reason", "outage", "--yes"]).await?;
    assert_eq!((code, said.contains("3 of 3 unknown outcomes")), (3, true), "{said}");
    // The second messages to SEVERAL and OTHER are this test's own.
    let ledger = stage.simulator.ledger().await?;
    assert_eq!((ledger.accepted(&number(FOUND)), ledger.accepted(&number(ABSENT))), (1, 1));
    stage.finish(Expect::users(5).parked(3).reopened(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_period_without_unknown_outcomes_is_settled_at_once() -> anyhow::Result<()> {
    let mut stage = Plan::default().build().await?;
    let (code, said) = settle(&mut stage, &["--reason", "outage"]).await?;
    assert_eq!(code, 0, "{said}");
    let turned = ["unknown", "settle", "--since=1h", "--until=2h", "--dry-run"];
    let (code, said) = stage.command(&turned).await?;
    assert_eq!(code, 2, "{said}");
    stage.close()
}
