//! Lookup, listing, fetching and the check of the credentials.

use chrono::DateTime;

use super::super::{
    AccountStatus, LookupOutcome, MessageSid, MessageStatus, PathFault, Preflight, ServiceSid,
    fault::ReadFault, lookup::LookupError,
};
use super::server::{Reply, Server};
use super::*;
use crate::twilio::Pace;

async fn lookup_of(text: String) -> LookupOutcome {
    let server = Server::start(move |_, _| Reply::WriteAndClose(text.clone())).await;
    client_of(&server.base(), LONG, SHORT).lookup(TO, None, SHORT).await
}

fn status(status: u16, code: Option<u32>) -> ReadFault {
    ReadFault::Status { status, code, retry_after: None }
}

#[tokio::test]
async fn lookup_asks_with_the_plus_encoded() {
    let server = Server::answering(answer("200 OK", r#"{"valid":true,"validation_errors":[]}"#)).await;
    let client = client(&server.base());
    assert_eq!(client.lookup(TO, Some("00-1-2-01"), LONG).await, LookupOutcome::Valid);
    drop(client);
    let [request] = server.finish().await.try_into().unwrap();
    assert!(
        request.head.starts_with("GET /v2/PhoneNumbers/%2B9779841234567 HTTP/1.1\r\n"),
        "{}",
        request.head
    );
    assert!(request.head.to_ascii_lowercase().contains("traceparent: 00-1-2-01"));
}

#[tokio::test]
async fn an_invalid_number_is_an_answer_and_an_outage_is_none() {
    let invalid = r#"{"valid":false,"validation_errors":["TOO_LONG"]}"#;
    let errors = vec![LookupError::TooLong];
    assert_eq!(lookup_of(answer("200 OK", invalid)).await, LookupOutcome::Invalid { errors });
    for (text, fault, account) in [
        (answer("404 Not Found", r#"{"code":20404}"#), status(404, Some(20404)), false),
        (answer("429 Too Many Requests", r#"{"code":20429}"#), status(429, Some(20429)), false),
        (answer("503 Service Unavailable", ""), status(503, None), false),
        (answer("401 Unauthorized", r#"{"code":20003}"#), status(401, Some(20003)), true),
        (answer("403 Forbidden", r#"{"code":20003}"#), status(403, Some(20003)), true),
        (answer("403 Forbidden", r#"{"code":60606}"#), status(403, Some(60606)), false),
        (answer("302 Found", ""), status(302, None), false),
        (answer("200 OK", "<html>"), ReadFault::Unreadable, false),
        (String::new(), ReadFault::Lost, false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".into(), ReadFault::Lost, false),
    ] {
        assert_eq!(lookup_of(text.clone()).await, LookupOutcome::Unavailable { fault }, "{text}");
        assert_eq!(fault.is_account(), account, "{text}");
    }
}

#[tokio::test]
async fn lookup_gives_up_at_the_time_limit_and_names_an_unreachable_host() {
    let server = Server::start(|_, _| Reply::WriteAndHang(String::new())).await;
    let fault = ReadFault::Timeout;
    let outcome = client_of(&server.base(), LONG, SHORT).lookup(TO, None, SHORT).await;
    assert_eq!(outcome, LookupOutcome::Unavailable { fault });
    let base = server.base();
    server.finish().await;
    let fault = ReadFault::Path(PathFault::Connect);
    assert_eq!(client(&base).lookup(TO, None, LONG).await, LookupOutcome::Unavailable { fault });
}

#[tokio::test]
async fn faults_name_no_number() {
    let server =
        Server::answering(answer("400 Bad Request", r#"{"code":21211,"message":"+9779841234567"}"#)).await;
    let client = client(&server.base());
    let fault = client.list_messages_to(TO, DateTime::UNIX_EPOCH, 1, &Pace::unlimited()).await.unwrap_err();
    assert_eq!(fault.to_string(), "Twilio answered HTTP 400, error code 21211");
    assert!(!format!("{fault:?} {:?}", create(&client).await).contains("984123"));
}

fn page(text: &str, next: &str) -> String {
    let sid = format!("SM{:0>32}", text.len());
    answer("200 OK", &format!(r#"{{"messages":[{{"sid":"{sid}","body":"{text}"}}],"next_page_uri":{next}}}"#))
}

#[tokio::test]
async fn listing_follows_pages_up_to_a_limit() {
    let second = r#""/2010-04-01/Accounts/AC/Messages.json?Page=1&PageToken=PA1""#;
    let script = move |number: usize, _: &_| match number % 2 {
        0 => Reply::Write(page("a", second)),
        _ => Reply::Write(page("bb", "null")),
    };
    let server = Server::start(script).await;
    let client = client(&server.base());
    let pace = Pace::unlimited();
    let found = client.list_messages_to(TO, DateTime::UNIX_EPOCH, 5, &pace).await.unwrap();
    let bodies: Vec<Option<&str>> = found.messages.iter().map(|record| record.body.as_deref()).collect();
    assert_eq!((bodies, found.complete), (vec![Some("a"), Some("bb")], true));
    let cut = client.list_messages_to(TO, DateTime::UNIX_EPOCH, 1, &pace).await.unwrap();
    assert_eq!((cut.messages.len(), cut.complete), (1, false));
    drop(client);
    let lines: Vec<String> =
        server.finish().await.iter().map(|request| request.head.lines().next().unwrap().to_owned()).collect();
    let first =
        format!("GET /2010-04-01/Accounts/{ACCOUNT}/Messages.json?To=%2B9779841234567&PageSize=50 HTTP/1.1");
    assert_eq!(lines[0], first);
    assert_eq!(lines[1], "GET /2010-04-01/Accounts/AC/Messages.json?Page=1&PageToken=PA1 HTTP/1.1");
    assert_eq!(lines[2..], [first]);
}

#[tokio::test]
async fn a_page_on_another_host_is_not_fetched() {
    let server = Server::answering(page("a", r#""https://example.com/2010-04-01/x.json""#)).await;
    let listed =
        client(&server.base()).list_messages_to(TO, DateTime::UNIX_EPOCH, 5, &Pace::unlimited()).await;
    assert_eq!(listed.unwrap_err(), ReadFault::ForeignPage);
}

#[tokio::test]
async fn listing_ends_at_a_page_of_older_messages() {
    let dated = |n: u8, year: u16| {
        format!(r#"{{"sid":"SM{n:032x}","date_created":"Thu, 24 Aug {year} 05:01:45 +0000"}}"#)
    };
    let more = r#""/2010-04-01/Accounts/AC/Messages.json?Page=1""#;
    let script = move |number: usize, _: &_| {
        let messages = match number {
            0 => format!("{},{}", dated(1, 2026), dated(2, 2023)),
            _ => dated(3, 2023),
        };
        Reply::Write(answer("200 OK", &format!(r#"{{"messages":[{messages}],"next_page_uri":{more}}}"#)))
    };
    let server = Server::start(script).await;
    let since = "2026-01-01T00:00:00Z".parse().unwrap();
    let client = client(&server.base());
    let listing = client.list_messages_to(TO, since, 9, &Pace::unlimited()).await.unwrap();
    assert_eq!((listing.messages.len(), listing.complete), (1, true));
    drop(client);
    assert_eq!(server.finish().await.len(), 2);
}

#[tokio::test]
async fn a_message_is_fetched_or_not_found() {
    let sid = MessageSid::parse(MESSAGE).unwrap();
    let server = Server::start(|number, _| match number {
        0 => Reply::Write(answer("200 OK", &format!(r#"{{"sid":"{MESSAGE}","status":"sent"}}"#))),
        _ => Reply::Write(answer("404 Not Found", r#"{"code":20404}"#)),
    })
    .await;
    let client = client(&server.base());
    assert_eq!(client.fetch_message(&sid).await.unwrap().status, Some(MessageStatus::Sent));
    assert!(client.fetch_message(&sid).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn a_service_is_fetched() {
    let body = r#"{"friendly_name":"welcome","status_callback":null,"validity_period":14400,"links":{}}"#;
    let server = Server::answering(answer("200 OK", body)).await;
    let service = client(&server.base()).fetch_service(&ServiceSid::parse(SERVICE).unwrap()).await.unwrap();
    assert_eq!((service.friendly_name.as_deref(), service.validity_period), (Some("welcome"), Some(14_400)));
    assert_eq!(service.status_callback, None);
}

#[tokio::test]
async fn preflight_tells_good_from_refused_and_from_no_verdict() {
    for (text, expected) in [
        (answer("200 OK", r#"{"messages":[]}"#), Preflight::Good),
        (
            answer("401 Unauthorized", r#"{"code":20003}"#),
            Preflight::Refused { status: 401, code: Some(20003) },
        ),
        (answer("404 Not Found", r#"{"code":20404}"#), Preflight::Refused { status: 404, code: Some(20404) }),
        (answer("403 Forbidden", r#"{"code":20005}"#), Preflight::Refused { status: 403, code: Some(20005) }),
        (answer("403 Forbidden", r#"{"code":70051}"#), Preflight::Undecided { code: Some(70051) }),
        (answer("500 Oops", ""), Preflight::Unavailable { fault: status(500, None) }),
    ] {
        let server = Server::answering(text.clone()).await;
        assert_eq!(client(&server.base()).preflight().await, expected, "{text}");
    }
}

#[tokio::test]
async fn the_account_and_what_it_may_are_read() {
    let body = r#"{"friendly_name":"x","status":"suspended","type":"Trial"}"#;
    let server = Server::answering(answer("200 OK", body)).await;
    let account = client(&server.base()).fetch_account().await.unwrap();
    assert_eq!((account.status, account.trial), (AccountStatus::Suspended, true));
    let body =
        r#"{"permissions":[{"country_code":"IN","enabled":true},{"country_code":"NP","enabled":false}]}"#;
    let server = Server::answering(answer("200 OK", body)).await;
    assert_eq!(client(&server.base()).may_text("NP").await, Ok(false));
    let server = Server::answering(answer("200 OK", r#"{"incoming_phone_numbers":[]}"#)).await;
    assert_eq!(client(&server.base()).owns_number(TO).await, Ok(false));
    let server = Server::answering(answer("401 Unauthorized", r#"{"code":20003}"#)).await;
    assert_eq!(client(&server.base()).may_text("NP").await, Err(status(401, Some(20003))));
}

/// serde reads a struct from an array too; no such answer may count.
#[tokio::test]
async fn an_array_in_place_of_an_object_is_no_answer() {
    let (sid, service) = (MessageSid::parse(MESSAGE).unwrap(), ServiceSid::parse(SERVICE).unwrap());
    let unreadable = ReadFault::Unreadable;
    for body in [format!(r#"["{MESSAGE}","{TO}"]"#), "[true,[]]".to_owned(), "[[]]".to_owned()] {
        let server = Server::answering(answer("200 OK", &body)).await;
        let client = client(&server.base());
        let pace = Pace::unlimited();
        let listed = client.list_messages_to(TO, DateTime::UNIX_EPOCH, 1, &pace).await;
        assert_eq!(listed.err(), Some(unreadable), "{body}");
        assert_eq!(client.fetch_message(&sid).await.err(), Some(unreadable), "{body}");
        assert_eq!(client.fetch_service(&service).await.err(), Some(unreadable), "{body}");
        assert_eq!(client.fetch_account().await.err(), Some(unreadable), "{body}");
        assert_eq!(client.owns_number(TO).await, Err(unreadable), "{body}");
        assert_eq!(client.may_text("NP").await, Err(unreadable), "{body}");
        assert_eq!(
            client.lookup(TO, None, LONG).await,
            LookupOutcome::Unavailable { fault: unreadable },
            "{body}"
        );
        assert!(matches!(create(&client).await, CreateOutcome::Unknown { .. }), "{body}");
    }
    let server = Server::answering(answer("200 OK", &format!(r#"{{"messages":[["{MESSAGE}"]]}}"#))).await;
    let listed =
        client(&server.base()).list_messages_to(TO, DateTime::UNIX_EPOCH, 1, &Pace::unlimited()).await;
    assert_eq!(listed.err(), Some(unreadable));
    let server = Server::answering(answer("200 OK", r#"{"permissions":[["NP",true]]}"#)).await;
    assert_eq!(client(&server.base()).may_text("NP").await, Err(unreadable));
}
