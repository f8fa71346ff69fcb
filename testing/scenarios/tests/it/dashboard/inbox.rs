//! Conversations on the pages: who reads and answers them, and what becomes of two answers at the same time.

use serde_json::Value;
use support::{PATIENCE, TestEnv, number, until};

use super::{
    browser::{Browser, Page},
    signed_in,
    staff::welcomed,
    test_env,
};
use crate::inbox::{two_way, written};

const DANGER: &str = "रगत रोकिएन";
const EVIL: &str =
    "<img src=x onerror=\"alert(1)\"><script>alert(1)</script>\u{202e}txet \u{0}DROP TABLE users;--";
const HANDLED: &str = "SELECT count(*) FROM inbound WHERE handled_at IS NOT NULL";

async fn write(test: &TestEnv, n: u32, body: &str) -> anyhow::Result<()> {
    deliver(test, written(test, n, body)).await.map(drop)
}

/// Has a person send a message, and returns its SID once it is handled.
pub(super) async fn deliver(test: &TestEnv, message: Value) -> anyhow::Result<String> {
    let before = test.database.number(HANDLED).await?;
    let answer = test.simulator.inbound(message).await?;
    test.database.until("the message is handled", HANDLED, before + 1).await?;
    Ok(answer["sids"][0].as_str().unwrap_or_default().to_owned())
}

pub(super) async fn talk(test: &TestEnv) -> anyhow::Result<String> {
    let ids = test.database.texts("SELECT conversation_id::text FROM inbox ORDER BY opened_at").await?;
    Ok(ids.into_iter().flatten().next().unwrap_or_default())
}

async fn audited(test: &TestEnv, action: &str, actor: &str) -> anyhow::Result<i64> {
    let sql =
        format!("SELECT count(*) FROM audit_log WHERE action LIKE 'inbox {action}%' AND actor = '{actor}'");
    test.database.number(&sql).await
}

/// The value of a hidden field.
fn field(body: &str, name: &str) -> String {
    let value =
        body.split(&format!("name=\"{name}\" value=\"")).nth(1).and_then(|rest| rest.split('"').next());
    value.unwrap_or_default().to_owned()
}

/// Shows the texts of a conversation.
async fn revealed(browser: &mut Browser, id: &str) -> anyhow::Result<String> {
    let page = browser.act("/conversation/reveal", &[("id", id), ("reason", "to answer")]).await?;
    anyhow::ensure!(page.status == 200, "{page:?}");
    Ok(page.body)
}

/// The fields of the answer form of a page, with this text.
fn answer(body: &str, text: &str) -> Vec<(&'static str, String)> {
    let mut fields: Vec<(&str, String)> = ["id", "turn", "seen", "how", "revealed"]
        .map(|name| (name, field(body, name)))
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .collect();
    fields.extend([("text", text.to_owned()), ("reason", "she asked".to_owned())]);
    fields
}

