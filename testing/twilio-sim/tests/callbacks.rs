//! Status callbacks as a receiver sees them.

mod support;

use support::receiver::{Callback, Receiver};
use support::{ACCOUNT, Bench, NUMBER, SENDER, SERVICE, TOKEN, eventually};
use twilio_sim::{Action, CallbackResult, FailedStatus, Options, Rule};

const QUERY: &str = "/twilio/status?mid=0190f5fe%2D7c1a";

async fn send(bench: &Bench, callback: &str) -> String {
    let fields =
        [("To", NUMBER), ("MessagingServiceSid", SERVICE), ("Body", "x"), ("StatusCallback", callback)];
    let answer = bench.create(&fields).await;
    assert_eq!(answer.status, 201);
    answer.text("sid").to_owned()
}

fn statuses(callbacks: &[Callback]) -> Vec<&str> {
    callbacks.iter().map(Callback::status).collect()
}

/// Waits until `count` callbacks were sent, failed or skipped.
async fn settled(bench: &Bench, count: u64) {
    eventually(|| {
        let stats = bench.simulator.ledger().stats();
        stats.callbacks_sent + stats.callbacks_failed + stats.callbacks_skipped >= count
    })
    .await;
}

#[tokio::test]
async fn one_per_change_signed_over_the_url_without_fragment() {
    let (bench, mut receiver) = (Bench::new(), Receiver::start().await);
    let url = format!("{}{QUERY}", receiver.base);
    let sid = send(&bench, &format!("{url}#rc=2&rp=all")).await;
    let callbacks = receiver.take(3).await;
    assert_eq!(statuses(&callbacks), ["queued", "sent", "delivered"]);
    for callback in &callbacks {
        assert_eq!(callback.path, QUERY);
        assert!(callback.is_signed(TOKEN, &url));
        assert_eq!((callback.field("MessageSid"), callback.field("SmsSid")), (Some(&*sid), Some(&*sid)));
        assert_eq!((callback.field("AccountSid"), callback.field("To")), (Some(ACCOUNT), Some(NUMBER)));
        assert_eq!(callback.field("MessagingServiceSid"), Some(SERVICE));
        assert_eq!(callback.field("SmsStatus"), callback.field("MessageStatus"));
        assert_eq!(callback.field("ApiVersion"), Some("2010-04-01"));
        assert_eq!(callback.header("user-agent"), Some("TwilioProxy/1.1"));
        assert_eq!(callback.header("x-home-region"), Some("us1"));
        let kind = callback.header("content-type");
        assert_eq!(kind, Some("application/x-www-form-urlencoded; charset=utf-8"));
    }
    assert!(callbacks[2].field("RawDlrDoneDate").is_some());
    let tokens: std::collections::HashSet<_> =
        callbacks.iter().map(|callback| callback.header("i-twilio-idempotency-token")).collect();
    assert_eq!(tokens.len(), 3);
}

#[tokio::test]
async fn with_a_sender_queued_is_not_repeated() {
    let (bench, mut receiver) = (Bench::new(), Receiver::start().await);
    let fields =
        [("To", NUMBER), ("From", SENDER), ("Body", "x"), ("StatusCallback", receiver.base.as_str())];
    assert_eq!(bench.create(&fields).await.text("status"), "queued");
    let callbacks = receiver.take(2).await;
    assert_eq!(statuses(&callbacks), ["sent", "delivered"]);
    assert_eq!(callbacks[0].field("From"), Some(SENDER));
}

#[tokio::test]
async fn failures_carry_the_code() {
    let fault = Action::FinalStatus { status: FailedStatus::Undelivered, error_code: 30003 };
    let (bench, mut receiver) = (Bench::faults(Rule::new(fault)), Receiver::start().await);
    send(&bench, &receiver.base).await;
    let callbacks = receiver.take(3).await;
    assert_eq!(statuses(&callbacks), ["queued", "sent", "undelivered"]);
    assert_eq!(callbacks[2].field("ErrorCode"), Some("30003"));
    bench.simulator.set_faults([Rule::new(Action::Refuse { code: 21610 })]);
    send(&bench, &receiver.base).await;
    let failed = receiver.next().await;
    assert_eq!((failed.status(), failed.field("ErrorCode")), ("failed", Some("21610")));
    assert_eq!(failed.field("From"), None);
}

#[tokio::test]
async fn retries_keep_the_token() {
    let (bench, mut receiver) = (Bench::faults(Rule::new(Action::SentLast)), Receiver::start().await);
    receiver.answer_with(&[500, 503, 204, 403]);
    send(&bench, &format!("{}#rc=3&rp=5xx", receiver.base)).await;
    let callbacks = receiver.take(4).await;
    assert_eq!(statuses(&callbacks), ["queued", "queued", "queued", "sent"]);
    let token = |index: usize| callbacks[index].header("i-twilio-idempotency-token").unwrap();
    assert!(token(0) == token(1) && token(1) == token(2) && token(2) != token(3));
    settled(&bench, 2).await;
    let records = bench.simulator.ledger().callbacks(10);
    let summary: Vec<_> =
        records.iter().map(|record| (record.result, record.tries, record.last_status)).collect();
    assert_eq!(summary, [(CallbackResult::Failed, 1, 403), (CallbackResult::Sent, 3, 204)]);
}

