//! `worker status`: one user's story.

use serde_json::Value;
use support::{Expect, TestEnv, number};

#[tokio::test(flavor = "multi_thread")]
async fn status_tells_the_whole_story_masked() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().simulator(&["--suffix-faults"]).with_worker().await?;
    test.signup("1042", &number(9403)).await?;
    let outcome = test.until_case("1042", "registered undelivered error_30003").await?;
    let sid = outcome.welcome_sid.expect("a SID");
    let (code, by_id) = test.command(&["status", "1042"]).await?;
    assert_eq!(code, 0, "{by_id}");
    let told = ["registered, undelivered (error_30003)", "attempt", "callback: undelivered", &sid];
    for expected in told.into_iter().chain(["error 30003 (transient)"]) {
        assert!(by_id.contains(expected), "{expected} is missing: {by_id}");
    }
    let digits = number(9403);
    assert!(!by_id.contains(digits.trim_start_matches("+977")), "a number is shown: {by_id}");
    assert_eq!(test.command(&["status", &sid]).await?, (0, by_id));
    let (code, json) = test.command(&["status", "--output", "json", "1042"]).await?;
    let document: Value = serde_json::from_str(&json)?;
    assert_eq!((code, &document["schema"]), (0, &Value::from("status/1")));
    assert_eq!(document["users"][0]["state"], "registered");
    let (_, csv) = test.command(&["status", "--output", "csv", "1042"]).await?;
    assert!(csv.starts_with("user,number,state,") && csv.contains(",30003,transient"), "{csv}");
    test.finish(Expect::users(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn status_of_nobody_says_so_and_repeats_nothing() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    let attempt = "01a20513-5ac9-70ef-8a04-624df7c6a5da".to_owned();
    for nobody in [number(1), "SM00000000000000000000000000000099".to_owned(), attempt] {
        let (code, said) = test.command(&["status", &nobody]).await?;
        assert_eq!(code, 3, "{said}");
        assert!(said.contains("not a user id, message SID or attempt") && !said.contains(&nobody), "{said}");
    }
    test.finish(Expect::users(0)).await
}
