//! Messages of people to the account, as the application's webhook sees them.

mod support;

use std::collections::HashSet;

use serde_json::{Value, json};
use support::receiver::{Callback, Receiver};
use support::{ACCOUNT, Answer, Bench, NUMBER, SENDER, SERVICE, TOKEN};

const PERSON: &str = "whatsapp:+9779841234567";
const SENDER_WA: &str = "whatsapp:+14155238886";
const PATH: &str = "/webhooks/twilio/inbound?region=np";

/// A simulator and the webhook of an application.
struct Stage {
    bench: Bench,
    webhook: Receiver,
    url: String,
}

impl Stage {
    async fn start() -> Self {
        let webhook = Receiver::start().await;
        let url = format!("{}{PATH}", webhook.base);
        Self { bench: Bench::new(), webhook, url }
    }

    /// A message from the person on WhatsApp, unless `more` says otherwise.
    async fn inbound(&self, more: Value) -> Answer {
        let mut order = json!({"url": self.url, "from": PERSON, "to": SENDER_WA, "body": "बन्द"});
        for (name, value) in more.as_object().expect("an object") {
            order[name] = value.clone();
        }
        self.bench.admin("inbound", &order.to_string()).await
    }
}

fn sids(answer: &Answer) -> Vec<&str> {
    answer.body["sids"].as_array().expect("sids").iter().map(|sid| sid.as_str().expect("a SID")).collect()
}

fn bodies(callbacks: &[Callback]) -> Vec<&str> {
    callbacks.iter().map(|callback| callback.field("Body").expect("a body")).collect()
}

fn texts(count: usize) -> Vec<Value> {
    (0..count).map(|number| json!({"body": number.to_string()})).collect()
}

#[tokio::test]
async fn the_webhook_is_signed_over_its_url_and_all_fields() {
    let mut stage = Stage::start().await;
    let answer = stage.inbound(json!({"fields": {"SomethingNew": "1"}})).await;
    assert_eq!((answer.status, &answer.body["answers"]), (201, &json!({"204": 1})));
    let call = stage.webhook.next().await;
    assert_eq!(call.path, PATH);
    assert!(call.is_signed(TOKEN, &stage.url) && !call.is_signed("another token", &stage.url));
    for (name, value) in [
        ("MessageSid", sids(&answer)[0]),
        ("AccountSid", ACCOUNT),
        ("From", PERSON),
        ("To", SENDER_WA),
        ("Body", "बन्द"),
        ("WaId", "9779841234567"),
        ("SomethingNew", "1"),
    ] {
        assert_eq!(call.field(name), Some(value), "{name}");
    }
    assert!(call.field("ExternalUserId").is_some_and(|id| id.starts_with("whatsapp:NP.")));
    assert_eq!(call.header("user-agent"), Some("TwilioProxy/1.1"));
}

#[tokio::test]
async fn signatures_can_be_wrong_or_missing() {
    let mut stage = Stage::start().await;
    stage.inbound(json!({"signature": "wrong"})).await;
    let wrong = stage.webhook.next().await;
    assert!(wrong.header("x-twilio-signature").is_some() && !wrong.is_signed(TOKEN, &stage.url));
    stage.inbound(json!({"signature": "none"})).await;
    assert_eq!(stage.webhook.next().await.header("x-twilio-signature"), None);
    let public = "https://sms.example.com/webhooks/twilio/inbound";
    stage.inbound(json!({"signed_url": public, "account_sid": "AC2"})).await;
    let proxied = stage.webhook.next().await;
    assert!(proxied.is_signed(TOKEN, public));
    assert_eq!(proxied.field("AccountSid"), Some("AC2"));
}

#[tokio::test]
async fn answers_are_recorded_and_replies_are_not_sent() {
    let stage = Stage::start().await;
    stage.webhook.answer_with_body("text/xml", "<Response><Message>धन्यवाद</Message></Response>");
    stage.webhook.answer_with(&[403]);
    let answer = stage.inbound(json!({"copies": 3})).await;
    assert_eq!(answer.body["answers"], json!({"200": 1, "204": 1, "403": 1}));
    let given = &answer.body["messages"][0]["answers"];
    assert_eq!((&given[0]["twiml"], &given[0]["replies"]), (&json!(true), &json!(["धन्यवाद"])));
    assert_eq!(
        (&given[1]["status"], &given[1]["tries"], &given[1]["call"]),
        (&json!(403), &json!(1), &json!(2))
    );
    assert_eq!(stage.bench.accepted(), 0);
    let shown = stage.bench.show("inbound").await;
    assert_eq!((&shown["received"], &shown["calls"]), (&json!(1), &json!(3)));
    assert_eq!(&shown["messages"][0]["answers"], given);
    assert_eq!(shown["messages"][0]["body"], "बन्द");
}

