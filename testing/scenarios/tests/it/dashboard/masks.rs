//! What the pages show of people and of entered text.

use shared::lane::QueueLane;
use support::{TestEnv, number};

use super::{signed_in, test_env};

const PAGES: [&str; 8] = ["/", "/inbox", "/people", "/tasks", "/letters", "/unknown", "/templates", "/audit"];
const EVIL: &str = "<script>alert(1)</script>";
const SHOWN: &str = "&#60;script&#62;alert(1)&#60;/script&#62;";

#[tokio::test(flavor = "multi_thread")]
async fn no_page_has_a_number_or_a_name_in_its_source() -> anyhow::Result<()> {
    let test = test_env(TestEnv::builder()).await?;
    let mut numbers = Vec::new();
    for user in 1..=12 {
        let phone = number(user);
        test.signup(&format!("user-{user}"), &phone).await?;
        numbers.push(phone);
    }
    test.broker.publish(QueueLane::Live, br#"{"user":"Sita Seeded","phone":"9841999888"}"#).await?;
    test.until_final(12).await?;
    test.database.execute("UPDATE users SET display_name = 'Sita Seeded'").await?;
    let park = "UPDATE attempts SET outcome = 'unknown', sid = NULL, parked_at = now(), next_check_at = NULL
                WHERE user_id = 'user-1'";
    test.database.execute(park).await?;
    let tasks = "INSERT INTO staff_tasks (task_id, kind, user_id, phone_e164, opened_by)
                 SELECT gen_random_uuid(), 'stop_request', user_id, phone_e164, 'link' FROM users";
    test.database.execute(tasks).await?;
    let mut maya = signed_in(&test, "maya").await?;
    let paths = PAGES.map(str::to_owned).into_iter();
    let people =
        (1..=12).flat_map(|user| ["/person?id", "/task?user"].map(|page| format!("{page}=user-{user}")));
    for path in paths.chain(people) {
        for lang in ["en", "ne"] {
            let ask = if path.contains('?') { '&' } else { '?' };
            let page = maya.get(&format!("{path}{ask}lang={lang}")).await?;
            assert_eq!(page.status, 200, "{path}");
            for phone in &numbers {
                // Neither with the country code nor without it, nor most of it.
                assert!(!page.body.contains(&phone[6..]), "{path} shows a number");
            }
            assert!(!page.body.contains("Seeded") && !page.body.contains("999888"), "{path}");
        }
    }
    let people = maya.get("/people").await?.body;
    assert!(people.contains("+977••••••••"), "{people}");
    test.database
        .execute("UPDATE attempts SET outcome = 'accepted', parked_at = NULL WHERE outcome = 'unknown'")
        .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_typed_shows_as_text() -> anyhow::Result<()> {
    let test = test_env(TestEnv::builder()).await?;
    let rows = [
        "INSERT INTO users (user_id, phone_raw, display_name, source, changed_at, enqueued_at, state, reason, attempt_id)
         VALUES ($1, '', $1, 'portal', now(), now(), 'rejected', $1, NULL)",
        "INSERT INTO attempts (message_id, user_id, phone_e164, outcome, lane, worker_id, language, body_sha256,
                               segments, lease_until, sid, twilio_status)
         VALUES (gen_random_uuid(), $1, '+9779800000001', 'accepted', 'live', 'x', $1, '', 1, now(), $1, $1)",
        "INSERT INTO audit_log (actor, action, subject, reason) VALUES ($1, $1, $1, $1)",
        "INSERT INTO dead_letters (reason, detail, routing_key, headers, body, body_sha256)
         VALUES ($1, $1, $1, '{}', '', '')",
        "INSERT INTO staff_tasks (task_id, kind, user_id, opened_by, closed_at, closed_by)
         VALUES (gen_random_uuid(), 'handoff', $1, $1, NULL, $1)",
    ];
    for sql in rows {
        sqlx::query(sql).bind(EVIL).execute(&test.database.pool).await?;
    }
    let mut maya = signed_in(&test, "maya").await?;
    let person = "/person?id=%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    let task = "/task?user=%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    for (path, shown) in
        [("/people", true), (person, true), (task, true), ("/letters", true), ("/audit", true), ("/", false)]
    {
        let page = maya.get(path).await?;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.body.contains("<script>alert"), "{path}");
        assert!(!shown || page.body.contains(SHOWN), "{path}: {}", page.body);
    }
    // State, reason, SID and language of the attempt, each as text.
    assert!(maya.get(person).await?.body.matches(SHOWN).count() >= 5);
    let search = maya.get("/search?q=%3Cscript%3Ealert(2)%3C%2Fscript%3E").await?;
    assert_eq!(search.header("location"), "/people?note=nobody");
    let note = maya.get("/people?note=%3Cscript%3Ealert(3)").await?;
    assert!(!note.body.contains("alert(3)"), "a note is one of a list");
    Ok(())
}
