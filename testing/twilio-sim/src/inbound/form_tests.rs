//! Recomputed signatures of whole inbound requests, and the fields of each kind of message.

use serde_json::{Value, json};

use super::*;
use crate::signature::sign;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const URL: &str = "https://sms.example.com/webhooks/twilio/inbound";
const USER_ID: &str = "whatsapp:NP.1234567890";

fn form(order: Value, sid: &str) -> Fields {
    let order: Order = serde_json::from_value(order).unwrap();
    let urls: Vec<String> = (0..order.media.len()).map(|number| format!("http://media/{number}")).collect();
    let facts =
        Facts { sid, account_sid: "AC00000000000000000000000000000001", user_id: USER_ID, media_urls: &urls };
    fields(&order, &facts)
}

fn signed_with(token: &str, fields: &Fields) -> String {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (&**name, value.as_str())).collect();
    sign(token, URL, &fields)
}

fn whatsapp_order(more: Value) -> Value {
    let mut order = json!({"from": "whatsapp:+9779841234567", "to": "whatsapp:+14155238886",
        "profile_name": "राम"});
    order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    order
}

/// The values of these fields, in their order.
fn values<'a>(fields: &'a Fields, names: &[&str]) -> Vec<Option<&'a str>> {
    let value =
        |wanted: &&str| fields.iter().find(|(name, _)| name == *wanted).map(|(_, value)| value.as_str());
    names.iter().map(value).collect()
}

#[test]
fn a_text_is_signed_as_recomputed() {
    let fields = form(whatsapp_order(json!({"body": "बन्द"})), "SM00000000000000000000000000000003");
    assert_eq!(signed_with(TOKEN, &fields), "neCZMPInK2lNql3L24MSWQBDFF8=");
    assert_eq!(fields.len(), 15);
}

#[test]
fn another_token_signs_differently() {
    let fields = form(whatsapp_order(json!({"body": "बन्द"})), "SM00000000000000000000000000000003");
    assert_ne!(signed_with("not the token", &fields), signed_with(TOKEN, &fields));
}

#[test]
fn a_button_is_signed_as_recomputed() {
    let order = whatsapp_order(json!({
        "button": {"text": "बन्द गर्नुहोस्", "payload": "stop"},
        "replied_sid": "MM00000000000000000000000000000009",
    }));
    let fields = form(order, "SM00000000000000000000000000000004");
    assert_eq!(signed_with(TOKEN, &fields), "yKzBLqmHc3mc6lGS6ctgK8YdjA4=");
}

#[test]
fn a_hidden_phone_is_signed_as_recomputed() {
    let order = json!({"from": USER_ID, "to": "whatsapp:+14155238886", "body": "STOP", "profile_name": ""});
    let fields = form(order, "SM00000000000000000000000000000005");
    assert_eq!(signed_with(TOKEN, &fields), "1AIDglj5wv/ZNQ0YJ3cDyQBeJU0=");
}

#[test]
fn fields_are_overridden_and_left_out() {
    let order = whatsapp_order(json!({
        "body": "नमस्ते! STOP",
        "fields": {"MessageType": null, "ExternalUserId": null, "New": "1", "NumSegments": "1"},
    }));
    let mut fields = form(order, "SM00000000000000000000000000000002");
    assert_eq!(values(&fields, &["MessageType", "ExternalUserId", "New"]), [None, None, Some("1")]);
    fields.retain(|(name, _)| name != "New");
    assert_eq!(signed_with(TOKEN, &fields), "Zxyh2E7JuTzlPb4Cn0sDPeW3X6Y=");
}

#[test]
fn each_kind_has_its_fields() {
    let choice = form(whatsapp_order(json!({"list": {"id": "weekly", "title": "हप्तामा एक"}})), "SM1");
    let names = ["Body", "ListId", "MessageType"];
    assert_eq!(values(&choice, &names), [Some("हप्तामा एक"), Some("weekly"), Some("interactive")]);
    let place = form(whatsapp_order(json!({"location": {"latitude": 27.7, "longitude": 85.0}})), "SM1");
    let names = ["Body", "Latitude", "Longitude", "Address", "MessageType"];
    assert_eq!(values(&place, &names), [Some(""), Some("27.7"), Some("85"), None, Some("location")]);
    let reaction = form(whatsapp_order(json!({"reaction": "👍", "replied_sid": "MM1"})), "SM1");
    let names = ["Body", "MessageType", "OriginalRepliedMessageSid"];
    assert_eq!(values(&reaction, &names), [Some("👍"), Some("reaction"), Some("MM1")]);
}

#[test]
fn files_are_numbered() {
    let media = json!([{"content_type": "audio/ogg"}, {"content_type": "application/pdf"}]);
    let fields = form(whatsapp_order(json!({ "media": media })), "MM1");
    let names = ["NumMedia", "MediaUrl0", "MediaContentType1", "MediaUrl2", "MessageType"];
    let expected = [Some("2"), Some("http://media/0"), Some("application/pdf"), None, Some("audio")];
    assert_eq!(values(&fields, &names), expected);
}

#[test]
fn an_sms_has_places_and_segments() {
    let order = json!({"from": "+9779841234567", "to": "+15005550006", "body": "न".repeat(71)});
    let fields = form(order, "SM1");
    let names = ["FromCountry", "NumSegments", "WaId", "ExternalUserId"];
    assert_eq!(values(&fields, &names), [Some(""), Some("2"), None, None]);
}
