//! The fault table counts before the checks: it can show what went wrong.

use std::path::Path;

use support::{Expect, Plan, Stage, number};

async fn two_signups(report: &Path) -> anyhow::Result<Stage> {
    let mut stage = Plan::default().with_worker().await?;
    stage.report = Some(report.to_owned());
    stage.signup("one", &number(1)).await?;
    stage.signup("two", &number(2)).await?;
    stage.until_final(2).await?;
    Ok(stage)
}

/// Columns: scenario, faults, signups, lost, duplicates, unknown, parked, resumed, seconds.
fn counts(report: &Path) -> anyhow::Result<Vec<String>> {
    let text = std::fs::read_to_string(report)?;
    let row = text.strip_suffix('\n').filter(|row| !row.contains('\n'));
    let row = row.ok_or_else(|| anyhow::anyhow!("not one row: {text:?}"))?;
    Ok(row.split('\t').skip(2).take(6).map(str::to_owned).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scenario_with_a_duplicate_fails_and_its_row_says_so() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let report = folder.path().join("table");
    let stage = two_signups(&report).await?;
    let (account, token) = (&stage.env["TWILIO_ACCOUNT_SID"], &stage.env["TWILIO_AUTH_TOKEN"]);
    let url = format!("{}/2010-04-01/Accounts/{account}/Messages.json", stage.simulator.url());
    let to = number(1);
    let form = [
        ("To", to.as_str()),
        ("Body", "twice"),
        ("MessagingServiceSid", &stage.env["TWILIO_MESSAGING_SERVICE_SID"]),
    ];
    let client = reqwest::Client::builder().no_proxy().build()?;
    client.post(url).basic_auth(account, Some(token)).form(&form).send().await?.error_for_status()?;
    let failure = stage.finish(Expect::users(2)).await.expect_err("one user was texted twice");
    assert!(failure.to_string().contains("1 duplicates"), "{failure:#}");
    assert_eq!(counts(&report)?, ["2", "0", "1", "0", "0", "-"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scenario_that_fails_before_its_end_has_a_row_with_what_is_lost() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let report = folder.path().join("table");
    let stage = two_signups(&report).await?;
    stage.database.execute("UPDATE users SET state = 'stored', reason = NULL WHERE user_id = 'two'").await?;
    let logs = stage.folder()?.to_owned();
    drop(stage);
    std::fs::remove_dir_all(logs)?;
    assert_eq!(counts(&report)?, ["2", "1", "0", "0", "0", "-"]);
    Ok(())
}
