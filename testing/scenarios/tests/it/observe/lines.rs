//! One log line for every outcome, with the fields that are needed to find its cause.

use serde_json::{Value, json};
use shared::lane::QueueLane;
use support::{Expect, PATIENCE, TestEnv, number, until};

/// The lines with this message.
fn lines(test: &TestEnv, message: &str) -> Vec<Value> {
    let log = test.workers[0].log();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["message"] == message).collect()
}

/// A line is written some milliseconds after the event that it describes.
async fn until_told(test: &TestEnv) -> anyhow::Result<[Vec<Value>; 3]> {
    until("two welcomes, two without a message, a dead letter", PATIENCE, async || {
        let told = ["welcome", "no message", "dead letter"].map(|message| lines(test, message));
        Ok(if told.each_ref().map(Vec::len) == [2, 2, 1] { Ok(told) } else { Err(format!("{told:?}")) })
    })
    .await
}

/// The one line about a user; lines name a user by a hash.
fn about<'a>(lines: &'a [Value], user: &Value) -> &'a Value {
    let mut found = lines.iter().filter(|line| line["user_ref"] == *user);
    let line = found.next().unwrap_or_else(|| panic!("no line about {user}: {lines:?}"));
    assert!(found.next().is_none(), "two lines about {user}");
    line
}

#[tokio::test(flavor = "multi_thread")]
async fn every_outcome_has_a_line_that_leads_to_its_cause() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().sender().build().await?;
    test.simulator
        .faults(json!([
            { "operation": "create", "count": 1, "action": { "type": "refuse", "code": 21614 } },
        ]))
        .await?;
    test.start_worker().await?;
    // One after the other, so that the first is refused and the third finds the number taken.
    let names = ["refused", "good", "shared", "landline"];
    let typed = [number(1), number(2), number(2), "01-4412345".to_owned()];
    for (n, (user, phone)) in names.into_iter().zip(typed).enumerate() {
        test.signup(user, &phone).await?;
        test.until_final(n + 1).await?;
    }
    test.broker.publish(QueueLane::Live, b"no json").await?;
    let [welcome, none, letters] = until_told(&test).await?;

    let (code, stories) =
        test.command_with_input(&["status", "--output", "jsonl", "-"], &names.join("\n")).await?;
    assert_eq!(code, 0, "{stories}");
    let stories: Vec<Value> = stories.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let [refused, good, shared, landline] = [0, 1, 2, 3].map(|n| &stories[n]["user_ref"]);
    let refused = about(&welcome, refused);
    for (field, value) in [("outcome", "failed"), ("reason", "error_21614"), ("error_class", "recipient")] {
        assert_eq!(refused[field], value, "{refused}");
    }
    let good = about(&welcome, good);
    assert!(
        good["sid"].is_string() && good["attempt"].is_string() && good["error_class"].is_null(),
        "{good}"
    );
    let shared = about(&none, shared);
    assert_eq!((&shared["outcome"], &shared["reason"]), (&json!("duplicate"), &json!("number_held")));
    let landline = about(&none, landline);
    assert_eq!((&landline["outcome"], &landline["reason"]), (&json!("invalid"), &json!("landline")));
    assert!(landline.get("phone_ref").is_none(), "there is no number: {landline}");

    let word = good["phone_ref"].as_str().unwrap_or_default();
    assert!(word.len() == 12 && word.bytes().all(|b| b.is_ascii_hexdigit()), "{word}");
    assert_eq!(shared["phone_ref"], word, "the same number has the same word");
    assert_ne!(refused["phone_ref"], word);
    let attempt = good["attempt"].as_str().unwrap_or_default();
    let (code, story) = test.command(&["status", attempt]).await?;
    assert!(code == 0 && story.starts_with("user good "), "the attempt of a line leads to the user: {story}");
    for line in [refused, good, shared, landline, &letters[0]] {
        assert!(line["queue"].as_str().is_some_and(|q| q.ends_with("onboarding.live")), "{line}");
        assert_eq!((&line["lane"], &line["redelivered"]), (&json!("live"), &json!(false)), "{line}");
        assert!(line["duration_ms"].is_u64(), "{line}");
        assert!(line["outcome"].is_string() && line["level"].is_string(), "{line}");
    }
    test.finish(Expect::users(4)).await
}
