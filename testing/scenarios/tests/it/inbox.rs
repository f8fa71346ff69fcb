//! What people write to us, from the webhook to the answer.

mod crowd;

use std::time::Duration;

use serde_json::{Value, json};
use support::{TestEnv, TestEnvBuilder, number, rounds};

use crate::whatsapp::by_whatsapp;

const OURS: &str = "whatsapp:+14155238886";
const NOT_HANDLED: &str = "SELECT count(*) FROM inbound WHERE handled_at IS NULL";

pub(crate) fn two_way() -> TestEnvBuilder {
    by_whatsapp().env("INBOX_KEY", &"00".repeat(32)).env("INBOUND_RECONCILE", "2s")
}

pub(crate) fn written(test: &TestEnv, n: u32, body: &str) -> Value {
    let url = format!("{}/twilio/inbound", test.env["PUBLIC_URL"]);
    json!({ "url": url, "from": format!("whatsapp:{}", number(n)), "to": OURS, "body": body })
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_an_outage_of_the_webhook_are_found_and_a_stop_among_them_holds() -> anyhow::Result<()> {
    let mut test = two_way().build().await?;
    test.start_worker().await?;
    let messages: Vec<Value> = (0..rounds(30, 300))
        .map(|n| {
            let mut message = written(&test, n, if n == 7 { "बन्द" } else { "hello" });
            message["deliver"] = false.into();
            message
        })
        .collect();
    let people = i64::try_from(messages.len())?;
    test.simulator.inbound(json!({ "messages": messages })).await?;
    let stored = "SELECT count(*) FROM inbound WHERE listed AND handled_at IS NOT NULL";
    test.database.until("every message is found", stored, people).await?;
    let stopped = format!("SELECT count(*) FROM suppressions WHERE phone_e164 = '{}'", number(7));
    assert_eq!(test.database.number(&stopped).await?, 1);
    let open = "SELECT count(*) FROM inbox WHERE closed_at IS NULL AND class = 'other'";
    assert_eq!(test.database.number(open).await?, people - 1);
    let (code, listed) = test.command(&["inbox", "list", "--output", "csv"]).await?;
    assert_eq!(
        (code, i64::try_from(listed.lines().count())?),
        (0, people),
        "a headline, and all but the stop"
    );
    test.close()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_shown_for_a_reason_alone_and_appears_nowhere_else() -> anyhow::Result<()> {
    let mut test = two_way().with_worker().await?;
    let secret = "मेरो गोप्य कुरा";
    test.simulator.inbound(written(&test, 1, secret)).await?;
    test.database
        .until("it is handled", "SELECT count(*) FROM inbound WHERE handled_at IS NOT NULL", 1)
        .await?;
    let id = "SELECT conversation_id::text FROM inbox";
    let id = test.database.texts(id).await?.remove(0).unwrap_or_default();
    let (code, shown) = test.command(&["inbox", "show", &id]).await?;
    assert!(code == 0 && !shown.contains(secret), "{shown}");
    let (code, _) = test.command(&["inbox", "show", &id, "--reveal"]).await?;
    assert_eq!(code, 2, "without a reason");
    let (code, shown) = test.command(&["inbox", "show", &id, "--reveal", "--reason", "a call"]).await?;
    assert!(code == 0 && shown.contains(secret), "{shown}");
    let looks = "SELECT count(*) FROM audit_log WHERE action = 'inbox show --reveal'";
    assert_eq!(test.database.number(looks).await?, 1);
    let (code, _) = test.command(&["inbox", "close", &id, "--reason", "answered"]).await?;
    assert_eq!(code, 0);
    let (code, said) = test.command(&["inbox", "close", &id, "--reason", "answered"]).await?;
    assert!(code == 3 && said.contains("the conversation is closed"), "{said}");
    let log = test.workers[0].log();
    assert!(!log.contains(secret) && !log.contains(number(1).trim_start_matches("+977")), "{log}");
    test.close()
}

/// Id and turn of the only open conversation.
async fn open_conversation(test: &TestEnv) -> anyhow::Result<(String, String)> {
    let open = "SELECT count(*) FROM inbox WHERE closed_at IS NULL";
    test.database.until("a conversation is open", open, 1).await?;
    let words = "SELECT conversation_id || ' ' || turn FROM conversations WHERE closed_at IS NULL";
    let words = test.database.texts(words).await?.remove(0).unwrap_or_default();
    let (id, turn) = words.split_once(' ').unwrap_or_default();
    Ok((id.to_owned(), turn.to_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_urgent_message_calls_staff_and_one_of_them_answers_once() -> anyhow::Result<()> {
    let staff = number(900);
    // Staff are called at night as well.
    let night = two_way().env("QUIET_HOURS", "00:00-23:59");
    let mut test = night.env("STAFF_PHONES", &staff).with_worker().await?;
    test.simulator.inbound(written(&test, 1, "रगत रोकिएन")).await?;
    let (id, turn) = open_conversation(&test).await?;
    let told =
        "SELECT count(*) FROM message_log WHERE kind = 'notice' AND channel = 'sms' AND state = 'accepted'";
    test.database.until("staff are told", told, 1).await?;
    let answer = "Come to the clinic today.";
    let reply = ["inbox", "reply", &id, "--turn", &turn, "--reason", "bleeding"];
    for (input, expected) in [("", 2), (answer, 0), ("Come tomorrow.", 3)] {
        let (code, said) = test.command_with_input(&reply, input).await?;
        assert_eq!(code, expected, "{input}: {said}");
    }
    let accepted =
        "SELECT count(*) FROM message_log WHERE kind = 'reply' AND slot = 'staff' AND state = 'accepted'";
    test.database.until("the answer is sent", accepted, 1).await?;
    let (code, shown) = test.command(&["inbox", "show", &id, "--reveal", "--reason", "a look"]).await?;
    assert!(code == 0 && shown.contains(answer) && !shown.contains("tomorrow"), "{shown}");
    let plain = "SELECT count(*) FROM messages m, staff_answers s WHERE m::text LIKE '%clinic%' OR s::text LIKE '%clinic%'";
    assert_eq!(test.database.number(plain).await?, 0);
    let log = test.workers[0].log();
    assert!(!log.contains("clinic") && !log.contains(staff.trim_start_matches("+977")), "{log}");
    let all = "SELECT count(*) FROM message_log WHERE state = 'accepted'";
    assert_eq!(test.database.number(all).await?, 3, "the notice, the automatic answer, and that of staff");
    test.close()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_welcome_waits_for_the_end_of_a_conversation() -> anyhow::Result<()> {
    let mut test = two_way().env("CHANNELS", "welcome=sms").with_worker().await?;
    test.simulator.inbound(written(&test, 1, "may I sign up?")).await?;
    let (id, _) = open_conversation(&test).await?;
    test.signup("1", &number(1)).await?;
    let waits = "SELECT count(*) FROM onboarding_status WHERE user_id = '1' AND state = 'received' AND reason = 'conversation'";
    test.database.until("the welcome waits", waits, 1).await?;
    let (code, said) = test.command(&["inbox", "close", &id, "--reason", "answered"]).await?;
    assert_eq!(code, 0, "{said}");
    let welcomed = "SELECT count(*) FROM attempts WHERE user_id = '1' AND outcome = 'accepted'";
    test.database.until("the welcome is sent", welcomed, 1).await?;
    test.close()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_stop_and_a_start_whose_requests_swap_places_the_later_one_holds() -> anyhow::Result<()> {
    let test = two_way().env("INBOUND_RECONCILE", "0").with_worker().await?;
    for n in [1, 2] {
        test.signup(&n.to_string(), &number(n)).await?;
    }
    test.database.until("both are stored", "SELECT count(*) FROM users", 2).await?;
    for (n, first, second) in [(1, "start", "stop"), (2, "stop", "start")] {
        let mut late = written(&test, n, first);
        late["delay"] = "3s".into();
        test.simulator.inbound(json!({ "messages": [late], "wait": false })).await?;
        // Twilio's times have seconds.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        test.simulator.inbound(written(&test, n, second)).await?;
    }
    test.database
        .until("all are handled", "SELECT count(*) FROM inbound WHERE handled_at IS NOT NULL", 4)
        .await?;
    let swapped = "SELECT count(*) FROM inbound a JOIN inbound b USING (phone_e164)
                   WHERE a.class = 'stop' AND b.class = 'start'
                     AND (a.received_at < b.received_at) = (phone_e164 = '%')";
    let swapped = swapped.replace('%', &number(1));
    assert_eq!(test.database.number(&swapped).await?, 2, "the requests came in the other order");
    let stopped = test.database.texts("SELECT phone_e164 FROM suppressions WHERE lifted_at IS NULL").await?;
    assert_eq!(stopped, [Some(number(1))]);
    test.close()
}
