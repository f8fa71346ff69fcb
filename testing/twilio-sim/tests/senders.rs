//! WhatsApp senders as a preflight check reads them.

mod support;

use serde_json::json;
use support::{Bench, SERVICE};

#[tokio::test]
async fn a_sender_shows_status_limit_and_addresses() {
    let bench = Bench::new();
    let listed = bench.get("/v2/Channels/Senders?Channel=whatsapp").await;
    let sender = &listed.body["senders"][0];
    assert_eq!(
        (&sender["status"], &sender["sender_id"]),
        (&json!("ONLINE"), &json!("whatsapp:+14155238886"))
    );
    assert_eq!(sender["properties"]["messaging_limit"], "100K Customers/24hr");
    assert_eq!(
        (&listed.body["meta"]["key"], &listed.body["meta"]["page_size"]),
        (&json!("senders"), &json!(20))
    );
    assert_eq!(bench.get("/v2/Channels/Senders?Channel=messenger").await.body["senders"], json!([]));

    let change = r#"{"sender":"whatsapp:+14155238886","status":"OFFLINE","limit":250,"quality":"LOW",
        "callback_url":"https://sms.example.com/webhooks/twilio/inbound"}"#;
    assert_eq!(bench.admin("senders", change).await.status, 200);
    let path = format!("/v2/Channels/Senders/{}", sender["sid"].as_str().unwrap());
    let changed = bench.get(&path).await;
    assert_eq!(changed.text("status"), "OFFLINE");
    assert_eq!(
        changed.body["properties"],
        json!({"quality_rating": "LOW", "messaging_limit": "250 Customers/24hr"})
    );
    assert_eq!(changed.body["webhook"]["callback_url"], "https://sms.example.com/webhooks/twilio/inbound");
    assert!(changed.body["offline_reasons"].is_array());
    assert_eq!(bench.get("/v2/Channels/Senders/XE1").await.status, 404);
    for bad in [r#"{"limit":"many"}"#, r#"{"state":"OFFLINE"}"#] {
        assert_eq!(bench.admin("senders", bad).await.status, 400, "{bad}");
    }
    assert_eq!(bench.admin("senders", r#"{"sender":"whatsapp:+1"}"#).await.status, 404);
    bench.admin("reset", "").await;
    assert_eq!(bench.get(&path).await.text("status"), "ONLINE");
}

#[tokio::test]
async fn a_service_has_the_whatsapp_senders_in_its_pool() {
    let bench = Bench::new();
    let listed = bench.get(&format!("/v1/Services/{SERVICE}/ChannelSenders")).await;
    let sender = &listed.body["senders"][0];
    assert_eq!((&sender["sender_type"], &sender["country_code"]), (&json!("WhatsApp"), &json!("US")));
    let unknown = "/v1/Services/MG00000000000000000000000000000009/ChannelSenders";
    assert_eq!(bench.get(unknown).await.status, 404);
}
