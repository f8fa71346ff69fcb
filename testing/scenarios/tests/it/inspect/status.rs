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

#[tokio::test(flavor = "multi_thread")]
async fn status_lists_messages_consents_and_open_tasks() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().with_worker().await?;
    test.signup("1042", &number(1)).await?;
    test.until_case("1042", "registered delivered -").await?;
    let consent =
        ["consent", "grant", "1042", "--purpose", "tips", "--channel", "whatsapp", "--reason", "asked"];
    assert_eq!(test.command(&consent).await?.0, 0);
    let task = "INSERT INTO staff_tasks (task_id, kind, user_id, opened_by)
                VALUES ('00000000-0000-0000-0000-000000000001', 'stop_request', '1042', 'link')";
    test.database.execute(task).await?;
    let (code, text) = test.command(&["status", "1042", "--actor", "maya"]).await?;
    let told =
        ["welcome by sms: accepted, delivered", "consent to tips by whatsapp: yes, since", "from staff"];
    for expected in
        told.into_iter().chain(["open task 00000000-0000-0000-0000-000000000001: stop_request, since"])
    {
        assert!(code == 0 && text.contains(expected), "{expected} is missing: {text}");
    }
    let (_, json) = test.command(&["status", "--output", "json", "1042"]).await?;
    let user = &serde_json::from_str::<Value>(&json)?["users"][0];
    assert_eq!(
        (&user["messages"][0]["kind"], &user["messages"][0]["channel"]),
        (&"welcome".into(), &"sms".into())
    );
    assert_eq!(
        (&user["consents"][0]["purpose"], &user["consents"][0]["granted"]),
        (&"tips".into(), &true.into())
    );
    assert_eq!(user["open_tasks"][0]["kind"], "stop_request");
    let looked = "SELECT count(*) FROM audit_log WHERE action = 'task open' AND actor = 'maya'";
    assert_eq!(test.database.number(looked).await?, 1);
    test.finish(Expect::users(1)).await
}
