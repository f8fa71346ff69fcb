//! The fault table counts before the checks: it can show what went wrong.

use std::path::Path;

use support::{Expect, TestEnv, number};

async fn two_signups(report: &Path) -> anyhow::Result<TestEnv> {
    let mut test = TestEnv::builder().with_worker().await?;
    test.report = Some(report.to_owned());
    test.signup("one", &number(1)).await?;
    test.signup("two", &number(2)).await?;
    test.until_final(2).await?;
    Ok(test)
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
    let test = two_signups(&report).await?;
    let (account, token) = (&test.env["TWILIO_ACCOUNT_SID"], &test.env["TWILIO_AUTH_TOKEN"]);
    let url = format!("{}/2010-04-01/Accounts/{account}/Messages.json", test.simulator.url());
    let to = number(1);
    let form = [
        ("To", to.as_str()),
        ("Body", "twice"),
        ("MessagingServiceSid", &test.env["TWILIO_MESSAGING_SERVICE_SID"]),
    ];
    let client = reqwest::Client::builder().no_proxy().build()?;
    client.post(url).basic_auth(account, Some(token)).form(&form).send().await?.error_for_status()?;
    let failure = test.finish(Expect::users(2)).await.expect_err("one user was texted twice");
    assert!(failure.to_string().contains("1 duplicates"), "{failure:#}");
    assert_eq!(counts(&report)?, ["2", "0", "1", "0", "0", "-"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scenario_that_fails_before_its_end_has_a_row_with_what_is_lost() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let report = folder.path().join("table");
    let test = two_signups(&report).await?;
    test.database.execute("UPDATE users SET state = 'stored', reason = NULL WHERE user_id = 'two'").await?;
    let logs = test.folder()?.to_owned();
    drop(test);
    std::fs::remove_dir_all(logs)?;
    assert_eq!(counts(&report)?, ["2", "1", "0", "0", "0", "-"]);
    Ok(())
}
