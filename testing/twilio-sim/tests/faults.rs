//! What every fault does on the wire.

mod support;

use support::{ACCOUNT, Answer, Bench, NUMBER, SENDER, SERVICE, TOKEN, eventually};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use twilio_sim::{Action, FailedStatus, Operation, Options, PlainBody, Rule};

const FIELDS: [(&str, &str); 3] = [("To", NUMBER), ("MessagingServiceSid", SERVICE), ("Body", "hello")];

fn create(action: Action) -> Bench {
    Bench::faults(Rule::new(action).on(Operation::Create))
}

#[tokio::test]
async fn errors_before_and_after_accepting() {
    for (action, status, code, accepted) in [
        (Action::status(500, false), 500, 20500, 0),
        (Action::status(503, false), 503, 20503, 0),
        (Action::status(500, true), 500, 20500, 1),
        (Action::error(21610), 400, 21610, 0),
        (Action::error(20003), 401, 20003, 0),
    ] {
        let bench = create(action);
        let answer = bench.send(NUMBER).await;
        assert_eq!((answer.status, answer.code(), bench.accepted()), (status, Some(code), accepted));
    }
}

#[tokio::test]
async fn retry_after_message_and_plain_bodies() {
    let bench = create(Action::too_many_requests(7));
    let limited = bench.try_create(&FIELDS).await.unwrap();
    assert_eq!((limited.status().as_u16(), &limited.headers()["retry-after"]), (429, &"7".parse().unwrap()));
    let rule = r#"{"action":{"type":"error","status":418,"code":575001,"message":"tea"}}"#;
    bench.admin("reset", "").await;
    bench.admin("faults", rule).await;
    let odd = bench.send(NUMBER).await;
    assert_eq!((odd.status, odd.code(), odd.text("message")), (418, Some(575_001), "tea"));
    let plain = |body| Action::Error {
        status: Some(502),
        code: None,
        message: None,
        retry_after: None,
        body: Some(body),
        store: false,
    };
    bench
        .simulator
        .set_faults([Rule::new(plain(PlainBody::Html)).count(1), Rule::new(plain(PlainBody::Empty))]);
    assert!(bench.try_create(&FIELDS).await.unwrap().text().await.unwrap().starts_with("<html>"));
    assert_eq!(bench.try_create(&FIELDS).await.unwrap().text().await.unwrap(), "");
}

/// Sends a create call over a plain socket. Returns the answer and how the connection ended.
async fn raw_create(bench: &Bench) -> (Vec<u8>, std::io::Result<usize>) {
    let mut stream = TcpStream::connect(bench.simulator.address()).await.expect("a connection");
    let body = format!("To=%2B9779841234567&MessagingServiceSid={SERVICE}&Body=x");
    let head = "POST /2010-04-01/Accounts/AC00000000000000000000000000000001/Messages.json HTTP/1.1\r\n\
                Host: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                Authorization: Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMTowMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg==\r\n";
    let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut received = Vec::new();
    let end = stream.read_to_end(&mut received).await;
    (received, end)
}