#[tokio::test]
async fn copies_have_one_sid_and_one_token() {
    let mut stage = Stage::start().await;
    stage.inbound(json!({"copies": 20, "parallel": true})).await;
    let calls = stage.webhook.take(20).await;
    let distinct = |name: fn(&Callback) -> Option<&str>| calls.iter().map(name).collect::<HashSet<_>>().len();
    assert_eq!(distinct(|call| call.field("MessageSid")), 1);
    assert_eq!(distinct(|call| call.header("i-twilio-idempotency-token")), 1);
}

#[tokio::test]
async fn a_connection_that_fails_is_tried_once_more() {
    let stage = Stage::start().await;
    let closed = "http://127.0.0.1:9/inbound";
    for (more, tries) in [
        (json!({ "url": closed }), 2),
        (json!({"url": closed, "retries": 0}), 1),
        (json!({"url": format!("{closed}#rc=2")}), 3),
    ] {
        let answer = stage.inbound(more).await;
        let given = &answer.body["messages"][0]["answers"][0];
        assert_eq!((&given["status"], &given["tries"]), (&json!(0), &json!(tries)));
    }
    stage.webhook.answer_with(&[503]);
    let refused = stage.inbound(json!({})).await;
    assert_eq!(refused.body["messages"][0]["answers"][0]["tries"], 1);
    assert_eq!(stage.bench.show("inbound").await["answers"], json!({"0": 3, "503": 1}));
}

#[tokio::test]
async fn a_batch_keeps_its_order_or_a_shuffled_one() {
    let mut stage = Stage::start().await;
    let given = stage.inbound(json!({"order": "given", "messages": texts(20)})).await;
    assert_eq!(bodies(&stage.webhook.take(20).await), (0..20).map(|n| n.to_string()).collect::<Vec<_>>());
    let shuffled = json!({"order": "shuffled", "seed": 3, "messages": texts(20)});
    stage.inbound(shuffled.clone()).await;
    let first: Vec<String> = bodies(&stage.webhook.take(20).await).into_iter().map(str::to_owned).collect();
    stage.inbound(shuffled).await;
    assert_eq!(bodies(&stage.webhook.take(20).await), first);
    assert_ne!(first, (0..20).map(|n| n.to_string()).collect::<Vec<_>>());
    let listed = stage.bench.list("PageSize=1&Page=40").await;
    assert_eq!(listed.body["messages"][0]["sid"], sids(&given)[19], "created in the order given");
}

#[tokio::test]
async fn ten_thousand_messages_in_one_request() {
    let mut stage = Stage::start().await;
    let mut messages = texts(10_000);
    for (number, message) in messages.iter_mut().enumerate() {
        // One webhook in ten is enough to see that all are called.
        message["deliver"] = json!(number % 10 == 0);
    }
    let answer = stage.inbound(json!({ "messages": messages })).await;
    assert_eq!(answer.body["answers"], json!({"204": 1_000}));
    let distinct: HashSet<&str> = sids(&answer).into_iter().collect();
    assert_eq!((distinct.len(), stage.webhook.rest().len()), (10_000, 1_000));
}

