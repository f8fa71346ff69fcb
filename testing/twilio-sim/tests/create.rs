//! Creating messages: the answer, and refusals at once or later.

mod support;

use support::{ACCOUNT, Answer, Bench, NUMBER, SENDER, SERVICE, TOKEN};

#[tokio::test]
async fn with_a_service() {
    let bench = Bench::new();
    let answer = bench.send(NUMBER).await;
    let body = &answer.body;
    assert_eq!((answer.status, answer.text("status"), answer.text("to")), (201, "accepted", NUMBER));
    assert!(body["from"].is_null() && body["price"].is_null() && body["date_sent"].is_null());
    assert_eq!((answer.text("messaging_service_sid"), answer.text("num_segments")), (SERVICE, "0"));
    let sid = answer.text("sid");
    let base = format!("/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}");
    assert_eq!(answer.text("uri"), format!("{base}.json"));
    assert_eq!(body["subresource_uris"]["media"], format!("{base}/Media.json"));
    let delivered = bench.wait_for_status(sid, "delivered").await;
    assert_eq!((delivered.text("from"), delivered.text("num_segments")), ("AAMCARE", "1"));
    assert!(delivered.text("date_sent").ends_with(" +0000"));
}

#[tokio::test]
async fn with_a_sender() {
    let bench = Bench::new();
    let answer = bench.create(&[("To", NUMBER), ("From", SENDER), ("Body", "नमस्ते")]).await;
    assert_eq!((answer.status, answer.text("status"), answer.text("from")), (201, "queued", SENDER));
    assert!(answer.body["messaging_service_sid"].is_null());
    assert_eq!((answer.text("num_segments"), answer.text("body")), ("1", "नमस्ते"));
}

#[tokio::test]
async fn an_unescaped_plus_is_no_number() {
    let bench = Bench::new();
    let request = bench
        .client
        .post(bench.messages_url())
        .basic_auth(ACCOUNT, Some(TOKEN))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("To=+9779841234567&MessagingServiceSid={SERVICE}&Body=x"));
    let answer = Answer::of(request.send().await.unwrap()).await;
    assert_eq!((answer.status, answer.code()), (400, Some(21211)));
    assert_eq!(answer.text("more_info"), "https://www.twilio.com/docs/errors/21211");
}

#[tokio::test]
async fn without_the_form_type_every_field_is_absent() {
    let bench = Bench::new();
    let request = bench
        .client
        .post(bench.messages_url())
        .basic_auth(ACCOUNT, Some(TOKEN))
        .header("content-type", "application/json")
        .body(format!("To=%2B9779841234567&MessagingServiceSid={SERVICE}&Body=x"));
    assert_eq!(Answer::of(request.send().await.unwrap()).await.code(), Some(21604));
}

#[tokio::test]
async fn the_order_of_the_checks() {
    let bench = Bench::new();
    let long = "x".repeat(1601);
    let cases: [(&[(&str, &str)], u64); 8] = [
        (&[], 21604),
        (&[("To", "nonsense")], 21603),
        (&[("To", "nonsense"), ("From", "+15005550001")], 21602),
        (&[("To", "nonsense"), ("From", "+15005550001"), ("Body", &long), ("StatusCallback", "x")], 21617),
        (&[("To", "nonsense"), ("From", "+15005550001"), ("Body", "x"), ("StatusCallback", "x")], 21609),
        (&[("To", "nonsense"), ("From", "+15005550001"), ("Body", "x")], 21211),
        (&[("To", "+15005550004"), ("From", "+15005550001"), ("Body", "x")], 21212),
        (&[("To", "+15005550004"), ("From", SENDER), ("Body", "x")], 21610),
    ];
    for (fields, code) in cases {
        let answer = bench.create(fields).await;
        assert_eq!((answer.status, answer.code()), (400, Some(code)), "{fields:?}");
    }
    let full = bench.create(&[("To", NUMBER), ("From", "+15005550008"), ("Body", "x")]).await;
    assert_eq!((full.status, full.code()), (429, Some(21611)));
    assert_eq!(bench.accepted(), 0);
}

#[tokio::test]
async fn a_service_tells_refusals_later() {
    let bench = Bench::new();
    for (to, code) in [("+15005550004", 21610), ("+15005550009", 21614), ("+97714512345", 21635)] {
        let answer = bench.send(to).await;
        assert_eq!((answer.status, answer.text("status")), (201, "accepted"), "{to}");
        let failed = bench.wait_for_status(answer.text("sid"), "failed").await;
        assert_eq!(failed.body["error_code"], code);
        assert!(failed.body["date_sent"].is_null());
    }
}

#[tokio::test]
async fn unknown_services() {
    let bench = Bench::new();
    for (service, code) in [("MG00000000000000000000000000000009", 21701), ("nonsense", 21705)] {
        let answer = bench.create(&[("To", NUMBER), ("MessagingServiceSid", service), ("Body", "x")]).await;
        assert_eq!(answer.code(), Some(code));
    }
}

#[tokio::test]
async fn messages_that_do_not_exist() {
    let bench = Bench::new();
    for sid in ["SM00000000000000000000000000000001", "nonsense"] {
        let answer = bench.fetch(sid).await;
        assert_eq!((answer.status, answer.code()), (404, Some(20404)));
    }
}