async fn send(browser: &mut Browser, fields: &[(&'static str, String)]) -> anyhow::Result<Page> {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.act("/conversation/answer", &fields).await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_may_send_the_forms_of_its_table_and_no_others() -> anyhow::Result<()> {
    let test = test_env(two_way()).await?;
    test.database.import("user-1", &number(1)).await?;
    write(&test, 1, DANGER).await?;
    let id = talk(&test).await?;
    let (user, why) = (("user", "user-1"), ("reason", "a test of roles"));
    let (talk, turn, seen) = (("id", id.as_str()), ("turn", "0"), ("seen", "0"));
    let answer = vec![talk, turn, seen, ("how", "text"), ("text", "hello"), why];
    let sid = "SM00000000000000000000000000000001";
    // The statuses of viewer, operator and care. 403: the role may not. 404, 422, 409 and 303 come after that check.
    let table = [
        ("/pause", vec![("lane", "live"), ("hours", "99"), why], [false, true, false]),
        ("/resume", vec![("lane", "live"), why], [false, true, false]),
        ("/letters/replay", vec![("id", "0"), why], [false, true, false]),
        ("/unknown/settle", vec![("attempt", "x"), why], [false, true, false]),
        ("/unknown/settle-period", vec![("since", "x"), why], [false, true, false]),
        ("/tasks/close", vec![("task", "x"), why], [false, true, true]),
        ("/person/act", vec![user, ("act", "stop_tips"), why], [false, true, true]),
        ("/person/act", vec![user, ("act", "stop"), why], [false, true, true]),
        ("/person/act", vec![user, ("act", "wrong_number"), why], [false, true, true]),
        ("/person/act", vec![user, ("act", "lift"), why], [false, true, true]),
        ("/person/act", vec![user, ("act", "loss"), why], [false, false, true]),
        ("/person/act", vec![user, ("act", "undo_loss"), why], [false, false, true]),
        ("/person/act", vec![("conversation", id.as_str()), ("act", "loss"), why], [false, false, true]),
        (
            "/person/dates",
            vec![user, ("due_date", "2027-01-31"), ("child_birth_date", ""), why],
            [false, false, true],
        ),
        ("/conversation/reveal", vec![talk, why], [false, false, true]),
        ("/conversation/media", vec![talk, ("message", sid), ("file", "1"), why], [false, false, true]),
        ("/conversation/take", vec![talk, turn, seen], [false, false, true]),
        ("/conversation/answer", answer, [false, false, true]),
        ("/conversation/close", vec![talk, why], [false, false, true]),
    ];
    for (who, name) in ["ram", "maya", "asha"].into_iter().enumerate() {
        let mut browser = signed_in(&test, name).await?;
        for (path, fields, may) in &table {
            let page = browser.act(path, fields).await?;
            assert_eq!(page.status != 403, may[who], "{name}: {path} {fields:?}: {page:?}");
            assert!(!(page.status == 403 && page.body.contains(DANGER)), "{name}: {path}");
        }
        assert_eq!(browser.act("/no-such-form", &[why]).await?.status, 404, "{name}");
    }
    let due = "SELECT count(*) FROM users WHERE due_date = '2027-01-31'";
    assert_eq!(test.database.number(due).await?, 1);
    let others = "SELECT count(*) FROM audit_log WHERE actor IN ('ram', 'maya') AND action LIKE ANY ('{inbox%,loss%,person set}')";
    assert_eq!(test.database.number(others).await?, 0);
    test.close()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_write_shows_to_the_care_team_as_text_and_each_look_is_audited() -> anyhow::Result<()> {
    let test = test_env(two_way()).await?;
    welcomed(&test, 1).await?;
    write(&test, 2, "may I eat cabbage?").await?;
    write(&test, 1, DANGER).await?;
    write(&test, 1, EVIL).await?;
    let ids = test.database.texts("SELECT conversation_id::text FROM inbox WHERE urgent").await?;
    let id = ids.into_iter().flatten().next().unwrap_or_default();
    let path = format!("/conversation?id={id}");
    for name in ["ram", "maya", "asha"] {
        let mut browser = signed_in(&test, name).await?;
        let list = browser.get("/inbox").await?.body;
        let (first, second) = (list.find(">urgent<"), list.find("A number without a user"));
        assert!(first.is_some() && first < second, "urgent first: {list}");
        let page = browser.get(&path).await?.body;
        let person = browser.get("/person?id=user-1").await?.body;
        for body in [&list, &page, &person] {
            for text in [DANGER, "cabbage", "alert(1)", "DROP TABLE", &number(1)[6..], &number(2)[6..]] {
                assert!(!body.contains(text), "{name} sees {text}: {body}");
            }
            // How a message was understood is for those who read it.
            assert_eq!(body.contains("danger sign"), name == "asha", "{name}: {body}");
        }
        assert!(person.contains("They wrote, by whatsapp"), "{person}");
        assert_eq!(page.contains("action=\"/conversation/reveal\""), name == "asha");
        assert_eq!(page.contains("action=\"/conversation/answer\""), name == "asha");
    }
    assert_eq!(audited(&test, "show --reveal", "asha").await?, 0);
    let mut asha = signed_in(&test, "asha").await?;
    let body = revealed(&mut asha, &id).await?;
    assert!(body.contains(DANGER), "{body}");
    assert!(body.contains("&#60;script&#62;alert(1)&#60;/script&#62;"), "{body}");
    assert!(!body.contains("<script>alert") && !body.contains("<img src=x"), "{body}");
    assert!(!body.contains("cabbage"), "another person's");
    assert!(body.contains(&format!("<link rel=\"canonical\" href=\"{path}\">")), "{body}");
    assert_eq!(audited(&test, "show --reveal", "asha").await?, 1);
    let blank = asha.act("/conversation/reveal", &[("id", &id), ("reason", " ")]).await?;
    assert_eq!(blank.status, 422, "a reason is needed");
    let nobody = [("id", "00000000-0000-0000-0000-000000000000"), ("reason", "to answer")];
    let missing = asha.act("/conversation/reveal", &nobody).await?;
    assert_eq!(missing.header("location"), "/inbox?note=no_such_talk");
    for path in ["/conversation", "/conversation?id=1", "/conversation?id="] {
        assert_eq!(asha.get(path).await?.status, 422, "{path}");
    }
    assert_eq!(asha.get("/conversation/reveal").await?.status, 405, "a link reveals nothing");
    test.close()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_do_not_answer_at_once_without_seeing_each_other() -> anyhow::Result<()> {
    const LATE: &str = "Please go to a hospital. <b>Now</b>";
    let test = test_env(two_way()).await?;
    write(&test, 1, DANGER).await?;
    let id = talk(&test).await?;
    let mut asha = signed_in(&test, "asha").await?;
    let mut bina = signed_in(&test, "bina").await?;
    let (first, second) = (revealed(&mut asha, &id).await?, revealed(&mut bina, &id).await?);

    // Two lines, as a browser sends them.
    let page = send(&mut asha, &answer(&first, "Please call us.\r\nAamcare")).await?;
    assert_eq!(page.header("location"), format!("/conversation?id={id}&note=answer_queued"), "{page:?}");
    let page = send(&mut bina, &answer(&second, LATE)).await?;
    assert_eq!(page.status, 409, "{page:?}");
    for words in ["asha answered meanwhile.", "Please go to a hospital. &#60;b&#62;Now", "Please call us."] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    assert_eq!(audited(&test, "show --reveal", "bina").await?, 2, "the answer of asha was another look");

    // A new message is seen before an answer goes out, too. Its form is the one of the page that was drawn again.
    write(&test, 1, "are you there?").await?;
    let page = send(&mut bina, &answer(&page.body, LATE)).await?;
    assert_eq!(page.status, 409, "{page:?}");
    for words in ["A new message came meanwhile.", "are you there?"] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    let taken = [("id", id.as_str()), ("turn", &field(&page.body, "turn")), ("seen", "9")];
    let taken = bina.act("/conversation/take", &taken).await?;
    assert_eq!(taken.header("location"), format!("/conversation?id={id}&note=taken"), "{taken:?}");
    let page = send(&mut asha, &answer(&page.body, LATE)).await?;
    assert!(page.status == 409 && page.body.contains("bina has taken the conversation"), "{page:?}");
    assert!(asha.get("/inbox").await?.body.contains(">bina<"));

    until("the one answer goes out", PATIENCE, async || {
        let sent = test.simulator.sent().await?;
        let bodies: Vec<&str> = sent.iter().map(|one| one.body.as_str()).collect();
        let ours = bodies.iter().filter(|body| **body == "Please call us.\nAamcare").count();
        let late = bodies.iter().filter(|body| body.contains("hospital")).count();
        Ok(if (ours, late) == (1, 0) { Ok(()) } else { Err(format!("{bodies:?}")) })
    })
    .await?;
    test.close()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_window_only_the_template_is_offered_and_what_was_typed_stays() -> anyhow::Result<()> {
    const TYPED: &str = "a long answer";
    let test = test_env(two_way()).await?;
    write(&test, 1, DANGER).await?;
    let id = talk(&test).await?;
    let mut asha = signed_in(&test, "asha").await?;
    let open = revealed(&mut asha, &id).await?;
    assert!(open.contains("<textarea id=\"text\" name=\"text\""), "{open}");
    test.database.execute("UPDATE reply_windows SET open_until = now() - interval '1 hour'").await?;
    let page = send(&mut asha, &answer(&open, TYPED)).await?;
    assert_eq!(page.status, 422, "{page:?}");
    for words in ["the time for free text is over", TYPED, "readonly", "value=\"handoff\""] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    assert!(!page.body.contains("name=\"text\""), "{}", page.body);
    let page = send(&mut asha, &answer(&page.body, "")).await?;
    assert!(page.status == 422 && page.body.contains("no template of the slot handoff"), "{page:?}");
    // Closed, and closed again.
    for note in ["talk_closed", "talk_closed_already"] {
        let page = asha.act("/conversation/close", &[("id", &id), ("reason", "she was called")]).await?;
        assert_eq!(page.header("location"), format!("/inbox?note={note}"));
    }
    let page = send(&mut asha, &answer(&open, TYPED)).await?;
    assert!(page.status == 422 && page.body.contains("the conversation is closed"), "{page:?}");
    assert!(asha.get("/inbox").await?.body.contains("Nothing here."));
    test.close()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_longest_comes_first_however_often_they_write() -> anyhow::Result<()> {
    let test = test_env(two_way()).await?;
    for n in [1, 2, 1] {
        write(&test, n, "may I eat cabbage?").await?;
    }
    let talks = "SELECT conversation_id::text FROM inbox ORDER BY opened_at";
    let ids: Vec<String> = test.database.texts(talks).await?.into_iter().flatten().collect();
    let mut asha = signed_in(&test, "asha").await?;
    let mut order = async || -> anyhow::Result<[Option<usize>; 2]> {
        let list = asha.get("/inbox").await?.body;
        Ok([&ids[0], &ids[1]].map(|id| list.find(id.as_str())))
    };
    let [first, second] = order().await?;
    assert!(first.is_some() && first < second, "the first has written again, and waits longer");
    // Once answered, they wait from their next message on.
    let mut bina = signed_in(&test, "bina").await?;
    let page = revealed(&mut bina, &ids[0]).await?;
    assert_eq!(send(&mut bina, &answer(&page, "Yes.")).await?.status, 303);
    let [first, second] = order().await?;
    assert!(second < first, "an answered one comes last");
    write(&test, 1, "thank you, and carrots?").await?;
    let [first, second] = order().await?;
    assert!(second.is_some() && second < first, "the second waits longer now");
    test.close()
}
