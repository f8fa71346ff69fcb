//! Events that the worker publishes for the portal.

use chrono::Utc;
use serde_json::{Value, json};
use shared::lane::QueueLane;
use support::{Expect, PATIENCE, TestEnv, number, until};

fn event(key: &str, data: &Value) -> Vec<u8> {
    let event = json!({
        "specversion": "1.0", "id": uuid::Uuid::now_v7(), "source": "/test", "type": format!("np.aamcare.{key}"),
        "time": Utc::now().to_rfc3339(), "data": data,
    });
    event.to_string().into_bytes()
}

async fn signup(test: &TestEnv, data: Value) -> anyhow::Result<()> {
    test.broker.publish(QueueLane::Live, &event("user.signed_up.v1", &data)).await
}

/// Takes events out of the portal's queue until `wanted` of them came, and returns their contents in order.
async fn told(test: &TestEnv, wanted: usize) -> anyhow::Result<Vec<String>> {
    let mut lines = Vec::new();
    until("the portal hears of it", PATIENCE, async || {
        for (key, body) in test.broker.portal().await? {
            let text = String::from_utf8(body)?;
            assert!(!text.contains("loss"), "{text}");
            let event: Value = serde_json::from_str(&text)?;
            assert_eq!(event["type"], format!("np.aamcare.{key}"));
            let word = |name: &str| event["data"][name].as_str().unwrap_or_default().to_owned();
            let words = ["user_id", "purpose", "channel", "action", "source", "reason"].map(word);
            lines.push(format!("{} {}", words.join(" "), event["id"].as_str().unwrap_or_default()));
        }
        Ok(if lines.len() >= wanted { Ok(()) } else { Err(format!("{lines:?}")) })
    })
    .await?;
    lines.sort();
    Ok(lines)
}

/// Without the ids.
fn said(lines: &[String]) -> Vec<&str> {
    lines.iter().filter_map(|line| Some(line.rsplit_once(' ')?.0.trim_end())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_portal_hears_of_consents_stops_losses_and_rejected_numbers() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().env("EVENTS_OUT", "1").with_worker().await?;
    test.broker.bind_portal().await?;
    // Commands need no setting: the worker has told the database.
    test.env.remove("EVENTS_OUT");
    let consents = json!([{ "purpose": "tips", "channel": "sms", "action": "grant" }]);
    signup(&test, json!({ "user_id": "1", "phone_number": number(1), "consents": consents })).await?;
    for n in [2, 3] {
        test.signup(&n.to_string(), &number(n)).await?;
    }
    signup(&test, json!({ "user_id": "4", "phone_number": "12" })).await?;
    for n in 1..=3 {
        test.until_case(&n.to_string(), "registered delivered -").await?;
    }
    assert_eq!(said(&told(&test, 2).await?), ["1 tips sms grant signup", "4     too_short"]);
    let (exit, text) = test.command(&["suppress", "add", &number(2), "--reason", "asked for it"]).await?;
    assert_eq!(exit, 0, "{text}");
    test.broker
        .publish_people("user.loss_reported.v1", &event("user.loss_reported.v1", &json!({ "user_id": "3" })))
        .await?;
    assert_eq!(
        said(&told(&test, 4).await?),
        [
            "2 onboarding any withdraw staff",
            "2 tips any withdraw staff",
            "3 onboarding any withdraw event",
            "3 tips any withdraw event",
        ]
    );
    test.database.until("no event waits", "SELECT count(*) FROM events_out", 0).await?;
    let labels = "event=\"onboarding.consent_recorded.v1\",result=\"published\"";
    assert!(test.workers[0].metric("onboarding_events_out_total", labels).await? >= 5.0);
    for (counter, labels) in [
        ("onboarding_consents_total", "action=\"grant\",source=\"signup\""),
        ("onboarding_losses_total", "door=\"event\""),
    ] {
        assert!(test.workers[0].metric(counter, labels).await? > 0.5, "{counter}");
    }
    test.finish(Expect::users(4)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_published_again_after_a_kill_before_its_row_was_deleted() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().env("EVENTS_OUT", "1").with_worker().await?;
    test.broker.bind_portal().await?;
    for hang in [
        "CREATE FUNCTION hang() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(600); RETURN OLD; END'",
        "CREATE TRIGGER hang BEFORE DELETE ON events_out FOR EACH ROW EXECUTE FUNCTION hang()",
    ] {
        test.database.execute(hang).await?;
    }
    signup(&test, json!({ "user_id": "1", "phone_number": "12" })).await?;
    let first = told(&test, 1).await?;
    test.kill_worker(0)?;
    test.database
        .execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND query LIKE 'DELETE FROM events_out%'",
        )
        .await?;
    test.database.execute("DROP TRIGGER hang ON events_out").await?;
    assert_eq!(test.database.number("SELECT count(*) FROM events_out").await?, 1);
    test.start_worker().await?;
    assert_eq!(told(&test, 1).await?, first, "the same event with the same id");
    test.database.until("no event waits", "SELECT count(*) FROM events_out", 0).await?;
    test.finish(Expect::users(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_bound_queue_events_wait_and_are_counted_and_doctor_names_the_binding() -> anyhow::Result<()>
{
    let mut test = TestEnv::builder().env("EVENTS_OUT", "1").with_worker().await?;
    for n in 1..=3 {
        signup(&test, json!({ "user_id": n.to_string(), "phone_number": "12" })).await?;
    }
    let refused = "SELECT count(*) FROM events_out WHERE last_error LIKE 'returned: %'";
    until("the broker returns one", PATIENCE, async || {
        let refused = test.database.number(refused).await?;
        Ok(if refused > 0 { Ok(()) } else { Err("none".to_owned()) })
    })
    .await?;
    test.database.until("all wait", "SELECT count(*) FROM events_out", 3).await?;
    let labels = "event=\"onboarding.number_rejected.v1\"";
    until("the leader counts them", PATIENCE, async || {
        let waiting =
            test.workers[0].metric("onboarding_events_out_waiting", labels).await.unwrap_or_default();
        Ok(if waiting > 2.5 { Ok(()) } else { Err(waiting.to_string()) })
    })
    .await?;
    let (_, said_by_doctor) = test.command(&["doctor"]).await?;
    for part in ["3 onboarding.number_rejected.v1 wait", "no queue is bound", "docs/portal.md"] {
        assert!(said_by_doctor.contains(part), "{part}: {said_by_doctor}");
    }
    test.broker.bind_portal().await?;
    assert_eq!(said(&told(&test, 3).await?), ["1     too_short", "2     too_short", "3     too_short"]);
    test.database.until("no event waits", "SELECT count(*) FROM events_out", 0).await?;
    test.finish(Expect::users(3)).await
}