#[tokio::test]
async fn a_reset_is_a_reset_and_not_one_byte_is_answered() {
    for (store, accepted) in [(false, 0), (true, 1)] {
        let bench = create(Action::Reset { store });
        let (received, end) = raw_create(&bench).await;
        assert_eq!(received, b"");
        assert_eq!(end.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
        assert_eq!(bench.accepted(), accepted);
        assert_eq!(bench.simulator.ledger().stats().requests[&Operation::Create]["none"], 1);
    }
}

/// Starts a create call, waits until the simulator has it, and says whether it is still unanswered.
async fn abandon(bench: &Bench) -> bool {
    let request = bench.client.post(bench.messages_url()).basic_auth(ACCOUNT, Some(TOKEN)).form(&FIELDS);
    let call = tokio::spawn(request.send());
    eventually(|| !bench.simulator.ledger().timeline().arrivals.is_empty()).await;
    let unanswered = !call.is_finished();
    call.abort();
    unanswered
}

#[tokio::test]
async fn a_hang_outlasts_the_caller() {
    for (store, accepted) in [(false, 0), (true, 1)] {
        let bench = create(Action::Hang { ms: 600_000, store });
        assert!(abandon(&bench).await);
        let unanswered = |bench: &Bench| {
            let requests = bench.simulator.ledger().stats().requests;
            requests.get(&Operation::Create).is_some_and(|counts| counts.get("none") == Some(&1))
        };
        eventually(|| unanswered(&bench)).await;
        assert_eq!(bench.accepted(), accepted);
    }
}

#[tokio::test]
async fn a_short_hang_ends_with_the_answer_or_a_reset() {
    let stored = create(Action::Hang { ms: 20, store: true });
    assert_eq!(stored.send(NUMBER).await.status, 201);
    let lost = create(Action::Hang { ms: 20, store: false });
    let error = lost.try_create(&FIELDS).await.unwrap_err();
    assert!(error.is_request() && !error.is_connect(), "{error:?}");
}

#[tokio::test]
async fn broken_json_is_a_201_that_took_effect() {
    let bench = create(Action::BrokenJson);
    let response = bench.try_create(&FIELDS).await.unwrap();
    assert_eq!(response.status().as_u16(), 201);
    let body = response.text().await.unwrap();
    assert!(body.starts_with(r#"{"sid":"SM"#) && serde_json::from_str::<serde_json::Value>(&body).is_err());
    assert_eq!(bench.accepted(), 1);
}

#[tokio::test]
async fn a_late_call_takes_effect_without_its_caller() {
    let bench = create(Action::Latency { ms: 300 });
    abandon(&bench).await;
    eventually(|| bench.accepted() == 1).await;
}

#[tokio::test]
async fn refusals_follow_the_sender() {
    let bench = create(Action::Refuse { code: 21610 });
    let sync = bench.create(&[("To", NUMBER), ("From", SENDER), ("Body", "x")]).await;
    assert_eq!((sync.status, sync.code()), (400, Some(21610)));
    let later = bench.send(NUMBER).await;
    assert_eq!((later.status, later.text("status")), (201, "accepted"));
    assert_eq!(bench.wait_for_status(later.text("sid"), "failed").await.body["error_code"], 21610);
}

#[tokio::test]
async fn other_endings() {
    for (action, ending, code) in [
        (
            Action::FinalStatus { status: FailedStatus::Undelivered, error_code: 30003 },
            "undelivered",
            Some(30003),
        ),
        (Action::FinalStatus { status: FailedStatus::Failed, error_code: 30036 }, "failed", Some(30036)),
        (Action::SentLast, "sent", None),
    ] {
        let bench = create(action);
        let sid = bench.send(NUMBER).await.text("sid").to_owned();
        let ended = bench.wait_for_status(&sid, ending).await;
        assert_eq!(ended.body["error_code"].as_u64(), code);
    }
}

#[tokio::test]
async fn reading_back_may_lag() {
    let lag = 60_000;
    let rule = Rule::new(Action::ListLag { ms: lag }).and(Action::FetchNotFound { ms: lag });
    for operation in [None, Some(Operation::Create)] {
        let bench = Bench::faults(Rule { operation, ..rule.clone() });
        let sid = bench.send(NUMBER).await.text("sid").to_owned();
        assert_eq!(bench.list("To=%2B9779841234567").await.body["messages"], serde_json::json!([]));
        assert_eq!(bench.fetch(&sid).await.status, 404);
        assert_eq!(bench.accepted(), 1);
    }
    let bench = Bench::faults(Rule { operation: Some(Operation::List), ..rule });
    let sid = bench.send(NUMBER).await.text("sid").to_owned();
    assert_eq!(bench.list("").await.body["messages"], serde_json::json!([]));
    assert_eq!(bench.fetch(&sid).await.status, 200, "fetching is not touched");
    bench.simulator.set_faults([]);
    assert_eq!(bench.list("").await.body["messages"][0]["sid"], sid.as_str());
}

#[tokio::test]
async fn rules_over_http() {
    let bench = Bench::new();
    let rules = r#"[{"operation":"create","suffix":"4567","count":1,"action":{"type":"error","code":21610}},
                    {"operation":"list","for_ms":600000,"action":{"type":"error","status":503}}]"#;
    let shown = bench.admin("faults", rules).await;
    assert_eq!((shown.status, shown.body["rules"].as_array().unwrap().len()), (200, 2));
    assert_eq!(bench.send("+9779801230000").await.status, 201);
    assert_eq!(bench.send(NUMBER).await.code(), Some(21610));
    assert_eq!(bench.send(NUMBER).await.status, 201);
    assert_eq!(bench.list("").await.status, 503);
    assert_eq!(bench.get("/_sim/faults").await.body["rules"][0]["hits"], 1);
    let url = format!("{}/_sim/faults", bench.simulator.url());
    let cleared = Answer::of(bench.client.delete(url).send().await.unwrap()).await;
    assert_eq!(cleared.body["rules"], serde_json::json!([]));
    assert_eq!(bench.list("").await.status, 200);
    assert_eq!(bench.admin("faults", r#"{"action":{"type":"explode"}}"#).await.status, 400);
}

#[tokio::test]
async fn unauthorised_calls_use_up_no_fault() {
    let bench = Bench::faults(Rule::new(Action::error(21610)).count(1));
    bench.simulator.set_revoked(true);
    assert_eq!(bench.send(NUMBER).await.code(), Some(20003));
    bench.simulator.set_revoked(false);
    assert_eq!(bench.send(NUMBER).await.code(), Some(21610));
}

#[tokio::test]
async fn suffixes() {
    let bench = Bench::with(Options { suffix_faults: true, ..Options::default() });
    assert_eq!(bench.send("+9779841239001").await.status, 500);
    assert_eq!(bench.send("+9779841239002").await.status, 503);
    assert_eq!(bench.accepted(), 0);
    assert_eq!(bench.send("+9779841239003").await.status, 500);
    assert_eq!(bench.accepted(), 1);
    let statuses = [429, 429, 429, 201];
    for status in statuses {
        assert_eq!(bench.send("+9779841239102").await.status, status);
    }
    assert_eq!(bench.lookup("+9779841239701", "").await.body["valid"], false);
    let off = Bench::new();
    assert_eq!(off.send("+9779841239001").await.status, 201);
}
