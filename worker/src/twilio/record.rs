//! A message as Twilio has it on record.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::create::Sender;
use super::loose::Loose;
use super::sid::{MessageSid, ServiceSid};
use super::status::MessageStatus;

/// Every field may be missing. `Debug` shows neither number nor text.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct MessageRecord {
    pub(crate) sid: Option<MessageSid>,
    /// E.164.
    pub(crate) to: Option<String>,
    pub(crate) from: Option<String>,
    /// Such as `outbound-api` or `inbound`.
    pub(crate) direction: Option<String>,
    pub(crate) messaging_service_sid: Option<ServiceSid>,
    pub(crate) body: Option<String>,
    pub(crate) status: Option<MessageStatus>,
    pub(crate) error_code: Option<u32>,
    pub(crate) segments: Option<u32>,
    /// Files of the message.
    pub(crate) media: Option<u32>,
    pub(crate) date_created: Option<DateTime<Utc>>,
}

impl MessageRecord {
    /// Whether it was sent through this service, or from this number.
    pub(crate) fn is_from(&self, sender: &Sender) -> bool {
        match sender {
            Sender::Service(sid) => self.messaging_service_sid.as_ref() == Some(sid),
            Sender::From(from) => self.from.as_ref() == Some(from),
        }
    }

    /// Whether the account sent it; a message without a direction counts as sent.
    pub(crate) fn is_outbound(&self) -> bool {
        self.direction.as_deref().is_none_or(|direction| direction.starts_with("outbound"))
    }
}

impl fmt::Debug for MessageRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageRecord")
            .field("sid", &self.sid)
            .field("status", &self.status)
            .field("error_code", &self.error_code)
            .field("date_created", &self.date_created)
            .finish_non_exhaustive()
    }
}

/// The record on the wire.
#[derive(Deserialize)]
pub(super) struct RawRecord<'a> {
    #[serde(borrow, default)]
    sid: Loose<'a>,
    #[serde(borrow, default)]
    to: Loose<'a>,
    #[serde(borrow, default)]
    from: Loose<'a>,
    #[serde(borrow, default)]
    direction: Loose<'a>,
    #[serde(borrow, default)]
    messaging_service_sid: Loose<'a>,
    #[serde(borrow, default)]
    body: Loose<'a>,
    #[serde(borrow, default)]
    status: Loose<'a>,
    #[serde(borrow, default)]
    error_code: Loose<'a>,
    #[serde(borrow, default)]
    num_segments: Loose<'a>,
    #[serde(borrow, default)]
    num_media: Loose<'a>,
    #[serde(borrow, default)]
    date_created: Loose<'a>,
}

impl From<RawRecord<'_>> for MessageRecord {
    fn from(raw: RawRecord<'_>) -> Self {
        Self {
            sid: raw.sid.as_str().and_then(|text| MessageSid::parse(text).ok()),
            messaging_service_sid: raw
                .messaging_service_sid
                .as_str()
                .and_then(|text| ServiceSid::parse(text).ok()),
            status: raw.status.as_str().map(MessageStatus::parse),
            error_code: raw.error_code.number(),
            segments: raw.num_segments.number(),
            media: raw.num_media.number(),
            date_created: raw.date_created.as_str().and_then(rfc2822),
            to: raw.to.into_string(),
            from: raw.from.into_string(),
            direction: raw.direction.into_string(),
            body: raw.body.into_string(),
        }
    }
}

fn rfc2822(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(text).ok().map(|date| date.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(json: &str) -> MessageRecord {
        shared::json::object_from_str::<RawRecord<'_>>(json).unwrap().into()
    }

    #[test]
    fn a_full_record_is_read_and_kept_out_of_debug() {
        let record = record(
            r#"{"sid":"SM00000000000000000000000000000001","to":"+9779841234567","from":null,
            "messaging_service_sid":"MG00000000000000000000000000000002","body":"namaste","status":"undelivered",
            "error_code":30003,"num_segments":"1","date_created":"Thu, 24 Aug 2023 05:01:45 +0000","price":null}"#,
        );
        assert_eq!(record.sid.as_ref().unwrap().as_str(), "SM00000000000000000000000000000001");
        assert_eq!(
            record.messaging_service_sid.as_ref().unwrap().as_str(),
            "MG00000000000000000000000000000002"
        );
        assert_eq!((record.to.as_deref(), record.from.as_deref()), (Some("+9779841234567"), None));
        assert_eq!((record.body.as_deref(), record.segments), (Some("namaste"), Some(1)));
        assert_eq!(
            (record.status.clone(), record.error_code),
            (Some(MessageStatus::Undelivered), Some(30003))
        );
        assert_eq!(record.date_created.unwrap().to_rfc3339(), "2023-08-24T05:01:45+00:00");
        let shown = format!("{record:?}");
        assert!(!shown.contains("984123") && !shown.contains("namaste"), "{shown}");
    }

    #[test]
    fn the_sender_and_the_direction_are_compared() {
        let service = "MG00000000000000000000000000000002";
        let (ours, other) =
            (Sender::Service(ServiceSid::parse(service).unwrap()), Sender::From("AAMCARE".to_owned()));
        let sent = record(&format!(r#"{{"messaging_service_sid":"{service}","direction":"outbound-api"}}"#));
        assert!(sent.is_from(&ours) && !sent.is_from(&other) && sent.is_outbound());
        let sent = record(r#"{"from":"AAMCARE","direction":"outbound-reply"}"#);
        assert!(!sent.is_from(&ours) && sent.is_from(&other) && sent.is_outbound());
        let received = record(r#"{"to":"AAMCARE","direction":"inbound"}"#);
        assert!(!received.is_from(&other) && !received.is_outbound());
        assert!(record("{}").is_outbound() && !record("{}").is_from(&ours));
    }

    #[test]
    fn missing_and_odd_fields_are_absent() {
        let record = record(r#"{"sid":"x","error_code":"many","date_created":"2023-08-24","body":{"a":1}}"#);
        assert_eq!(
            (record.sid, record.error_code, record.date_created, record.body),
            (None, None, None, None)
        );
    }
}
