//! The form fields of the webhook (Twilio docs, "Twilio's request to your incoming message webhook URL"). `MessageType`,
//! the fields of a list and what a reaction looks like are not documented there.

use std::borrow::Cow;

use super::order::Order;
use crate::channel::{Channel, person};
use crate::segments::segments;

/// Name and value, in the order sent.
pub(super) type Fields = Vec<(Cow<'static, str>, String)>;

/// What the simulator knows beside the order.
pub(super) struct Facts<'a> {
    pub(super) sid: &'a str,
    pub(super) account_sid: &'a str,
    /// The person's business-scoped user id.
    pub(super) user_id: &'a str,
    /// One for each file.
    pub(super) media_urls: &'a [String],
}

/// The name of people who have none.
const PROFILE_NAME: &str = "Sita";

/// The text of the message: of a button, a list or a reaction unless one is given.
pub(super) fn text(order: &Order) -> &str {
    let button = order.button.as_ref().map(|button| button.text.as_str());
    let choice = order.list.as_ref().map(|choice| choice.title.as_str());
    order.body.as_deref().or(button).or(choice).or(order.reaction.as_deref()).unwrap_or_default()
}

/// Segments of an SMS; a WhatsApp message is one.
pub(super) fn segment_count(order: &Order) -> u16 {
    match Channel::of(&order.from) {
        Channel::Sms => segments(text(order)),
        Channel::WhatsApp => 1,
    }
}

/// All fields, those that the order overrides last.
pub(super) fn fields(order: &Order, facts: &Facts<'_>) -> Fields {
    let mut fields = common(order, facts);
    match Channel::of(&order.from) {
        Channel::Sms => fields.extend(places()),
        Channel::WhatsApp => fields.extend(whatsapp(order, facts)),
    }
    let mut fields: Fields = fields.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect();
    for (number, (url, media)) in facts.media_urls.iter().zip(&order.media).enumerate() {
        fields.push((format!("MediaUrl{number}").into(), url.clone()));
        fields.push((format!("MediaContentType{number}").into(), media.content_type.clone()));
    }
    for (name, value) in &order.fields {
        fields.retain(|(field, _)| field != name);
        if let Some(value) = value {
            fields.push((name.clone().into(), value.clone()));
        }
    }
    fields
}

fn common(order: &Order, facts: &Facts<'_>) -> Vec<(&'static str, String)> {
    let sid = || facts.sid.to_owned();
    let mut fields = vec![
        ("MessageSid", sid()),
        ("SmsSid", sid()),
        ("SmsMessageSid", sid()),
        ("AccountSid", facts.account_sid.to_owned()),
        ("From", order.from.clone()),
        ("To", order.to.clone()),
        ("Body", text(order).to_owned()),
        ("NumSegments", segment_count(order).to_string()),
        ("NumMedia", order.media.len().to_string()),
        ("SmsStatus", "received".to_owned()),
        ("ApiVersion", "2010-04-01".to_owned()),
    ];
    if let Some(service) = &order.messaging_service_sid {
        fields.push(("MessagingServiceSid", service.clone()));
    }
    fields
}

/// The places of an SMS, which are empty for numbers of Nepal.
fn places() -> impl Iterator<Item = (&'static str, String)> {
    let names =
        ["FromCity", "FromState", "FromZip", "FromCountry", "ToCity", "ToState", "ToZip", "ToCountry"];
    names.into_iter().map(|name| (name, String::new()))
}

fn whatsapp(order: &Order, facts: &Facts<'_>) -> Vec<(&'static str, String)> {
    let given = |value: &Option<String>, default: &str| value.as_deref().unwrap_or(default).to_owned();
    let digits = person(&order.from).strip_prefix('+').unwrap_or_default();
    let mut fields = vec![
        ("ProfileName", given(&order.profile_name, PROFILE_NAME)),
        ("WaId", given(&order.wa_id, digits)),
        ("ExternalUserId", facts.user_id.to_owned()),
        ("MessageType", given(&order.message_type, message_type(order))),
    ];
    if let Some(button) = &order.button {
        fields.push(("ButtonText", button.text.clone()));
        fields.push(("ButtonPayload", button.payload.clone()));
    }
    if let Some(choice) = &order.list {
        fields.push(("ListId", choice.id.clone()));
        fields.push(("ListTitle", choice.title.clone()));
    }
    if let Some(location) = &order.location {
        fields.push(("Latitude", location.latitude.to_string()));
        fields.push(("Longitude", location.longitude.to_string()));
        fields.extend(location.address.clone().map(|address| ("Address", address)));
        fields.extend(location.label.clone().map(|label| ("Label", label)));
    }
    if let Some(sid) = &order.replied_sid {
        fields.push(("OriginalRepliedMessageSid", sid.clone()));
        fields.push(("OriginalRepliedMessageSender", order.to.clone()));
    }
    fields
}

fn message_type(order: &Order) -> &'static str {
    if order.button.is_some() {
        return "button";
    }
    if order.list.is_some() {
        return "interactive";
    }
    if order.location.is_some() {
        return "location";
    }
    if order.reaction.is_some() {
        return "reaction";
    }
    let Some(media) = order.media.first() else { return "text" };
    match media.content_type.split('/').next() {
        _ if media.content_type == "image/webp" => "sticker",
        Some("image") => "image",
        Some("audio") => "audio",
        Some("video") => "video",
        _ => "document",
    }
}

#[cfg(test)]
#[path = "form_tests.rs"]
mod tests;
