//! A person is erased here and at Twilio, and stays erased.

use chrono::{Duration, Utc};
use serde_json::{Value, json};
use support::{PATIENCE, TestEnv, number, until};
use uuid::Uuid;

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const USER: &str = "user-4711";
const NAME: &str = "Sita Gurung";

async fn env() -> anyhow::Result<TestEnv> {
    TestEnv::builder().env("ERASURE_KEY", KEY).with_worker().await
}

fn event(key: &str, age: Duration, data: &Value) -> Vec<u8> {
    let time = (Utc::now() - age).to_rfc3339();
    let event = json!({ "specversion": "1.0", "id": Uuid::now_v7(), "source": "/test",
                        "type": format!("np.aamcare.{key}"), "time": time, "data": data });
    event.to_string().into_bytes()
}

async fn sign_up(test: &TestEnv, age: Duration) -> anyhow::Result<()> {
    let data = json!({ "user_id": USER, "phone_number": number(1), "display_name": NAME,
                       "consents": [{ "purpose": "tips", "channel": "sms", "action": "grant" }] });
    test.broker.publish(shared::lane::QueueLane::Live, &event("user.signed_up.v1", age, &data)).await
}

async fn erase(test: &mut TestEnv) -> anyhow::Result<(i32, String)> {
    test.command(&["person", "erase", USER, "--reason", "asked by letter", "--yes", "--actor", "maya"]).await
}

/// Tables with a row that names the user, by whatever word.
async fn traces(test: &TestEnv) -> anyhow::Result<Vec<String>> {
    let tables =
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'";
    let mut found = Vec::new();
    for table in test.database.texts(tables).await?.into_iter().flatten() {
        for word in [USER, &number(1)[4..], "Sita", "Gurung"] {
            let rows = format!(
                "SELECT count(*) FROM {table} t WHERE position('{word}' IN to_jsonb(t)::text) > 0
                    OR position('{}' IN to_jsonb(t)::text) > 0",
                hex(word)
            );
            if test.database.number(&rows).await? > 0 {
                found.push(format!("{table}: {word}"));
            }
        }
    }
    Ok(found)
}

