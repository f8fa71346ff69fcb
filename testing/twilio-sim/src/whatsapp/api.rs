//! `GET /v2/Channels/Senders`, `…/{XE}` and `GET /v1/Services/{MG}/ChannelSenders`

use serde_json::{Value, json};

use super::senders::SenderState;
use crate::api_error::ApiError;
use crate::app::App;
use crate::channel::person;
use crate::meta_page::Listing;
use crate::recipient::Recipient;
use crate::server::{Call, Reply};
use crate::time::iso8601;

const HOST: &str = "https://messaging.twilio.com";

/// The senders of a channel; only WhatsApp has any.
pub(crate) fn channel_senders(app: &App, call: &Call) -> Reply {
    let wanted = call.query.filled("Channel").unwrap_or("whatsapp") == "whatsapp";
    let senders = if wanted { app.whatsapp.senders.all() } else { Vec::new() };
    let items = senders.iter().map(|sender| (sender.sid.clone(), view(sender))).collect();
    page(call, items, 20, &["Channel"])
}

/// One sender by its `XE` SID.
pub(crate) fn channel_sender(app: &App, call: &Call, sid: &str) -> Reply {
    match app.whatsapp.senders.by_sid(sid) {
        Some(sender) => Reply::json(200, &view(&sender)),
        None => ApiError::not_found(&call.path).reply(),
    }
}

/// The WhatsApp senders in the pool of a Messaging Service.
pub(crate) fn service_senders(app: &App, call: &Call, service: &str) -> Reply {
    if !app.senders.has_service(service) {
        return ApiError::not_found(&call.path).reply();
    }
    let item = |sender: &SenderState| {
        let date = iso8601(app.started_ms);
        let view = json!({
            "sid": sender.sid,
            "account_sid": app.options.account_sid,
            "messaging_service_sid": service,
            "sender": sender.address,
            "sender_type": "WhatsApp",
            "country_code": country(&sender.address),
            "date_created": date,
            "date_updated": date,
            "url": format!("{HOST}/v1/Services/{service}/ChannelSenders/{}", sender.sid),
        });
        (sender.sid.clone(), view)
    };
    page(call, app.whatsapp.senders.all().iter().map(|sender| item(sender)).collect(), 50, &[])
}

fn page(call: &Call, items: Vec<(String, Value)>, default_size: usize, filters: &[&str]) -> Reply {
    let listing = Listing { host: HOST, path: &call.path, key: "senders", default_size, filters, items };
    listing.page(&call.query, call.effects.page).unwrap_or_else(|error| error.reply())
}

/// A sender as the API shows it. The reasons of an offline sender are not documented code by code.
pub(crate) fn view(sender: &SenderState) -> Value {
    let reason = json!([{"code": "63001", "message": "The sender is offline", "more_info": ""}]);
    json!({
        "sid": sender.sid,
        "status": sender.status,
        "sender_id": sender.address,
        "configuration": {"waba_id": "1234567890"},
        "webhook": {
            "callback_url": sender.callback_url,
            "callback_method": "POST",
            "fallback_url": sender.fallback_url,
            "fallback_method": sender.fallback_url.as_ref().map(|_| "POST"),
            "status_callback_url": sender.status_callback_url,
            "status_callback_method": "POST",
        },
        "profile": {"name": "Simulated sender"},
        "properties": {
            "quality_rating": sender.quality,
            "messaging_limit": sender.messaging_limit(),
        },
        "offline_reasons": if sender.is_online() { Value::Null } else { reason },
        "url": format!("{HOST}/v2/Channels/Senders/{}", sender.sid),
    })
}

fn country(address: &str) -> String {
    match Recipient::parse(person(address)) {
        Recipient::Number(destination) => destination.country,
        Recipient::ShortCode | Recipient::Invalid => String::new(),
    }
}