#[tokio::test]
async fn a_delayed_webhook_waits_for_the_clock_and_keeps_no_other() {
    let mut stage = Stage::start().await;
    let messages = json!([{"body": "बन्द", "delay": "2h"}, {"body": "सुरु"}]);
    let answer = stage.inbound(json!({"wait": false, "order": "given", "messages": messages})).await;
    assert_eq!(sids(&answer).len(), 2);
    assert_eq!(stage.webhook.next().await.field("Body"), Some("सुरु"));
    assert_eq!(stage.bench.list("").await.body["messages"].as_array().unwrap().len(), 2);
    stage.bench.admin("clock", r#"{"advance":"2h"}"#).await;
    assert_eq!(stage.webhook.next().await.field("Body"), Some("बन्द"));
}

#[tokio::test]
async fn a_lost_message_is_found_by_list_and_fetch() {
    let mut stage = Stage::start().await;
    let sent = stage.bench.send(NUMBER).await;
    let lost = stage.inbound(json!({"deliver": false})).await;
    let sms = stage.inbound(json!({"from": NUMBER, "to": SENDER, "messaging_service_sid": SERVICE})).await;
    assert_eq!(stage.webhook.take(1).await[0].field("MessagingServiceSid"), Some(SERVICE));
    let (lost, sms) = (sids(&lost)[0], sids(&sms)[0]);
    for (query, expected) in [
        ("", vec![sms, lost, sent.text("sid")]),
        ("To=whatsapp%3A%2B14155238886", vec![lost]),
        ("From=whatsapp%3A%2B9779841234567&To=whatsapp%3A%2B14155238886", vec![lost]),
        ("From=whatsapp%3A%2B9779841234567&To=%2B15005550006", vec![]),
        ("From=%2B9779841234567", vec![sms]),
        ("To=%2B9779841234567", vec![sent.text("sid")]),
        ("To=%2B15005550006&DateSent%3E=2020-01-01", vec![sms]),
        ("To=%2B15005550006&DateSent%3C=2020-01-01", vec![]),
        ("To=%2B15005550006&DateSent%3E=2120-01-01", vec![]),
    ] {
        let page = stage.bench.list(query).await;
        let found: Vec<&str> = page.body["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["sid"].as_str().unwrap())
            .collect();
        assert_eq!(found, expected, "{query}");
    }
    let message = stage.bench.fetch(lost).await;
    for (field, expected) in [
        ("direction", json!("inbound")),
        ("status", json!("received")),
        ("body", json!("बन्द")),
        ("from", json!(PERSON)),
        ("to", json!(SENDER_WA)),
        ("num_media", json!("0")),
        ("date_sent", message.body["date_created"].clone()),
        ("error_code", Value::Null),
    ] {
        assert_eq!(message.body[field], expected, "{field}");
    }
    let url = format!("{}/2010-04-01/Accounts/{ACCOUNT}/Messages/{lost}.json", stage.bench.simulator.url());
    let redacted = Answer::of(stage.bench.post(&url, &[("Body", "")]).await.unwrap()).await;
    assert_eq!((redacted.status, redacted.text("body")), (200, ""));
    assert_eq!(stage.bench.accepted(), 1, "inbound messages are not accepted ones");
}

#[tokio::test]
async fn pages_hold_both_directions() {
    let stage = Stage::start().await;
    let mut expected = Vec::new();
    for _ in 0..3 {
        expected.insert(0, stage.bench.send(NUMBER).await.text("sid").to_owned());
        expected.insert(0, sids(&stage.inbound(json!({"deliver": false})).await)[0].to_owned());
    }
    let mut found = Vec::new();
    let mut page = stage.bench.list("PageSize=2").await;
    loop {
        let messages = page.body["messages"].as_array().unwrap();
        found.extend(messages.iter().map(|one| one["sid"].as_str().unwrap().to_owned()));
        let Some(next) = page.body["next_page_uri"].as_str().map(str::to_owned) else { break };
        page = stage.bench.get(&next).await;
    }
    assert_eq!(found, expected);
}

#[tokio::test]
async fn media_is_listed_and_fetched() {
    let mut stage = Stage::start().await;
    let media = json!([
        {"content_type": "image/jpeg", "data": "cGhvdG8=", "size": 6},
        {"content_type": "image/png", "url": "http://x/y"},
    ]);
    let answer = stage.inbound(json!({ "media": media })).await;
    let sid = sids(&answer)[0];
    assert!(sid.starts_with("MM"));
    let call = stage.webhook.next().await;
    assert_eq!((call.field("NumMedia"), call.field("MediaUrl1")), (Some("2"), Some("http://x/y")));
    let url = call.field("MediaUrl0").expect("a URL");
    let request = stage.bench.client.get(url);
    // The client drops the credentials on its way to the other host.
    let file = request.try_clone().unwrap().basic_auth(ACCOUNT, Some(TOKEN)).send().await.unwrap();
    let store = file.url().clone();
    assert_eq!((store.host_str(), store.path().starts_with("/_store/")), (Some("localhost"), true));
    assert_eq!(
        (file.status().as_u16(), &file.headers()["content-type"]),
        (200, &"image/jpeg".parse().unwrap())
    );
    assert_eq!(file.bytes().await.unwrap(), "photo.");
    let with = stage.bench.client.get(store).basic_auth(ACCOUNT, Some(TOKEN)).send().await.unwrap();
    assert_eq!(with.status(), 400, "as Amazon's store");
    assert_eq!(request.send().await.unwrap().status(), 401);
    let base = format!("/2010-04-01/Accounts/{ACCOUNT}/Messages");
    let list = stage.bench.get(&format!("{base}/{sid}/Media.json")).await;
    let files = list.body["media_list"].as_array().unwrap();
    assert_eq!((files.len(), files[1]["content_type"].as_str()), (2, Some("image/png")));
    let described = stage.bench.get(files[0]["uri"].as_str().unwrap()).await;
    assert_eq!((described.text("parent_sid"), &described.body), (sid, &files[0]));
    let sent = stage.bench.send(NUMBER).await;
    let none = stage.bench.get(&format!("{base}/{}/Media.json", sent.text("sid"))).await;
    assert_eq!(none.body["media_list"], json!([]));
    for missing in [format!("{base}/SM{:032}/Media.json", 0), format!("{base}/{sid}/Media/ME1")] {
        assert_eq!(stage.bench.get(&missing).await.status, 404, "{missing}");
    }
}

#[tokio::test]
async fn free_text_is_delivered_only_within_a_day_of_the_last_message() {
    let mut stage = Stage::start().await;
    let status = format!("{}/status", stage.webhook.base);
    let text = [("To", PERSON), ("From", SENDER_WA), ("Body", "नमस्ते"), ("StatusCallback", status.as_str())];
    let last_callback = async |stage: &mut Stage| {
        let sent = stage.bench.create(&text).await;
        assert_eq!((sent.status, sent.text("status")), (201, "queued"));
        loop {
            let callback = stage.webhook.next().await;
            if matches!(callback.status(), "delivered" | "failed" | "undelivered") {
                return callback.field("ErrorCode").map(str::to_owned);
            }
        }
    };
    assert_eq!(last_callback(&mut stage).await.as_deref(), Some("63016"));
    stage.inbound(json!({"deliver": false})).await;
    stage.bench.admin("clock", r#"{"advance":"23h"}"#).await;
    stage.inbound(json!({"deliver": false})).await;
    stage.bench.admin("clock", r#"{"advance":"23h 59m"}"#).await;
    assert_eq!(last_callback(&mut stage).await, None);
    stage.bench.admin("clock", r#"{"advance":"1m"}"#).await;
    assert_eq!(last_callback(&mut stage).await.as_deref(), Some("63016"));
}

#[tokio::test]
async fn a_hidden_phone_writes_to_the_webhook_of_the_sender() {
    let mut stage = Stage::start().await;
    let sender = json!({"sender": SENDER_WA, "callback_url": stage.url});
    stage.bench.admin("senders", &sender.to_string()).await;
    let order = json!({"from": PERSON, "to": SENDER_WA, "body": "hello"});
    stage.bench.admin("inbound", &order.to_string()).await;
    let shown = stage.webhook.next().await;
    let user_id = shown.field("ExternalUserId").expect("a user id");
    stage.bench.admin("clock", r#"{"advance":"25h"}"#).await;
    let hidden = json!({"from": user_id, "to": SENDER_WA, "body": "hello"});
    stage.bench.admin("inbound", &hidden.to_string()).await;
    let call = stage.webhook.next().await;
    assert_eq!((call.field("From"), call.field("ExternalUserId")), (Some(user_id), Some(user_id)));
    assert_eq!(call.field("WaId"), Some(""));
    for to in [PERSON, user_id] {
        let sent = stage.bench.create(&[("To", to), ("From", SENDER_WA), ("Body", "x")]).await;
        let sid = sent.text("sid").to_owned();
        stage.bench.admin("clock", r#"{"advance":"1m"}"#).await;
        assert!(matches!(stage.bench.fetch(&sid).await.text("status"), "delivered" | "read"), "{to}");
    }
}

#[tokio::test]
async fn bad_orders_store_nothing() {
    let stage = Stage::start().await;
    let twelve = vec![json!({"content_type": "image/png"}); 12];
    for (more, expected) in [
        (json!({"colour": 1}), "unknown field `colour`"),
        (json!({ "media": twelve }), "media: at most 11"),
        (json!({"to": "whatsapp:+14155238887"}), "to: "),
        (json!({"from": "9841234567"}), "from: "),
        (json!({"signature": "bad"}), "unknown variant `bad`"),
        (json!({"messages": [{}, {"copies": 0}]}), "message 2: copies: "),
        (json!({"sid": "SM00000000000000000000000000000003", "messages": [{}, {}]}), "message 2: sid: "),
    ] {
        let answer = stage.inbound(more).await;
        assert_eq!(answer.status, 400);
        assert!(answer.text("error").starts_with(expected), "{:?}", answer.body);
    }
    assert_eq!(stage.bench.show("inbound").await["received"], 0);
    let given = json!({"sid": "SM00000000000000000000000000000003"});
    assert_eq!(sids(&stage.inbound(given.clone()).await), ["SM00000000000000000000000000000003"]);
    assert_eq!(stage.inbound(given).await.status, 400);
    stage.bench.admin("reset", "").await;
    assert_eq!(stage.bench.show("inbound").await["received"], 0);
}
