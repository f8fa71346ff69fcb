//! `worker stats`: the figures are those of the tables.

use serde_json::Value;
use support::{Expect, TestEnv, number};

#[tokio::test(flavor = "multi_thread")]
async fn stats_count_what_became_of_everybody() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().with_worker().await?;
    for user in 1..=3 {
        test.signup(&user.to_string(), &number(user)).await?;
    }
    // The user that signs up first owns the number.
    test.until_case("1", "registered delivered -").await?;
    test.signup("4", &number(1)).await?;
    test.signup("5", "01-4412345").await?;
    for (user, case) in [
        ("1", "registered delivered -"),
        ("2", "registered delivered -"),
        ("3", "registered delivered -"),
        ("4", "registered skipped shared_phone"),
        ("5", "rejected not_sent landline"),
    ] {
        test.until_case(user, case).await?;
    }
    let (code, said) = test.command(&["stats", "--output", "json"]).await?;
    let figures: Value = serde_json::from_str(&said)?;
    assert_eq!((code, &figures["schema"]), (0, &Value::from("stats/1")));
    assert_eq!((&figures["users"], &figures["accepted_last_hour"]), (&Value::from(5), &Value::from(3)));
    assert_eq!(figures["groups"][0]["users"], 3, "{said}");
    assert_eq!((&figures["waiting"]["received"], &figures["waiting"]["parked"]), (&0.into(), &0.into()));
    let (_, csv) = test.command(&["stats", "--output", "csv"]).await?;
    assert!(csv.contains("users,rejected,not_sent,landline,1"), "{csv}");
    let (_, human) = test.command(&["stats"]).await?;
    assert!(human.contains("shared_phone") && human.contains("dead letters"), "{human}");
    test.finish(Expect::users(5)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_shell_has_its_completions() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    for shell in ["bash", "zsh", "fish"] {
        let (code, script) = test.command(&["completions", shell]).await?;
        assert!(code == 0 && script.contains("doctor"), "{shell}: {script}");
    }
    assert_eq!(test.command(&["completions", "tcsh"]).await?.0, 2);
    test.finish(Expect::users(0)).await
}
