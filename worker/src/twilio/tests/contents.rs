//! The walk over the templates, and every answer after which it must not count.

use chrono::{TimeZone, Utc};
use serde_json::{Value, json};

use shared::templates::registry::ApprovalStatus;

use super::super::{ContentRecord, PathFault, WalkFault, fault::ReadFault};
use super::server::{Reply, Server};
use super::*;

/// Two contents as Twilio writes them: one with two types, one that is paused.
const FIXTURE: &str = include_str!("contents.json");

fn sid(n: usize) -> String {
    format!("HX{n:032x}")
}

/// A page of contents with these numbers.
fn page(numbers: impl IntoIterator<Item = usize>, next: &Value) -> String {
    let contents: Vec<Value> = numbers
        .into_iter()
        .map(|n| json!({"sid": sid(n), "language": "en", "types": {"twilio/text": {"body": "{{1}}"}}}))
        .collect();
    answer("200 OK", &json!({"contents": contents, "meta": {"next_page_url": next}}).to_string())
}

fn next(page: usize) -> Value {
    format!("https://content.twilio.com/v1/ContentAndApprovals?Page={page}").into()
}

/// The fault of a walk whose answers, by number, are `answers`; the last one is repeated.
async fn fault_of(answers: Vec<String>) -> WalkFault {
    let script = move |n: usize, _: &_| Reply::Write(answers[n.min(answers.len() - 1)].clone());
    let server = Server::start(script).await;
    client(&server.base()).walk_contents().await.unwrap_err()
}

#[tokio::test]
async fn a_walk_reads_every_page_from_our_host() {
    let answers = [answer("200 OK", FIXTURE), page([3], &Value::Null)];
    let server = Server::start(move |n, _| Reply::Write(answers[n].clone())).await;
    let client = client(&server.base());
    let found = client.walk_contents().await.unwrap();
    drop(client);
    let lines: Vec<String> =
        server.finish().await.iter().map(|request| request.head.lines().next().unwrap().to_owned()).collect();
    let expected = [
        "GET /v1/ContentAndApprovals?PageSize=1000 HTTP/1.1",
        "GET /v1/ContentAndApprovals?PageSize=2&Page=1&PageToken=PAHX2 HTTP/1.1",
    ];
    assert_eq!(lines, expected);
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let first = ContentRecord {
        sid: sid(1).parse().unwrap(),
        friendly_name: "tip_pregnancy_a".to_owned(),
        language: "hi".to_owned(),
        category: "MARKETING".to_owned(),
        status: ApprovalStatus::Approved,
        rejection_reason: String::new(),
        placeholders: names(&["1", "2", "code"]),
        body: "Aamcare को आजको सन्देश। हप्ता {{1}}: {{2}} शुभ दिन।".to_owned(),
        updated_at: Some(Utc.with_ymd_and_hms(2026, 11, 20, 6, 10, 0).unwrap()),
    };
    assert_eq!(found[0], first);
    assert_eq!((&found[1].status, found[1].category.as_str()), (&ApprovalStatus::Paused, "UTILITY"));
    assert_eq!(found[1].updated_at, Some(Utc.with_ymd_and_hms(2026, 11, 28, 19, 0, 0).unwrap()));
    let third = &found[2];
    assert_eq!((third.status.as_str(), third.category.as_str()), ("unsubmitted", ""));
    assert_eq!((&third.placeholders, third.updated_at), (&names(&["1"]), None));
}

#[tokio::test]
async fn an_account_without_templates_has_an_empty_list() {
    let server = Server::answering(page([], &Value::Null)).await;
    assert_eq!(client(&server.base()).walk_contents().await, Ok(Vec::new()));
}

#[tokio::test]
async fn a_content_that_moves_to_the_next_page_is_not_a_fault() {
    let answers = [page([1, 2], &next(1)), page([2, 3], &Value::Null)];
    let server = Server::start(move |n, _| Reply::Write(answers[n].clone())).await;
    assert_eq!(client(&server.base()).walk_contents().await.unwrap().len(), 3);
}

