//! Bodies that are not events, and fields that the database cannot hold.

use std::collections::BTreeMap;

use lapin::{
    BasicProperties,
    types::{AMQPValue, FieldTable},
};
use serde_json::json;
use shared::lane::QueueLane;
use support::{EventBody, Expect, PATIENCE, TestEnv, number, until};

/// Publishes the bodies, then a good signup, and returns how many dead letters have which reason.
async fn buried(test: &TestEnv, bodies: &[Vec<u8>]) -> anyhow::Result<BTreeMap<String, usize>> {
    for body in bodies {
        test.broker.publish(QueueLane::Live, body).await?;
    }
    test.signup("good", &number(1)).await?;
    test.until_case("good", "registered delivered -").await?;
    let letters = until("every bad body is kept", PATIENCE, async || {
        let letters = test.database.dead_letters().await?;
        Ok(if letters.len() == bodies.len() { Ok(letters) } else { Err(format!("{letters:?}")) })
    })
    .await?;
    let mut reasons = BTreeMap::new();
    for letter in letters {
        assert!(bodies.contains(&letter.body), "the body is kept as it was");
        *reasons.entry(letter.reason).or_default() += 1;
    }
    Ok(reasons)
}

fn counts(expected: &[(&str, usize)]) -> BTreeMap<String, usize> {
    expected.iter().map(|(reason, n)| ((*reason).to_owned(), *n)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_no_event_are_kept_for_a_person() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_worker().await?;
    let good = || EventBody::signup("x", &number(2));
    let text = |t: &str| t.as_bytes().to_vec();
    let malformed = [
        vec![],
        text("hello"),
        vec![0; 100],
        vec![0xff, 0xfe, 0x80],
        text("{\"user_id\":\"\u{0}\"}"),
        [good().bytes(), vec![0xc3]].concat(),
        text(&good().bytes().iter().take(40).map(|b| char::from(*b)).collect::<String>()),
    ];
    let too_large = [vec![b' '; 60_000], good().with_data("display_name", "n".repeat(20_000)).bytes()];
    let unknown_type = [good().with("type", "np.aamcare.user.signed_up.v2"), good().with("type", "x")];
    let schema = [
        good().without("id"),
        good().with("id", ""),
        good().without("specversion"),
        good().with("specversion", "2.0"),
        good().without("type"),
        good().without("data"),
        good().with("data", json!([])),
        good().with_data("user_id", json!(null)),
        good().with_data("user_id", json!({})),
        good().with_data("user_id", json!(true)),
        good().with_data("user_id", json!(1.5)),
        good().with_data("user_id", ""),
        good().with_data("user_id", "x".repeat(300)),
        good().with_data("user_id", "x\u{0}y"),
        good().with_data("user_id", "x\ny"),
        good().with_data("phone_number", json!(["9841200001"])),
        good().with_data("phone_number", json!({})),
        good().with_data("phone_number", json!(true)),
        good().with_data("preferred_language", json!(7)),
    ];
    let (schemas, types) = (schema.len(), unknown_type.len());
    let mut bodies: Vec<Vec<u8>> = malformed.to_vec();
    bodies.extend(too_large);
    bodies.extend(schema.iter().chain(&unknown_type).map(EventBody::bytes));
    bodies.extend([text("[]"), text("7"), text("null"), text("{}")]);
    let expected =
        [("malformed", malformed.len()), ("schema", schemas + 4), ("too_large", 2), ("unknown_type", types)];
    assert_eq!(buried(&test, &bodies).await?, counts(&expected));
    assert_eq!(test.simulator.totals().await?.accepted, 1);
    test.finish(Expect::users(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_database_can_hold_is_replaced_and_what_is_unknown_ignored() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_worker().await?;
    let event = EventBody::signup("nul", &format!("{}\u{0}", number(1)))
        .with_data("display_name", "A\u{0}B")
        .with_data("preferred_language", "tlh\u{0}")
        .with_data("preferred_channel", "pigeon")
        .with_data("country_hint", "\u{0}\u{0}")
        .with_data("kind", "astronaut")
        .with_data("unheard_of", json!({ "deep": [1, 2, 3] }))
        .with("time", "yesterday");
    let mut headers = FieldTable::default();
    headers.insert("traceparent".into(), AMQPValue::LongString("nonsense\u{0}".into()));
    headers.insert("x-\u{0}".into(), AMQPValue::LongLongInt(i64::MIN));
    let properties = BasicProperties::default()
        .with_message_id("\u{0}".into())
        .with_headers(headers)
        .with_timestamp(u64::MAX);
    test.broker.publish_with(QueueLane::Live, &event.bytes(), properties.clone()).await?;
    test.broker.publish_with(QueueLane::Live, b"\0", properties).await?;
    let v0 = json!({ "user_id": 42, "phone_number": number(2) }).to_string();
    test.broker.publish(QueueLane::Live, v0.as_bytes()).await?;
    let bare = json!({ "user_id": "bare" }).to_string();
    test.broker.publish(QueueLane::Live, bare.as_bytes()).await?;
    test.until_case("42", "registered delivered -").await?;
    test.until_case("bare", "rejected not_sent empty").await?;
    test.until_final(3).await?;
    until("the body of one NUL is kept", PATIENCE, async || {
        let letters = test.database.dead_letters().await?;
        Ok(if letters.len() == 1 { Ok(()) } else { Err(format!("{letters:?}")) })
    })
    .await?;
    let stored = "SELECT count(*) FROM users WHERE user_id = 'nul' AND display_name = E'A\\uFFFDB' AND channel = 'pigeon'";
    assert_eq!(test.database.number(stored).await?, 1);
    test.finish(Expect::users(3)).await
}

/// The worker asks for small frames. What has a larger header ends that connection once, and comes through the next.
#[tokio::test(flavor = "multi_thread")]
async fn headers_of_any_size_come_through() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_worker().await?;
    for (n, bytes) in [(1, 1_000), (2, 20_000), (3, 120_000)] {
        let mut headers = FieldTable::default();
        headers.insert("x-long".into(), AMQPValue::LongString("x".repeat(bytes).into()));
        let properties = BasicProperties::default().with_delivery_mode(2).with_headers(headers);
        let event = EventBody::signup(&n.to_string(), &number(n));
        test.broker.publish_with(QueueLane::Live, &event.bytes(), properties).await?;
    }
    test.until_final(3).await?;
    test.until_case("3", "registered delivered -").await?;
    test.finish(Expect::users(3)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_poison_is_kept_once_and_counted() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_worker().await?;
    for _ in 0..20 {
        test.broker.publish(QueueLane::Live, b"poison").await?;
    }
    until("all of it is counted", PATIENCE, async || {
        let letters = test.database.dead_letters().await?;
        let counted = letters.len() == 1 && letters[0].seen == 20;
        Ok(if counted { Ok(()) } else { Err(format!("{letters:?}")) })
    })
    .await?;
    test.finish(Expect::users(0)).await
}