/// As Postgres prints bytes.
fn hex(word: &str) -> String {
    word.bytes().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

async fn until_metric(test: &TestEnv, name: &str, labels: &str, least: f64) -> anyhow::Result<()> {
    until(name, PATIENCE, async || {
        let now = test.workers[0].metric(name, labels).await?;
        Ok(if now >= least { Ok(()) } else { Err(now.to_string()) })
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_person_leaves_no_trace_and_gets_no_second_welcome() -> anyhow::Result<()> {
    let mut test = env().await?;
    sign_up(&test, Duration::hours(1)).await?;
    test.until_case(USER, "registered delivered -").await?;
    assert!(traces(&test).await?.len() > 4, "the search finds the user");
    let (code, said) = test.command(&["person", "export", USER, "--output", "text"]).await?;
    assert!(code == 0 && said.contains(&number(1)) && said.contains(NAME), "{code} {said}");
    let (code, said) = test.command(&["person", "erase", USER, "--dry-run"]).await?;
    assert!(code == 0 && said.contains("users                1"), "{code} {said}");

    let (code, said) = erase(&mut test).await?;
    assert!(code == 0 && said.contains("erased"), "{code} {said}");
    assert_eq!(traces(&test).await?, Vec::<String>::new());
    until_metric(&test, "onboarding_redactions_total", "result=\"redacted\"", 1.0).await?;
    let sent = test.simulator.sent().await?;
    assert!(sent.len() == 1 && sent[0].body.is_empty(), "{}", sent[0].body);

    // Older events bring nothing back; a new signup gets no second welcome.
    sign_up(&test, Duration::minutes(30)).await?;
    let older = event(
        "user.profile_changed.v1",
        Duration::minutes(30),
        &json!({ "user_id": USER, "kind": "new_mother" }),
    );
    test.broker.publish_people("user.profile_changed.v1", &older).await?;
    until_metric(&test, "onboarding_events_of_erased_total", "", 2.0).await?;
    assert_eq!(traces(&test).await?, Vec::<String>::new());
    let (code, said) = erase(&mut test).await?;
    assert!(code == 0 && said.contains("already"), "{code} {said}");
    sign_up(&test, Duration::zero()).await?;
    test.until_case(USER, "registered skipped already_welcomed").await?;
    assert_eq!(test.simulator.sent().await?.len(), 1);
    let log = test.workers[0].log();
    for word in [&number(1)[1..], "Sita", "Gurung", USER] {
        assert!(!log.contains(word), "the log names {word}");
    }
    test.close()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_erases_and_a_restored_backup_is_erased_again() -> anyhow::Result<()> {
    let mut test = env().await?;
    sign_up(&test, Duration::hours(1)).await?;
    test.until_case(USER, "registered delivered -").await?;
    // A backup: the row of the user, the consents and the message.
    test.database.execute("CREATE TABLE kept AS SELECT * FROM users").await?;
    test.database.execute("CREATE TABLE kept_attempts AS SELECT * FROM attempts").await?;
    let wish = event("user.erased.v1", Duration::zero(), &json!({ "user_id": USER }));
    test.broker.publish_people("user.erased.v1", &wish).await?;
    until_metric(&test, "onboarding_erasures_total", "", 1.0).await?;
    let (code, list) = test.command(&["person", "erasures"]).await?;
    assert!(code == 0 && list.lines().count() == 2 && !list.contains(USER), "{list}");

    test.stop_worker(0).await?;
    for restore in [
        "DELETE FROM erased_users",
        "DELETE FROM erased_numbers",
        "DELETE FROM attempts",
        "INSERT INTO users SELECT * FROM kept",
        "INSERT INTO attempts SELECT * FROM kept_attempts",
        "DROP TABLE kept",
        "DROP TABLE kept_attempts",
    ] {
        test.database.execute(restore).await?;
    }
    let (code, said) =
        test.command_with_input(&["person", "replay", "-"], &format!("{list}nonsense\n")).await?;
    assert!(code == 3 && said.contains("line 3") && said.contains("1 users erased again"), "{code} {said}");
    assert_eq!(traces(&test).await?, Vec::<String>::new());
    test.start_worker().await?;
    sign_up(&test, Duration::zero()).await?;
    test.until_case(USER, "registered skipped already_welcomed").await?;
    test.close()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_with_another_key_does_not_start() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().env("ERASURE_KEY", KEY).build().await?;
    test.database.import(USER, &number(1)).await?;
    for (key, wanted) in [(None, "must be set"), (Some("s3cret"), "32 bytes")] {
        match key {
            Some(key) => drop(test.env.insert("ERASURE_KEY".into(), key.into())),
            None => drop(test.env.remove("ERASURE_KEY")),
        }
        let (code, said) = erase(&mut test).await?;
        assert!(code == 78 && said.contains(wanted) && !said.contains("s3cret"), "{code} {said}");
    }
    test.env.insert("ERASURE_KEY".into(), KEY.into());
    let (code, said) = test.command(&["person", "erase", "nobody", "--reason", "x", "--yes"]).await?;
    assert!(code == 3 && said.contains("nothing is stored"), "{code} {said}");
    let (code, said) = erase(&mut test).await?;
    assert_eq!(code, 0, "{said}");
    for other in [None, Some("ff".repeat(32))] {
        match other {
            Some(key) => drop(test.env.insert("ERASURE_KEY".into(), key)),
            None => drop(test.env.remove("ERASURE_KEY")),
        }
        let (code, said) = test.command(&["run"]).await?;
        assert!(code == 78 && said.contains("ERASURE_KEY"), "{code} {said}");
    }
    test.close()
}
