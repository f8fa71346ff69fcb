//! Definite answers, and answers that only look like one.

use super::super::{Class, FaultScope, MessageSid, MessageStatus, UnknownCause};
use super::server::{Reply, Server};
use super::*;

const ACCOUNT_FAULT: Class = Class::Account { scope: FaultScope::Account };

/// The outcome of one create call answered with `text`, after which nothing else may have been sent.
async fn outcome_of(text: String) -> CreateOutcome {
    let server = Server::start(move |_, _| Reply::WriteAndClose(text.clone())).await;
    let client = client(&server.base());
    let outcome = create(&client).await;
    drop(client);
    assert_eq!(server.finish().await.len(), 1, "{outcome:?}");
    outcome
}

fn unknown(cause: UnknownCause) -> CreateOutcome {
    CreateOutcome::Unknown { cause }
}

fn refused(status: u16, code: Option<u32>, class: Class) -> CreateOutcome {
    CreateOutcome::Refused { status, code, class, retry_after: None }
}

#[tokio::test]
async fn a_created_message_is_accepted_whatever_its_other_fields_hold() {
    let sid = MessageSid::parse(MESSAGE).unwrap();
    for (fields, status, segments, error_code) in [
        (r#","status":"queued","num_segments":"2""#, MessageStatus::Queued, Some(2), None),
        (
            r#","status":"accepted","num_segments":0,"body":"\u0928 ok""#,
            MessageStatus::Accepted,
            Some(0),
            None,
        ),
        (r#","status":"failed","error_code":30002"#, MessageStatus::Failed, None, Some(30002)),
        (r#","status":"brand_new","price":{"x":[1]}"#, MessageStatus::Other("brand_new".into()), None, None),
        (r#","status":null,"num_segments":[]"#, MessageStatus::Accepted, None, None),
        ("", MessageStatus::Accepted, None, None),
    ] {
        for http in ["201 Created", "200 OK"] {
            let outcome = outcome_of(answer(http, &format!(r#"{{"sid":"{MESSAGE}"{fields}}}"#))).await;
            let (sid, status) = (sid.clone(), status.clone());
            assert_eq!(outcome, CreateOutcome::Accepted { sid, status, segments, error_code }, "{fields}");
        }
    }
}

#[tokio::test]
async fn a_2xx_that_names_no_message_is_unknown() {
    let unreadable = unknown(UnknownCause::Unreadable { status: 201 });
    let no_sid = unknown(UnknownCause::NoSid { status: 201 });
    for (body, expected) in [
        (r#"{"sid":"SM0000"#, &unreadable),
        ("<html></html>", &unreadable),
        ("", &unreadable),
        ("[]", &unreadable),
        ("{}", &no_sid),
        (r#"{"sid":null,"status":"accepted"}"#, &no_sid),
        (r#"{"sid":"SM1"}"#, &no_sid),
        (r#"{"code":21211,"status":400}"#, &no_sid),
    ] {
        assert_eq!(&outcome_of(answer("201 Created", body)).await, expected, "{body}");
    }
    let endless = format!(r#"{{"sid":"{MESSAGE}","body":"{}"}}"#, "x".repeat(300 * 1024));
    assert_eq!(outcome_of(answer("201 Created", &endless)).await, unreadable);
}

#[tokio::test]
async fn a_5xx_is_unknown_even_with_a_code() {
    for (http, body, status, code) in [
        ("500 Internal Server Error", r#"{"code":20500}"#, 500, Some(20500)),
        ("503 Service Unavailable", r#"{"code":20503}"#, 503, Some(20503)),
        ("500 Oops", r#"{"code":21211}"#, 500, Some(21211)),
        ("502 Bad Gateway", "<html>nginx</html>", 502, None),
        ("504 Gateway Timeout", "", 504, None),
    ] {
        let expected = unknown(UnknownCause::ServerError { status, code });
        assert_eq!(outcome_of(answer(http, body)).await, expected, "{http}");
    }
}

#[tokio::test]
async fn a_redirect_is_unknown_and_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let text = format!("HTTP/1.1 {status} Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(outcome_of(text).await, unknown(UnknownCause::Unexpected { status }));
    }
    assert_eq!(
        outcome_of(answer("408 Request Timeout", "")).await,
        unknown(UnknownCause::Unexpected { status: 408 })
    );
}

#[tokio::test]
async fn a_4xx_is_refused_with_the_class_of_its_code() {
    for (http, body, status, code, class) in [
        ("400 Bad Request", r#"{"code":21211,"status":400}"#, 400, Some(21211), Class::Recipient),
        ("400 Bad Request", r#"{"code":21610}"#, 400, Some(21610), Class::OptOut),
        ("400 Bad Request", r#"{"code":99999}"#, 400, Some(99999), Class::Content),
        ("400 Bad Request", "", 400, None, Class::Content),
        ("404 Not Found", "<html></html>", 404, None, Class::Content),
        ("404 Not Found", r#"{"code":20404}"#, 404, Some(20404), ACCOUNT_FAULT),
        ("401 Unauthorized", r#"{"code":20003,"detail":"x"}"#, 401, Some(20003), ACCOUNT_FAULT),
        ("403 Forbidden", "", 403, None, ACCOUNT_FAULT),
    ] {
        assert_eq!(outcome_of(answer(http, body)).await, refused(status, code, class), "{http} {body}");
    }
}

#[tokio::test]
async fn a_429_carries_how_long_to_wait() {
    let throttled = Class::Throttled { min_delay: Duration::ZERO };
    for (headers, seconds) in [
        ("Retry-After: 7\r\n", Some(7)),
        ("Retry-After: 86400\r\n", Some(3_600)),
        ("Date: Wed, 21 Oct 2026 07:28:00 GMT\r\nRetry-After: Wed, 21 Oct 2026 07:28:30 GMT\r\n", Some(30)),
        ("", None),
    ] {
        let body = r#"{"code":20429}"#;
        let text = format!(
            "HTTP/1.1 429 Too Many Requests\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let retry_after = seconds.map(Duration::from_secs);
        let expected =
            CreateOutcome::Refused { status: 429, code: Some(20429), class: throttled, retry_after };
        assert_eq!(outcome_of(text).await, expected, "{headers}");
    }
}

#[tokio::test]
async fn a_refusal_whose_code_was_lost_is_tried_again() {
    let cut = "HTTP/1.1 400 Bad Request\r\nContent-Length: 100\r\n\r\n{\"code\":21";
    assert_eq!(outcome_of(cut.into()).await, refused(400, None, Class::Temporary));
    let cut = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 100\r\n\r\n{\"code\":20";
    assert_eq!(outcome_of(cut.into()).await, refused(401, None, ACCOUNT_FAULT));
}
