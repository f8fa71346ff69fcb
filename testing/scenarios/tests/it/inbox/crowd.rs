//! A crowd writes while workers are killed and the broker restarts.

use std::{fs, time::Duration};

use rand::Rng as _;
use serde_json::{Value, json};
use support::{Collector, PATIENCE, PrivateBroker, TestEnv, number, rounds, seed, texts, until};

use super::{NOT_HANDLED, OURS, two_way};

const TEXTS: [&str; 5] = ["बन्द", "help", "may I eat cabbage?", "रगत रोकिएन", "wrong number"];
const NAME: &str = "Sita Gurung";
/// In no log, metric, trace or column: from the texts and the name.
const WORDS: [&str; 5] = ["बन्द", "cabbage", "रगत", "Sita", "Gurung"];
/// With which the number of everybody begins.
const NUMBERS: &str = "98412";
const STORED: &str = "SELECT count(*) FROM inbound";

/// Somebody's number; none selects a fault of the simulator.
fn person(n: u32) -> String {
    number(if n < 9_000 { n } else { n + 1_000 })
}

/// A fifth of the messages is delivered twice, and all of them in another order.
fn batch(test: &TestEnv, people: u32) -> Value {
    let url = format!("{}/twilio/inbound", test.env["PUBLIC_URL"]);
    let message = |n: u32| {
        json!({ "url": url, "from": format!("whatsapp:{}", person(n)), "to": OURS, "body": TEXTS[(n % 5) as usize],
                "profile_name": NAME, "copies": if n.is_multiple_of(5) { 2 } else { 1 } })
    };
    let messages: Vec<Value> = (0..people).map(message).collect();
    json!({ "messages": messages, "order": "shuffled", "seed": 7, "concurrency": 8, "wait": false })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_message_is_stored_once_and_answered_at_most_once_whatever_crashes() -> anyhow::Result<()> {
    let (people, kills) = (rounds(150, 10_000), rounds(4, 20));
    let mut random = seed("SIGKILL while people write");
    let collector = Collector::start().await?;
    let mut plan = two_way().env("RUST_LOG", "debug").env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url());
    let broker = PrivateBroker::start(&[]).await?;
    if let Some(broker) = &broker {
        plan = plan.private_broker(broker);
    }
    let mut test = plan.build().await?;
    test.start_worker().await?;
    test.start_worker().await?;
    test.simulator.inbound(batch(&test, people)).await?;
    for kill in 1..=kills {
        let wanted = i64::from(kill * people / (kills + 1));
        while test.database.number(STORED).await? < wanted {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if let (true, Some(broker)) = (kill == kills / 2, &broker) {
            broker.kill().await?;
            broker.start_again().await?;
        }
        test.kill_worker(random.gen_range(0..2))?;
        test.launch_worker().await?;
    }
    // What no worker took is found in Twilio's list.
    comes_to(&test, "messages stored", STORED, i64::from(people)).await?;
    let settled = until_settled(&test).await?;
    assert_eq!(settled.due, i64::from(people), "each person wrote once");
    assert_eq!(settled.accepted + settled.unknown, settled.due, "{settled:?}");
    println!("{people} messages, {kills} kills: {settled:?}");
    assert_eq!(test.simulator.ledger().await?.duplicates, 0);
    let silenced = "SELECT count(*) FROM suppressions WHERE source = 'inbound'";
    assert_eq!(test.database.number(silenced).await?, i64::from(people) * 2 / 5, "stops and wrong numbers");
    nobody_is_named(&test, &collector).await?;
    test.close()
}

/// Waits until this query gives this number; longer at full size.
async fn comes_to(test: &TestEnv, what: &str, sql: &str, wanted: i64) -> anyhow::Result<()> {
    until(what, PATIENCE * rounds(1, 10), async || {
        let now = test.database.number(sql).await?;
        Ok(if now == wanted { Ok(()) } else { Err(now.to_string()) })
    })
    .await
}

/// What became of the answers that were due.
#[derive(Debug)]
struct Settled {
    due: i64,
    accepted: i64,
    /// A kill took the response; no second request was made.
    unknown: i64,
}

async fn until_settled(test: &TestEnv) -> anyhow::Result<Settled> {
    comes_to(test, "messages not handled", NOT_HANDLED, 0).await?;
    let open = "SELECT count(*) FROM messages m LEFT JOIN message_attempts a USING (attempt_id)
                WHERE m.state = 'waiting' OR a.outcome IN ('sending', 'unknown') AND a.parked_at IS NULL";
    comes_to(test, "answers that have not ended", open, 0).await?;
    let count = async |sql: &str| test.database.number(sql).await;
    let due = count("SELECT count(*) FROM inbound WHERE reply IS NOT NULL").await?;
    assert_eq!(due, count("SELECT count(*) FROM messages WHERE kind = 'reply'").await?);
    Ok(Settled {
        due,
        accepted: count("SELECT count(*) FROM message_attempts WHERE outcome = 'accepted'").await?,
        unknown: count("SELECT count(*) FROM message_attempts WHERE parked_at IS NOT NULL").await?,
    })
}

/// No text, name or number is in logs, metrics or traces, and no text or name in the database.
async fn nobody_is_named(test: &TestEnv, collector: &Collector) -> anyhow::Result<()> {
    let mut places = Vec::new();
    for file in fs::read_dir(test.folder()?)? {
        let path = file?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("worker-") {
            places.push((name, String::from_utf8_lossy(&fs::read(&path)?).into_owned()));
        }
    }
    assert!(places.iter().any(|(_, log)| log.contains("inbound")), "there is something to search");
    for worker in &test.workers {
        places.push(("metrics".to_owned(), worker.probe("metrics").await?.1));
    }
    let spans: Vec<String> = collector.spans().iter().map(texts).collect();
    assert!(!spans.is_empty(), "there are traces");
    places.push(("traces".to_owned(), spans.join("\n")));
    for (place, text) in &places {
        for word in WORDS.iter().chain([&NUMBERS]) {
            let line = text.lines().find(|line| line.contains(word));
            assert!(line.is_none(), "{place} holds {word}: {line:?}");
        }
    }
    let tables =
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'";
    for table in test.database.texts(tables).await?.into_iter().flatten() {
        for word in WORDS {
            let rows =
                format!("SELECT count(*) FROM {table} t WHERE position('{word}' IN to_jsonb(t)::text) > 0");
            assert_eq!(test.database.number(&rows).await?, 0, "{table} holds {word}");
        }
    }
    Ok(())
}
