//! The page of a user: every message, the consents in force, and the open tasks.

use serde_json::json;
use shared::{
    domain::{Channel, MessageKind},
    lane::QueueLane,
};
use support::{EventBody, PATIENCE, TestEnv, until};

use super::{signed_in, test_env};
use crate::whatsapp::{by_whatsapp, with_template};

const USER: &str = "user-1";
/// WhatsApp reports that it does not reach this number.
const PHONE: &str = "+9779841239803";

/// The texts of the cells below this heading, by rows.
fn rows(page: &str, heading: &str) -> Vec<Vec<String>> {
    let table = page.split(&format!(">{heading}</h2>")).nth(1).and_then(|rest| rest.split("</table>").next());
    let table = table.unwrap_or_default().replace("<th scope=\"row\"", "<td");
    let text = |cell: &str| -> String {
        let shown = cell.split(['<', '>']).skip(1).step_by(2).collect::<String>();
        shown.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let cells = |row: &str| row.split("<td").skip(1).map(text).collect::<Vec<_>>();
    let all = table.split("<tr>").map(cells);
    all.filter(|cells| !cells.is_empty()).collect()
}

#[test]
fn rows_are_read_from_a_page() {
    let table = "<table><thead><tr><th>When</th></tr></thead><tr><th scope=\"row\">1</th><td data-label=\"A\"><b class=\"x\">one</b> <code>two</code></td>\
                 <td>\n</td></tr></table>";
    let page = format!("<h2>A</h2>{table}<h2>B</h2>{}", table.replace("one", "three"));
    assert_eq!(rows(&page, "A"), [["1", "one two", ""]]);
    assert_eq!(rows(&page, "B"), [["1", "three two", ""]]);
    assert_eq!(rows(&page, "C"), Vec::<Vec<String>>::new());
}

/// Stores messages of every kind but the welcome, on every channel: one that was delivered and one that waits.
async fn store_messages(test: &TestEnv) -> anyhow::Result<()> {
    let kinds = MessageKind::ALL.into_iter().filter(|kind| *kind != MessageKind::Welcome);
    let kinds: Vec<&str> = kinds.map(MessageKind::as_str).collect();
    let channels: Vec<&str> = Channel::ALL.into_iter().map(Channel::as_str).collect();
    let sql = "WITH stored AS (
                   INSERT INTO messages (message_id, kind, channel, lane, user_id, phone_e164, slot, language, content,
                                         due_at, state, attempt_id, next_attempt_at)
                   SELECT (left(id_from_time(now())::text, 14) || right(gen_random_uuid()::text, 22))::uuid, kind, channel,
                          'replies', $3, $4, 'own', 'en', '{\"text\": \"Aamcare\"}', now() + interval '1 day', state,
                          CASE WHEN state = 'claimed' THEN gen_random_uuid() END,
                          CASE WHEN state = 'waiting' THEN now() + interval '1 day' END
                   FROM unnest($1::text[]) kind, unnest($2::text[]) channel, unnest('{claimed,waiting}'::text[]) state
                   RETURNING *)
               INSERT INTO message_attempts (attempt_id, message_id, kind, channel, lane, user_id, phone_e164, outcome,
                                             worker_id, language, body_sha256, segments, message_sid, status)
               SELECT attempt_id, message_id, kind, channel, lane, user_id, phone_e164, 'accepted', 'test', language,
                      sha256(''), 1, 'SM' || md5(message_id::text), 'delivered'
               FROM stored WHERE state = 'claimed'";
    sqlx::query(sql).bind(kinds).bind(channels).bind(USER).bind(PHONE).execute(&test.database.pool).await?;
    Ok(())
}

/// A user whose welcome failed on WhatsApp and went by SMS.
async fn welcomed_twice(test: &mut TestEnv) -> anyhow::Result<()> {
    with_template(test).await?;
    until("the worker knows the template", PATIENCE, async || {
        let sendable = test.workers[0].metric("onboarding_templates", "state=\"sendable\"").await?;
        Ok(if sendable > 1.5 { Ok(()) } else { Err(sendable.to_string()) })
    })
    .await?;
    let consents = json!([
        { "purpose": "onboarding", "channel": "whatsapp", "action": "grant" },
        { "purpose": "tips", "channel": "whatsapp", "action": "grant" },
        { "purpose": "tips", "channel": "sms", "action": "withdraw" },
    ]);
    let signup = EventBody::signup(USER, PHONE).with_data("consents", consents).bytes();
    test.broker.publish(QueueLane::Live, &signup).await?;
    let by_sms = "SELECT count(*) FROM message_log WHERE channel = 'sms' AND status = 'delivered'";
    test.database.until("the welcome goes by SMS", by_sms, 1).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_a_user_lists_every_message_consent_and_open_task() -> anyhow::Result<()> {
    let mut test = test_env(by_whatsapp()).await?;
    welcomed_twice(&mut test).await?;
    store_messages(&test).await?;
    let tasks = "INSERT INTO staff_tasks (task_id, kind, user_id, opened_by, closed_at, closed_by) VALUES
                 (gen_random_uuid(), 'date', 'user-1', 'import', NULL, NULL),
                 (gen_random_uuid(), 'handoff', 'user-1', 'link', NULL, NULL),
                 (gen_random_uuid(), 'handoff', 'user-2', 'link', NULL, NULL),
                 (gen_random_uuid(), 'stop_request', 'user-1', 'link', now(), 'maya')";
    test.database.execute(tasks).await?;
    let mut maya = signed_in(&test, "maya").await?;
    let page = maya.get("/person?id=user-1").await?.body;

    // Without the time.
    let mut listed: Vec<Vec<String>> =
        rows(&page, "Messages").into_iter().map(|row| row[1..].to_vec()).collect();
    let welcomes: Vec<Vec<String>> = listed.drain(..2).collect();
    assert_eq!(welcomes[0][..3], ["welcome", "WhatsApp", "failed"], "the oldest first");
    assert!(welcomes[0][3].contains("error_63003"), "{welcomes:?}");
    assert_eq!(welcomes[1], ["welcome", "SMS (in place of another)", "delivered", "–"]);
    let mut expected = Vec::new();
    for kind in ["tip", "notice", "reply"] {
        for channel in ["SMS", "WhatsApp"] {
            expected.extend(
                ["delivered", "waiting"].map(|state| [kind, channel, state, "–"].map(str::to_owned).to_vec()),
            );
        }
    }
    assert_eq!(
        expected.len(),
        2 * (MessageKind::ALL.len() - 1) * Channel::ALL.len(),
        "every kind and channel"
    );
    expected.sort();
    listed.sort();
    assert_eq!(listed, expected);

    let mut consents: Vec<String> =
        rows(&page, "Consents").into_iter().map(|row| format!("{} {}: {}", row[0], row[1], row[2])).collect();
    consents.sort();
    assert_eq!(consents, ["tips SMS: no", "tips WhatsApp: yes", "welcome WhatsApp: yes"]);

    // Two are open and about this user. Only operators may open them.
    let open = "<dt>Needs a person</dt><dd>2";
    assert!(page.contains(&format!("{open} · <a href=\"/task?user=user-1\">")), "{page}");
    let seen = signed_in(&test, "ram").await?.get("/person?id=user-1").await?.body;
    assert!(seen.contains(&format!("{open}</dd>")) && !seen.contains("/task?"), "{seen}");
    for heading in ["Messages", "Consents"] {
        assert_eq!(rows(&seen, heading), rows(&page, heading), "{heading}");
    }
    // The messages that this test stored are not at Twilio.
    test.close()
}
