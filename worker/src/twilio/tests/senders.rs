//! The senders of WhatsApp, from both lists.

use serde_json::{Value, json};
use shared::domain::MessagingLimit;

use super::super::{WhatsappSender, fault::ReadFault, is_sandbox};
use super::server::{Reply, Server};
use super::*;

const OURS: &str = "whatsapp:+14155550123";

/// A sender as Twilio writes it (Twilio's OpenAPI document, messaging_v2).
fn sender(address: &str) -> Value {
    json!({
        "sid": "XE00000000000000000000000000000001", "status": "ONLINE", "sender_id": address,
        "configuration": {"waba_id": "1234567890"},
        "webhook": {
            "callback_url": "https://sms.example.com/in", "callback_method": "POST", "fallback_url": null,
            "fallback_method": null, "status_callback_url": "https://sms.example.com/status",
            "status_callback_method": "POST",
        },
        "profile": {"name": "Aamcare"},
        "properties": {"quality_rating": "HIGH", "messaging_limit": "1K Customers/24hr"},
        "offline_reasons": null, "url": "https://messaging.twilio.com/v2/Channels/Senders/XE1",
    })
}

fn list(senders: &[Value], next: &Value) -> String {
    answer("200 OK", &json!({"senders": senders, "meta": {"next_page_url": next}}).to_string())
}

fn from() -> Sender {
    Sender::From(OURS.to_owned())
}

#[tokio::test]
async fn the_sender_of_the_setting_is_found_on_any_page() {
    let next = "https://messaging.twilio.com/v2/Channels/Senders?Channel=whatsapp&Page=1&PageToken=PA1";
    let pages = [
        list(&[sender("whatsapp:+14155550199")], &next.into()),
        list(&[sender(OURS), sender("messenger:1")], &Value::Null),
    ];
    let server = Server::start(move |n, _| Reply::Write(pages[n].clone())).await;
    let client = client(&server.base());
    let found = client.whatsapp_senders(&from()).await.unwrap();
    drop(client);
    let expected = WhatsappSender {
        address: OURS.to_owned(),
        status: "ONLINE".to_owned(),
        quality: Some("HIGH".to_owned()),
        messaging_limit: Some("1K Customers/24hr".to_owned()),
        callback_urls: vec![
            "https://sms.example.com/in".to_owned(),
            "https://sms.example.com/status".to_owned(),
        ],
        offline_codes: Vec::new(),
    };
    assert_eq!(found, [expected]);
    assert_eq!(found[0].limit(), Some(MessagingLimit::People(1_000)));
    assert!(found[0].is_online() && !is_sandbox(OURS) && is_sandbox("whatsapp:+14155238886"));
    let lines: Vec<String> =
        server.finish().await.iter().map(|request| request.head.lines().next().unwrap().to_owned()).collect();
    let expected = [
        "GET /v2/Channels/Senders?Channel=whatsapp&PageSize=50 HTTP/1.1",
        "GET /v2/Channels/Senders?Channel=whatsapp&Page=1&PageToken=PA1 HTTP/1.1",
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn without_a_sender_in_the_settings_those_of_the_messaging_service_are_meant() {
    let pool = json!({"sid": "XE1", "sender": OURS, "sender_type": "WhatsApp", "country_code": "US"});
    let pages =
        [list(&[pool], &Value::Null), list(&[sender("whatsapp:+14155550199"), sender(OURS)], &Value::Null)];
    let server = Server::start(move |n, _| Reply::Write(pages[n].clone())).await;
    let client = client(&server.base());
    let service = Sender::Service(ServiceSid::parse(SERVICE).unwrap());
    let found = client.whatsapp_senders(&service).await.unwrap();
    drop(client);
    assert_eq!(found.iter().map(|sender| sender.address.as_str()).collect::<Vec<_>>(), [OURS]);
    let asked = server.finish().await;
    assert!(asked[0].head.starts_with(&format!("GET /v1/Services/{SERVICE}/ChannelSenders?PageSize=50 ")));
}

#[tokio::test]
async fn a_service_without_a_whatsapp_sender_has_none() {
    let server = Server::answering(list(&[], &Value::Null)).await;
    let service = Sender::Service(ServiceSid::parse(SERVICE).unwrap());
    assert_eq!(client(&server.base()).whatsapp_senders(&service).await, Ok(Vec::new()));
}

#[tokio::test]
async fn what_twilio_leaves_out_is_absent() {
    let offline = json!({
        "sender_id": OURS, "status": "offline", "webhook": {"callback_url": " "}, "properties": {"quality_rating": 7},
        "offline_reasons": [{"code": "63001", "message": "x"}, {"code": null}],
    });
    let bare = json!({"sender_id": OURS, "webhook": null, "properties": null, "offline_reasons": null});
    let server = Server::answering(list(&[offline, bare], &Value::Null)).await;
    let found = client(&server.base()).whatsapp_senders(&from()).await.unwrap();
    assert_eq!((found[0].status.as_str(), found[0].is_online()), ("OFFLINE", false));
    assert_eq!((&found[0].offline_codes, &found[0].callback_urls), (&vec![63_001], &Vec::new()));
    assert_eq!(
        (&found[1].status, &found[1].messaging_limit, found[1].limit()),
        (&String::new(), &None, None)
    );
}

#[tokio::test]
async fn an_answer_that_is_not_a_list_of_senders_is_a_fault() {
    let next = |page: u32| format!("https://messaging.twilio.com/v2/Channels/Senders?Page={page}").into();
    let status = |status, code| ReadFault::Status { status, code, retry_after: None };
    for (text, fault) in [
        (answer("500 Internal Server Error", ""), status(500, None)),
        (answer("403 Forbidden", r#"{"code":70051}"#), status(403, Some(70_051))),
        (answer("404 Not Found", r#"{"code":20404}"#), status(404, Some(20_404))),
        (answer("200 OK", "<html>"), ReadFault::Unreadable),
        (answer("200 OK", r#"{"senders":[]}"#), ReadFault::Unreadable),
        (answer("200 OK", r#"{"senders":[[1]],"meta":{"next_page_url":null}}"#), ReadFault::Unreadable),
        (list(&[], &"https://messaging.twilio.com/v1/Services".into()), ReadFault::ForeignPage),
        (list(&[sender(OURS)], &next(1)), ReadFault::Unreadable),
    ] {
        let server = Server::answering(text.clone()).await;
        assert_eq!(client(&server.base()).whatsapp_senders(&from()).await, Err(fault), "{text}");
    }
}
