//! What goes over the wire.

use super::server::Server;
use super::*;

fn fields(body: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(body.as_bytes()).into_owned().collect()
}

fn has_line(head: &str, line: &str) -> bool {
    head.lines().any(|found| found.eq_ignore_ascii_case(line))
}

#[tokio::test]
async fn a_create_call_has_its_fields_length_and_headers() {
    let server = Server::answering(created()).await;
    let client = client(&server.base());
    let sender = Sender::From("AAMCARE".into());
    let message = CreateMessage {
        to: TO,
        sender: &sender,
        content: &Content::Text("नमस्ते & +1=2".into()),
        validity_period: 14_400,
        status_callback: Some("https://sms.example.com/twilio/status?mid=1#rc=5&rp=ct,rt,5xx"),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    };
    assert!(matches!(client.create_message(&message).await, CreateOutcome::Accepted { .. }));
    drop(client);
    let [request] = server.finish().await.try_into().unwrap();
    let expected = [
        ("To", TO),
        ("From", "AAMCARE"),
        ("Body", "नमस्ते & +1=2"),
        ("ValidityPeriod", "14400"),
        ("StatusCallback", "https://sms.example.com/twilio/status?mid=1#rc=5&rp=ct,rt,5xx"),
    ];
    assert_eq!(fields(&request.body), expected.map(|(name, value)| (name.into(), value.into())));
    assert!(request.body.starts_with("To=%2B977"));
    for line in [
        &format!("POST /2010-04-01/Accounts/{ACCOUNT}/Messages.json HTTP/1.1"),
        "Content-Type: application/x-www-form-urlencoded",
        &format!("Content-Length: {}", request.body.len()),
        concat!("User-Agent: aamcare-onboarding/", env!("CARGO_PKG_VERSION")),
        "Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "Accept: application/json",
    ] {
        assert!(has_line(&request.head, line), "{line} missing in\n{}", request.head);
    }
    assert!(request.head.to_ascii_lowercase().contains("authorization: basic "));
    assert!(!request.head.to_ascii_lowercase().contains("transfer-encoding"));
}

#[tokio::test]
async fn a_template_is_named_with_its_values_and_without_a_body() {
    let server = Server::answering(created()).await;
    let client = client(&server.base());
    let variables = [("1".to_owned(), "राम \"x\"".to_owned())].into();
    let content_sid = "HX0123456789abcdef0123456789abcdef".parse().unwrap();
    let message = CreateMessage {
        to: TO,
        sender: &Sender::From("AAMCARE".into()),
        content: &Content::Template { content_sid, variables },
        validity_period: 14_400,
        status_callback: None,
        traceparent: None,
    };
    client.create_message(&message).await;
    drop(client);
    let [request] = server.finish().await.try_into().unwrap();
    let sent = fields(&request.body);
    let value = |name: &str| sent.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    assert_eq!(value("ContentSid"), Some("HX0123456789abcdef0123456789abcdef"));
    assert_eq!(value("ContentVariables"), Some(r#"{"1":"राम \"x\""}"#));
    assert_eq!(value("Body"), None);
}

#[tokio::test]
async fn a_service_replaces_the_sender_and_no_callback_is_sent_unasked() {
    let server = Server::answering(created()).await;
    let client = client(&server.base());
    create(&client).await;
    drop(client);
    let [request] = server.finish().await.try_into().unwrap();
    let names: Vec<String> = fields(&request.body).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["To", "MessagingServiceSid", "Body", "ValidityPeriod"]);
    assert!(!request.head.to_ascii_lowercase().contains("traceparent"));
}

#[tokio::test]
async fn a_hundred_calls_in_turn_use_one_request_each() {
    let server = Server::answering(created()).await;
    let client = client(&server.base());
    for number in 0..100 {
        let outcome = create_with(&client, &number.to_string()).await;
        assert!(matches!(outcome, CreateOutcome::Accepted { .. }), "{outcome:?}");
    }
    drop(client);
    assert_eq!(server.finish().await.len(), 100);
}

#[test]
fn debug_of_the_client_shows_nothing() {
    assert_eq!(format!("{:?}", client("http://127.0.0.1:1")), "Client { .. }");
}
