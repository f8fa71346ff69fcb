//! A message as the API shows it.

use serde::Serialize;

use super::lifecycle::Status;
use super::message::Message;
use crate::inbound::Received;
use crate::time::rfc2822;

/// The JSON of a message, in Twilio's order and types: counts and prices are strings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MessageView {
    /// `SM` or `MM` and 32 hex digits.
    pub sid: String,
    /// The account.
    pub account_sid: String,
    /// Always `2010-04-01`.
    pub api_version: &'static str,
    /// The text; of a template, empty in the API and filled in the ledger.
    pub body: String,
    /// Recipient.
    pub to: String,
    /// Sender; none until a service has chosen one.
    pub from: Option<String>,
    /// The Messaging Service, if it was sent through one.
    pub messaging_service_sid: Option<String>,
    /// Status by now.
    pub status: &'static str,
    /// `outbound-api` or `inbound`.
    pub direction: &'static str,
    /// Segments; "0" until a service has chosen a sender.
    pub num_segments: String,
    /// Number of media files.
    pub num_media: String,
    /// RFC 2822, UTC.
    pub date_created: String,
    /// RFC 2822, UTC.
    pub date_updated: String,
    /// RFC 2822, UTC; none until sent.
    pub date_sent: Option<String>,
    /// None: prices are not simulated.
    pub price: Option<String>,
    /// None: prices are not simulated.
    pub price_unit: Option<String>,
    /// Twilio's error code when failed or undelivered.
    pub error_code: Option<u32>,
    /// None, as Twilio leaves it for most codes.
    pub error_message: Option<String>,
    /// Path of the message.
    pub uri: String,
    /// Paths below it.
    pub subresource_uris: SubresourceUris,
    /// In the ledger alone: the template that it was made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_sid: Option<String>,
    /// In the ledger alone: `ContentVariables` as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_variables: Option<String>,
}

/// Paths below a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubresourceUris {
    /// Its media list.
    pub media: String,
}

impl MessageView {
    /// As the ledger shows it: with the text that the recipient reads.
    pub(crate) fn of_ledger(message: &Message, account_sid: &str, now_ms: i64) -> Self {
        let content = message.content.as_ref();
        Self {
            body: message.body.clone(),
            content_sid: content.map(|content| content.sid.clone()),
            content_variables: content.and_then(|content| content.variables.clone()),
            ..Self::new(message, account_sid, now_ms)
        }
    }

    /// A message of a person. Its `date_sent` is the time of the webhook (Twilio docs, "Messages resource").
    pub(crate) fn received(message: &Received, account_sid: &str) -> Self {
        let (sid, date) = (message.sid.to_string(), rfc2822(message.created_ms));
        let base = format!("/2010-04-01/Accounts/{account_sid}/Messages/{sid}");
        Self {
            account_sid: account_sid.to_owned(),
            api_version: "2010-04-01",
            body: message.body().to_owned(),
            to: message.to.clone(),
            from: Some(message.from.clone()),
            messaging_service_sid: message.service.clone(),
            status: "received",
            direction: "inbound",
            num_segments: message.segments.to_string(),
            num_media: message.media.len().to_string(),
            date_updated: date.clone(),
            date_sent: Some(date.clone()),
            date_created: date,
            price: None,
            price_unit: None,
            error_code: None,
            error_message: None,
            uri: format!("{base}.json"),
            subresource_uris: SubresourceUris { media: format!("{base}/Media.json") },
            sid,
            content_sid: None,
            content_variables: None,
        }
    }

    /// As the API shows it. What Twilio shows as body of a template is not documented; here it is empty.
    pub(crate) fn new(message: &Message, account_sid: &str, now_ms: i64) -> Self {
        let step = message.at(now_ms);
        let from = message.sender(step.status).map(str::to_owned);
        let chosen = from.is_some() && step.status != Status::Accepted;
        let sid = message.sid.to_string();
        let created = rfc2822(message.created_ms);
        let updated = || rfc2822(message.created_ms + step.after_ms);
        let base = format!("/2010-04-01/Accounts/{account_sid}/Messages/{sid}");
        Self {
            account_sid: account_sid.to_owned(),
            api_version: "2010-04-01",
            body: if message.content.is_some() { String::new() } else { message.body.clone() },
            to: message.to.clone(),
            from,
            messaging_service_sid: message.origin.service.clone(),
            status: step.status.as_str(),
            direction: "outbound-api",
            num_segments: if chosen { message.segments.to_string() } else { "0".to_owned() },
            num_media: message.media.to_string(),
            date_updated: if step.after_ms == 0 { created.clone() } else { updated() },
            date_created: created,
            date_sent: message.sent_ms(now_ms).map(rfc2822),
            price: None,
            price_unit: None,
            error_code: step.error_code,
            error_message: None,
            uri: format!("{base}.json"),
            subresource_uris: SubresourceUris { media: format!("{base}/Media.json") },
            sid,
            content_sid: None,
            content_variables: None,
        }
    }
}
