//! WhatsApp messages: templates, windows, limits, statuses and phones that are off.

mod support;

use serde_json::{Value, json};
use support::receiver::{Callback, Receiver};
use support::{Answer, Bench, NUMBER, SENDER, SERVICE};
use twilio_sim::{Action, Channel, Operation, Options, Rule, WhatsAppSender};

const FROM: &str = "whatsapp:+14155238886";
const TEMPLATE: &str = "HX00000000000000000000000000000001";

fn to(number: &str) -> String {
    format!("whatsapp:{number}")
}

/// A simulator with one approved template, whose messages are read unless `change` says otherwise.
async fn bench(change: impl FnOnce(&mut Options)) -> Bench {
    let mut options = Options {
        callback_delay: std::time::Duration::from_millis(10),
        read_share: 1.0,
        ..Options::default()
    };
    change(&mut options);
    let bench = Bench::with(options);
    let template = json!({
        "sid": TEMPLATE,
        "friendly_name": "tip_pregnancy_a",
        "language": "hi",
        "variables": {"1": "26", "2": "नमुना"},
        "types": {"twilio/quick-reply": {"body": "हप्ता {{1}}: {{2}} शुभ दिन।",
            "actions": [{"type": "QUICK_REPLY", "title": "बन्द गर्नुहोस्", "id": "stop"}]}},
        "approval_requests": {"name": "tip_pregnancy_a", "category": "UTILITY", "status": "approved"},
    });
    assert_eq!(bench.admin("content", &template.to_string()).await.status, 200);
    bench
}

async fn template(bench: &Bench, to: &str, variables: &str) -> Answer {
    let fields = [("To", to), ("From", FROM), ("ContentSid", TEMPLATE), ("ContentVariables", variables)];
    bench.create(&fields).await
}

/// The error with which an accepted message ends; none if it is read.
async fn late_error(bench: &Bench, answer: &Answer) -> Option<u64> {
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    loop {
        let message = bench.fetch(answer.text("sid")).await;
        match message.text("status") {
            "failed" | "undelivered" => return message.body["error_code"].as_u64(),
            "read" => return None,
            _ => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
        }
    }
}

