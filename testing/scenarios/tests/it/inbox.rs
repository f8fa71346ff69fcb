//! What people write to us, from the webhook to the answer.

use std::time::Duration;

use rand::Rng as _;
use serde_json::{Value, json};
use support::{TestEnv, TestEnvBuilder, number, rounds, seed};

use crate::whatsapp::by_whatsapp;

const OURS: &str = "whatsapp:+14155238886";
const NOT_HANDLED: &str = "SELECT count(*) FROM inbound WHERE handled_at IS NULL";

fn two_way() -> TestEnvBuilder {
    by_whatsapp().env("INBOX_KEY", &"00".repeat(32)).env("INBOUND_RECONCILE", "2s")
}

fn written(test: &TestEnv, n: u32, body: &str) -> Value {
    let url = format!("{}/twilio/inbound", test.env["PUBLIC_URL"]);
    json!({ "url": url, "from": format!("whatsapp:{}", number(n)), "to": OURS, "body": body })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_message_is_stored_once_and_answered_at_most_once_whatever_crashes() -> anyhow::Result<()> {
    const TEXTS: [&str; 5] = ["बन्द", "help", "may I eat cabbage?", "रगत रोकिएन", "wrong number"];
    let (people, kills) = (rounds(150, 10_000), rounds(4, 20));
    let mut random = seed("SIGKILL while people write");
    let mut test = two_way().build().await?;
    test.start_worker().await?;
    test.start_worker().await?;
    // A fifth comes twice, and the order is another one.
    let messages: Vec<Value> = (0..people)
        .map(|n| {
            let mut message = written(&test, n, TEXTS[(n % 5) as usize]);
            message["copies"] = if n.is_multiple_of(5) { 2 } else { 1 }.into();
            message
        })
        .collect();
    let batch =
        json!({ "messages": messages, "order": "shuffled", "seed": 7, "concurrency": 8, "wait": false });
    test.simulator.inbound(batch).await?;
    let stored = "SELECT count(*) FROM inbound";
    for kill in 1..=kills {
        let wanted = i64::from(kill * people / (kills + 1));
        while test.database.number(stored).await? < wanted {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        test.kill_worker(random.gen_range(0..2))?;
        test.launch_worker().await?;
    }
    // What no worker took is found in Twilio's list.
    test.database.until("every message is stored", stored, i64::from(people)).await?;
    test.database.until("every message is handled", NOT_HANDLED, 0).await?;
    let open = "SELECT count(*) FROM messages m LEFT JOIN message_attempts a USING (attempt_id)
                WHERE m.state = 'waiting' OR a.outcome IN ('sending', 'unknown') AND a.parked_at IS NULL";
    test.database.until("every answer has ended", open, 0).await?;
    let counted = |sql: &'static str| test.database.number(sql);
    let due = counted("SELECT count(*) FROM inbound WHERE reply IS NOT NULL").await?;
    assert_eq!(due, counted("SELECT count(*) FROM messages WHERE kind = 'reply'").await?);
    assert_eq!(due, i64::from(people), "each person wrote once");
    let accepted = counted("SELECT count(*) FROM message_attempts WHERE outcome = 'accepted'").await?;
    let unknown = counted("SELECT count(*) FROM message_attempts WHERE parked_at IS NOT NULL").await?;
    assert_eq!(accepted + unknown, due, "every answer was accepted, or is listed as unknown");
    assert_eq!(test.simulator.ledger().await?.duplicates, 0);
    let silenced = counted("SELECT count(*) FROM suppressions WHERE source = 'inbound'").await?;
    assert_eq!(silenced, i64::from(people) * 2 / 5, "stops and wrong numbers");
    test.close()
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
    assert!(code == 3 && said.contains("no such open conversation"), "{said}");
    let log = test.workers[0].log();
    assert!(!log.contains(secret) && !log.contains(number(1).trim_start_matches("+977")), "{log}");
    test.close()
}