#[tokio::test]
async fn an_answer_that_is_not_a_whole_page_fails_the_walk() {
    let unreadable = WalkFault::Read(ReadFault::Unreadable);
    let status = |status, code| WalkFault::Read(ReadFault::Status { status, code, retry_after: None });
    let ok = |body: Value| answer("200 OK", &body.to_string());
    let half = answer("200 OK", FIXTURE.rsplit_once(',').unwrap().0);
    for (text, fault) in [
        (answer("500 Internal Server Error", ""), status(500, None)),
        (answer("503 Service Unavailable", r#"{"code":20503}"#), status(503, Some(20503))),
        (answer("401 Unauthorized", r#"{"code":20003}"#), status(401, Some(20003))),
        (answer("404 Not Found", r#"{"code":20404}"#), status(404, Some(20404))),
        (answer("429 Too Many Requests", r#"{"code":20429}"#), status(429, Some(20429))),
        (answer("302 Found", ""), status(302, None)),
        (half, unreadable),
        (answer("200 OK", "<html>"), unreadable),
        (ok(json!([])), unreadable),
        (ok(json!({"contents": []})), unreadable),
        (ok(json!({"contents": [], "meta": null})), unreadable),
        (ok(json!({"contents": [], "meta": {}})), unreadable),
        (ok(json!({"contents": [], "meta": {"next_page_url": 7}})), unreadable),
        (ok(json!({"meta": {"next_page_url": null}})), unreadable),
        (ok(json!({"contents": [{"sid": "SM1"}], "meta": {"next_page_url": null}})), unreadable),
        (ok(json!({"contents": [{}], "meta": {"next_page_url": null}})), unreadable),
        (ok(json!({"contents": [[sid(1)]], "meta": {"next_page_url": null}})), unreadable),
        (
            page([1], &"https://content.twilio.com/v1/Services".into()),
            WalkFault::Read(ReadFault::ForeignPage),
        ),
    ] {
        assert_eq!(fault_of(vec![text.clone()]).await, fault, "{text}");
        let after_a_good_page = fault_of(vec![page([9], &next(1)), text.clone()]).await;
        assert_eq!(after_a_good_page, fault, "after a good page: {text}");
    }
}

#[tokio::test]
async fn a_lost_or_late_answer_fails_the_walk() {
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{\"contents\":[".to_owned();
    let server = Server::start(move |_, _| Reply::WriteAndClose(half.clone())).await;
    let fault = client(&server.base()).walk_contents().await.unwrap_err();
    assert_eq!(fault, WalkFault::Read(ReadFault::Lost));
    let server = Server::start(|_, _| Reply::WriteAndHang(String::new())).await;
    let fault = client_of(&server.base(), LONG, SHORT).walk_contents().await.unwrap_err();
    assert_eq!(fault, WalkFault::Read(ReadFault::Timeout));
    let base = server.base();
    server.finish().await;
    let fault = client(&base).walk_contents().await.unwrap_err();
    assert_eq!(fault, WalkFault::Read(ReadFault::Path(PathFault::Connect)));
}

#[tokio::test]
async fn a_list_that_repeats_itself_or_has_no_end_fails_the_walk() {
    let same_address = vec![page([1], &next(1)), page([2], &next(1))];
    assert_eq!(fault_of(same_address).await, WalkFault::Repeated);
    let first_again = "https://content.twilio.com/v1/ContentAndApprovals?PageSize=1000";
    assert_eq!(fault_of(vec![page([1], &first_again.into())]).await, WalkFault::Repeated);
    let same_page = vec![page([1, 2], &next(1)), page([2, 1], &next(2)), page([3], &Value::Null)];
    assert_eq!(fault_of(same_page).await, WalkFault::Repeated);
    let endless: Vec<String> = (0..60).map(|n| page([n], &next(n + 1))).collect();
    assert_eq!(fault_of(endless).await, WalkFault::Endless);
    let empty: Vec<String> = (0..60).map(|n| page([], &next(n + 1))).collect();
    assert_eq!(fault_of(empty).await, WalkFault::Endless);
}