#[tokio::test]
async fn by_default_an_error_answer_is_final() {
    let (bench, mut receiver) = (Bench::faults(Rule::new(Action::SentLast)), Receiver::start().await);
    receiver.answer_with(&[500, 302]);
    send(&bench, &receiver.base).await;
    settled(&bench, 2).await;
    assert_eq!(statuses(&receiver.rest()), ["queued", "sent"]);
    assert_eq!(bench.simulator.ledger().stats().callbacks_failed, 2);
}

#[tokio::test]
async fn an_unreachable_receiver_is_tried_again() {
    let bench = Bench::faults(Rule::new(Action::SentLast));
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    send(&bench, &format!("http://{unused}/")).await;
    settled(&bench, 2).await;
    for record in bench.simulator.ledger().callbacks(10) {
        assert_eq!((record.result, record.tries, record.last_status), (CallbackResult::Failed, 2, 0));
    }
}

#[tokio::test]
async fn duplicates_and_disorder() {
    let rule = Rule::new(Action::DuplicateCallbacks { copies: 2 });
    let (bench, mut receiver) = (Bench::faults(rule.clone()), Receiver::start().await);
    send(&bench, &receiver.base).await;
    let twice = receiver.take(6).await;
    assert_eq!(statuses(&twice), ["queued", "queued", "sent", "sent", "delivered", "delivered"]);
    let token = |index: usize| twice[index].header("i-twilio-idempotency-token");
    assert_eq!(token(0), token(1));
    bench.simulator.set_faults([rule.and(Action::ShuffleCallbacks)]);
    send(&bench, &receiver.base).await;
    let mixed = receiver.take(6).await;
    assert_ne!(statuses(&mixed)[..3], ["queued", "sent", "delivered"]);
    let mut sorted = statuses(&mixed);
    sorted.sort_unstable();
    assert_eq!(sorted, ["delivered", "delivered", "queued", "queued", "sent", "sent"]);
}

#[tokio::test]
async fn signatures_can_be_wrong_or_missing() {
    let (bench, mut receiver) = (Bench::faults(Rule::new(Action::WrongSignature)), Receiver::start().await);
    send(&bench, &receiver.base).await;
    let wrong = receiver.take(3).await;
    assert!(wrong.iter().all(|callback| callback.header("x-twilio-signature").is_some()));
    assert!(!wrong.iter().any(|callback| callback.is_signed(TOKEN, &receiver.base)));
    bench.simulator.set_faults([Rule::new(Action::MissingSignature)]);
    send(&bench, &receiver.base).await;
    let missing = receiver.take(3).await;
    assert!(missing.iter().all(|callback| callback.header("x-twilio-signature").is_none()));
}

#[tokio::test]
async fn a_new_token_signs() {
    let (bench, mut receiver) = (Bench::new(), Receiver::start().await);
    bench.simulator.set_auth_token("next");
    let url = receiver.base.clone();
    let fields = [("To", NUMBER), ("From", SENDER), ("Body", "x"), ("StatusCallback", url.as_str())];
    let request = bench.client.post(bench.messages_url()).basic_auth(ACCOUNT, Some("next")).form(&fields);
    assert_eq!(request.send().await.unwrap().status().as_u16(), 201);
    let callback = receiver.next().await;
    assert!(callback.is_signed("next", &url) && !callback.is_signed(TOKEN, &url));
}

#[tokio::test]
async fn callbacks_can_come_before_the_answer() {
    let bench = Bench::faults(Rule::new(Action::CallbackFirst { ms: 600_000 }));
    let mut receiver = Receiver::start().await;
    let url = receiver.base.clone();
    let fields =
        [("To", NUMBER), ("MessagingServiceSid", SERVICE), ("Body", "x"), ("StatusCallback", url.as_str())];
    let callbacks = tokio::select! {
        answer = bench.create(&fields) => panic!("answered first: {answer:?}"),
        callbacks = receiver.take(3) => callbacks,
    };
    assert_eq!(statuses(&callbacks), ["queued", "sent", "delivered"]);
}

#[tokio::test]
async fn none_when_told_so() {
    let (bench, mut receiver) =
        (Bench::faults(Rule::new(Action::NoCallbacks).count(1)), Receiver::start().await);
    let silent = send(&bench, &receiver.base).await;
    let told = send(&bench, &receiver.base).await;
    bench.wait_for_status(&silent, "delivered").await;
    let callbacks = receiver.take(3).await;
    assert!(callbacks.iter().all(|callback| callback.field("MessageSid") == Some(&*told)));
    assert!(receiver.rest().is_empty());
}

#[tokio::test]
async fn only_loopback_is_called() {
    let bench = Bench::with(Options { callback_delay: std::time::Duration::ZERO, ..Options::default() });
    let sid = send(&bench, "https://sms.example.com/status?mid=1").await;
    settled(&bench, 3).await;
    assert_eq!(bench.simulator.ledger().stats().callbacks_skipped, 3);
    let records = bench.simulator.ledger().callbacks(10);
    assert!(records.iter().all(|record| record.message_sid == sid && record.tries == 0));
}