async fn send(bench: &Bench, number: &str) -> Option<u64> {
    let answer = template(bench, &to(number), r#"{"1":"26","2":"पानी पिउनुहोस्"}"#).await;
    late_error(bench, &answer).await
}

async fn sim_messages(bench: &Bench) -> Value {
    let url = format!("{}/_sim/messages", bench.simulator.url());
    let response = bench.client.get(url).send().await.expect("an answer");
    response.json().await.expect("JSON")
}

fn statuses(callbacks: &[Callback]) -> Vec<&str> {
    callbacks.iter().map(Callback::status).collect()
}

#[tokio::test]
async fn the_ledger_keeps_what_the_person_reads() {
    let bench = bench(|_| {}).await;
    let answer = template(&bench, &to(NUMBER), r#"{"1":"26","2":"पानी {{1}}"}"#).await;
    assert!(answer.text("sid").starts_with("MM"));
    assert_eq!((answer.text("status"), answer.text("from"), answer.text("body")), ("queued", FROM, ""));
    assert_eq!((answer.text("to"), answer.text("num_segments")), (&*to(NUMBER), "0"));
    assert_eq!(late_error(&bench, &answer).await, None);

    let ledger = sim_messages(&bench).await["messages"][0].clone();
    assert_eq!(ledger["body"], "हप्ता 26: पानी {{1}} शुभ दिन।");
    assert_eq!((&ledger["content_sid"], &ledger["status"]), (&json!(TEMPLATE), &json!("read")));
    assert_eq!(bench.fetch(answer.text("sid")).await.body["content_sid"], Value::Null);
    assert_eq!(bench.list(&format!("To=whatsapp:%2B{}", &NUMBER[1..])).await.body["messages"][0]["body"], "");
}

#[tokio::test]
async fn with_a_service_the_sender_is_chosen_later() {
    let bench = bench(|_| {}).await;
    let (to, service) = (to(NUMBER), ("MessagingServiceSid", SERVICE));
    let answer = bench.create(&[("To", &to), service, ("ContentSid", TEMPLATE)]).await;
    assert_eq!((answer.text("status"), &answer.body["from"]), ("accepted", &Value::Null));
    assert_eq!(bench.wait_for_status(answer.text("sid"), "read").await.text("from"), FROM);
    let ledger = sim_messages(&bench).await["messages"][0].clone();
    assert_eq!(ledger["body"], "हप्ता 26: नमुना शुभ दिन।", "samples fill in silently");
}

#[tokio::test]
async fn bad_variables_fail_at_once_or_later() {
    let bench = bench(|_| {}).await;
    for (variables, code) in [
        ("nonsense", 21656),
        (r#"{"1":""}"#, 21656),
        (r#"{"1":null}"#, 21656),
        (&*format!(r#"{{"1":"{}"}}"#, "x".repeat(5_000)), 21658),
    ] {
        let answer = template(&bench, &to(NUMBER), variables).await;
        assert_eq!((answer.status, answer.code()), (400, Some(code)));
    }
    for (variables, code) in [
        (r#"{"1":"a\nb"}"#, 63013),
        (r#"{"3":"surplus"}"#, 63028),
        (&*format!(r#"{{"1":"{}"}}"#, "x".repeat(1_100)), 63021),
    ] {
        let answer = template(&bench, &to(NUMBER), variables).await;
        assert_eq!(late_error(&bench, &answer).await, Some(code));
    }
}

#[tokio::test]
async fn only_an_approved_template_begins_a_conversation() {
    let bench = bench(|_| {}).await;
    for (status, expected) in [
        ("paused", Some(63041)),
        ("disabled", Some(63042)),
        ("rejected", Some(63040)),
        ("in_appeal", Some(63040)),
        ("pending", Some(63016)),
        ("approved", None),
    ] {
        bench.admin(&format!("content/{TEMPLATE}"), &json!({ "status": status }).to_string()).await;
        assert_eq!(send(&bench, NUMBER).await, expected, "{status}");
    }
    let marketing = json!({"category": "MARKETING"}).to_string();
    bench.admin(&format!("content/{TEMPLATE}"), &marketing).await;
    assert_eq!(send(&bench, "+12025550123").await, Some(63049));
    assert_eq!(send(&bench, NUMBER).await, None);
}

#[tokio::test]
async fn a_deleted_template_is_unknown() {
    let bench = bench(|_| {}).await;
    assert_eq!(bench.delete(&format!("/v1/Content/{TEMPLATE}")).await, 204);
    assert_eq!(template(&bench, &to(NUMBER), "{}").await.code(), Some(21655));
}

#[tokio::test]
async fn free_text_needs_an_open_window() {
    let bench = bench(|_| {}).await;
    let to = to(NUMBER);
    let text = [("To", &*to), ("From", FROM), ("Body", "नमस्ते")];
    let free = async || {
        let answer = bench.create(&text).await;
        assert!(answer.text("sid").starts_with("SM"));
        late_error(&bench, &answer).await
    };
    assert_eq!(free().await, Some(63016));
    let window = json!({"from": NUMBER, "to": FROM}).to_string();
    assert_eq!(bench.admin("window", &window).await.status, 200);
    assert_eq!(free().await, None);
    bench.admin("content/HX00000000000000000000000000000001", r#"{"status":"paused"}"#).await;
    assert_eq!(send(&bench, NUMBER).await, None, "inside the window no approval is needed");
    bench.admin("clock", r#"{"advance":"24h"}"#).await;
    assert_eq!(free().await, Some(63016));
}

#[tokio::test]
async fn channels_and_senders_are_checked_at_once() {
    let bench = bench(|_| {}).await;
    let (whatsapp, content) = (to(NUMBER), ("ContentSid", TEMPLATE));
    let code = async |to: &str, from: &str| bench.create(&[("To", to), ("From", from), content]).await.code();
    assert_eq!(code(&whatsapp, SENDER).await, Some(21910));
    assert_eq!(code(NUMBER, FROM).await, Some(21910));
    assert_eq!(code(&whatsapp, "whatsapp:+15005550006").await, Some(63007));
    bench.admin("senders", r#"{"status":"OFFLINE"}"#).await;
    assert_eq!(code(&whatsapp, FROM).await, Some(63007));
    let service = ("MessagingServiceSid", SERVICE);
    let answer = bench.create(&[("To", &whatsapp), service, content]).await;
    assert_eq!(late_error(&bench, &answer).await, Some(63007));
}

#[tokio::test]
async fn a_template_is_paused_at_a_message_until_it_is_approved_again() {
    let bench = bench(|_| {}).await;
    let content = format!("content/{TEMPLATE}");
    bench.admin(&content, r#"{"pause_at":2}"#).await;
    let mut ended = Vec::new();
    for _ in 0..3 {
        ended.push(send(&bench, NUMBER).await);
    }
    assert_eq!(ended, [None, Some(63041), Some(63041)]);
    bench.admin(&content, r#"{"status":"approved"}"#).await;
    assert_eq!(send(&bench, NUMBER).await, None);
}

#[tokio::test]
async fn limits_count_people_messages_and_seconds() {
    let sender = WhatsAppSender { limit: Some(2), ..WhatsAppSender::new(FROM) };
    let bench = bench(|options| options.whatsapp_senders = vec![sender]).await;
    let people = ["+9779841234561", "+9779841234562", "+9779841234563", "+9779841234561"];
    let mut ended = Vec::new();
    for number in people {
        ended.push(send(&bench, number).await);
    }
    assert_eq!(ended, [None, None, Some(63018), None]);
    bench.admin("window", &json!({"from": people[2]}).to_string()).await;
    assert_eq!(send(&bench, people[2]).await, None, "people inside a window do not count");
    bench.admin("clock", r#"{"advance":"24h"}"#).await;
    assert_eq!(send(&bench, people[2]).await, None);

    bench.admin("senders", r#"{"mps":1,"limit":"unlimited"}"#).await;
    let mut burst = Vec::new();
    for _ in 0..5 {
        burst.push(template(&bench, &to(people[0]), "{}").await);
    }
    let mut ended = Vec::new();
    for answer in &burst {
        ended.push(late_error(&bench, answer).await);
    }
    assert!(ended.contains(&Some(63018)), "{ended:?}");
    bench.admin("senders", r#"{"mps":0,"daily_cap":0}"#).await;
    let refused = template(&bench, &to(people[0]), "{}").await;
    assert_eq!((refused.status, refused.code()), (429, Some(63038)));
}

#[tokio::test]
async fn callbacks_carry_the_fields_of_whatsapp() {
    let (bench, mut receiver) = (bench(|_| {}).await, Receiver::start().await);
    let (to, url) = (to(NUMBER), format!("{}/status?mid=1", receiver.base));
    let fields = [("To", &*to), ("From", FROM), ("ContentSid", TEMPLATE), ("StatusCallback", &url)];
    bench.create(&fields).await;
    let callbacks = receiver.take(3).await;
    assert_eq!(statuses(&callbacks), ["sent", "delivered", "read"]);
    let read = &callbacks[2];
    for (field, expected) in [
        ("To", &*to),
        ("From", FROM),
        ("EventType", "READ"),
        ("ChannelPrefix", "whatsapp"),
        ("ChannelInstallSid", "XE00000000000000000000000000000001"),
        ("StructuredMessage", "true"),
    ] {
        assert_eq!(read.field(field), Some(expected), "{field}");
    }
    assert!(read.field("ExternalUserId").unwrap().starts_with("whatsapp:NP."));
    assert!(read.is_signed(support::TOKEN, &url));
}

#[tokio::test]
async fn suffixes_select_faults_on_whatsapp_alone() {
    let bench = bench(|options| options.suffix_faults = true).await;
    let (mut receiver, numbers) = (Receiver::start().await, |digits: &str| format!("+977984123{digits}"));
    for (digits, expected) in [
        ("9803", "63003"),
        ("9814", "63014"),
        ("9816", "63016"),
        ("9824", "63024"),
        ("9832", "63032"),
        ("9841", "63041"),
        ("9849", "63049"),
        ("9899", "63999"),
    ] {
        let code = send(&bench, &numbers(digits)).await;
        assert_eq!(code.map(|code| code.to_string()).as_deref(), Some(expected));
    }
    let tries = [send(&bench, &numbers("9818")).await, send(&bench, &numbers("9818")).await];
    assert_eq!((tries, send(&bench, &numbers("9818")).await), ([Some(63018); 2], None));
    let sms = bench.send(&numbers("9803")).await;
    bench.wait_for_status(sms.text("sid"), "delivered").await;

    for (digits, expected) in [
        ("9850", vec!["sent"]),
        ("9851", vec!["sent", "delivered"]),
        ("9852", vec!["sent", "read", "delivered"]),
        ("9853", vec!["sent", "failed", "delivered"]),
        ("9854", vec!["sent", "delivered", "failed"]),
        ("9855", vec!["sent", "delivered", "read"]),
    ] {
        let to = to(&numbers(digits));
        let fields =
            [("To", &*to), ("From", FROM), ("ContentSid", TEMPLATE), ("StatusCallback", &receiver.base)];
        bench.create(&fields).await;
        let callbacks = receiver.take(expected.len()).await;
        assert_eq!(statuses(&callbacks), expected, "{digits}");
        let named = callbacks[0].field("To").unwrap().starts_with("whatsapp:NP.");
        assert_eq!(named, digits == "9855");
    }
}

#[tokio::test]
async fn late_callbacks_wait_for_the_clock() {
    let bench = bench(|options| options.suffix_faults = true).await;
    let mut receiver = Receiver::start().await;
    let fields = [
        ("To", "whatsapp:+9779841239856"),
        ("From", FROM),
        ("ContentSid", TEMPLATE),
        ("StatusCallback", &receiver.base),
    ];
    let sid = bench.create(&fields).await.text("sid").to_owned();
    bench.wait_for_status(&sid, "read").await;
    assert_eq!(receiver.rest().len(), 0);
    bench.admin("clock", r#"{"advance":"2h"}"#).await;
    assert_eq!(statuses(&receiver.take(3).await), ["sent", "delivered", "read"]);
}

#[tokio::test]
async fn unknown_statuses_are_reported_beside_the_real_ones() {
    let (bench, mut receiver) = (bench(|_| {}).await, Receiver::start().await);
    let action = Action::ExtraCallback { status: "reviewing".to_owned() };
    bench.simulator.set_faults([Rule::new(action).on(Operation::Create).channel(Channel::WhatsApp)]);
    let to = to(NUMBER);
    let fields = [("To", &*to), ("From", FROM), ("ContentSid", TEMPLATE), ("StatusCallback", &receiver.base)];
    bench.create(&fields).await;
    let callbacks = receiver.take(4).await;
    assert_eq!(statuses(&callbacks), ["sent", "delivered", "reviewing", "read"]);
    let tokens: Vec<_> = callbacks.iter().map(|one| one.header("i-twilio-idempotency-token")).collect();
    assert_ne!(tokens[2], tokens[3]);
}

#[tokio::test]
async fn a_phone_gets_all_messages_at_once_when_it_comes_on() {
    let (bench, mut receiver) = (bench(|_| {}).await, Receiver::start().await);
    assert_eq!(bench.admin("offline", &json!({ "to": NUMBER }).to_string()).await.status, 200);
    let to = to(NUMBER);
    let mut sids = Vec::new();
    for day in ["1", "2", "3"] {
        let variables = json!({ "1": day, "2": "x" }).to_string();
        let url = format!("{}/{day}", receiver.base);
        let fields = [
            ("To", &*to),
            ("From", FROM),
            ("ContentSid", TEMPLATE),
            ("ContentVariables", &variables),
            ("StatusCallback", &url),
        ];
        sids.push(bench.create(&fields).await.text("sid").to_owned());
        assert_eq!(statuses(&receiver.take(1).await), ["sent"]);
        bench.admin("clock", r#"{"advance":"24h"}"#).await;
    }
    assert_eq!(bench.fetch(&sids[0]).await.text("status"), "sent");
    let released = bench.admin("online", &json!({ "to": to }).to_string()).await;
    assert_eq!(released.body, json!({"delivered": 3, "dropped": 0}));
    let paths: Vec<String> = receiver.take(6).await.into_iter().map(|callback| callback.path).collect();
    assert_eq!(paths, ["/1", "/1", "/2", "/2", "/3", "/3"]);
    bench.wait_for_status(&sids[2], "read").await;

    bench.simulator.set_faults([Rule::new(Action::Offline).on(Operation::Create)]);
    let old = template(&bench, &to, "{}").await;
    bench.admin("clock", r#"{"advance":"31days"}"#).await;
    let released = bench.admin("online", &json!({ "to": to }).to_string()).await;
    assert_eq!(released.body, json!({"delivered": 0, "dropped": 1}));
    assert_eq!(bench.fetch(old.text("sid")).await.text("status"), "sent");
}

#[tokio::test]
async fn days_are_counted_by_person_on_all_channels() {
    let bench = bench(|options| options.suffix_faults = true).await;
    send(&bench, NUMBER).await;
    bench.send(NUMBER).await;
    // A fallback after a failure is not a duplicate.
    send(&bench, "+9779841239803").await;
    bench.send("+9779841239803").await;
    let stats = bench.simulator.ledger().stats_per_day();
    assert_eq!((stats.day_duplicates, stats.day_retries, stats.reached_on_both_channels), (1, 1, 1));
    assert_eq!((stats.duplicates, stats.day_duplicate_people), (0, vec![NUMBER.to_owned()]));
    assert_eq!(stats.by_channel[&Channel::WhatsApp].accepted, 2);
    assert_eq!(stats.by_channel[&Channel::WhatsApp].failed_by_code, [(63003, 1)].into());
    assert_eq!(stats.by_channel[&Channel::Sms].peak_per_second.asked.segments, 2);
    let day = stats.per_day.unwrap().remove("+9779841239803").unwrap().pop_first().unwrap().1;
    assert_eq!((day.accepted, day.failed, day.duplicates, day.retries), (2, 1, 0, 1));

    bench.admin("clock", r#"{"advance":"24h"}"#).await;
    bench.send(NUMBER).await;
    assert_eq!(bench.simulator.ledger().stats().day_duplicates, 1);
    let zone = format!("{}/_sim/stats?zone=Asia/Kathmandu&per_day=true", bench.simulator.url());
    let stats: Value = bench.client.get(zone).send().await.unwrap().json().await.unwrap();
    assert_eq!((&stats["day_zone"], &stats["day_duplicates"]), (&json!("Asia/Kathmandu"), &json!(1)));
    let bad = format!("{}/_sim/stats?zone=Nepal", bench.simulator.url());
    assert_eq!(bench.client.get(bad).send().await.unwrap().status().as_u16(), 400);
}
