//! Events that the worker publishes for the portal. The worker never consumes them.

use chrono::{DateTime, SecondsFormat, Utc};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

/// An event that the worker publishes for the portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OutEvent {
    /// An entry was added to the ledger of consents.
    ConsentRecorded,
    /// The number of a user cannot be used.
    NumberRejected,
    /// A person wrote to us.
    MessageReceived,
}

impl OutEvent {
    /// Every such event.
    pub const ALL: [Self; 3] = [Self::ConsentRecorded, Self::NumberRejected, Self::MessageReceived];

    /// The routing key.
    pub const fn routing_key(self) -> &'static str {
        match self {
            Self::ConsentRecorded => "onboarding.consent_recorded.v1",
            Self::NumberRejected => "onboarding.number_rejected.v1",
            Self::MessageReceived => "message.received.v1",
        }
    }

    /// The `type` of the event.
    pub const fn event_type(self) -> &'static str {
        match self {
            Self::ConsentRecorded => "np.aamcare.onboarding.consent_recorded.v1",
            Self::NumberRejected => "np.aamcare.onboarding.number_rejected.v1",
            Self::MessageReceived => "np.aamcare.message.received.v1",
        }
    }
}

/// `data` of a recorded consent. Consumers ignore fields that they do not know.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ConsentRecordedData {
    /// The portal's id of the user.
    pub user_id: String,
    /// What the messages are for: `onboarding`, `tips` or `support_after_loss`.
    pub purpose: String,
    /// `sms`, `whatsapp`, or `any` for every channel.
    pub channel: String,
    /// `grant` or `withdraw`.
    pub action: String,
    /// Where it came from: `signup`, `event`, `link`, `staff`, `import`, `inbound` or `twilio`.
    pub source: String,
    /// When the user decided, RFC 3339 in UTC. The newest decision counts, and of two of one time the withdrawal.
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: DateTime<Utc>,
}

/// `data` of a rejected number. Consumers ignore fields that they do not know.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NumberRejectedData {
    /// The portal's id of the user.
    pub user_id: String,
    /// Why, as `reason` of the view `onboarding_status`.
    pub reason: String,
}

/// `data` of a message of a person. Consumers ignore fields that they do not know.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MessageReceivedData {
    /// Twilio's id of the message.
    pub message_sid: String,
    /// The portal's id of the user, if the number belongs to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// `sms` or `whatsapp`.
    pub channel: String,
    /// As the word lists understood it: `stop`, `start`, `help`, `less`, `birth`, `wrong_number`, `danger`, `maybe_stop` or
    /// `other`. Words of a loss are `other`.
    pub class: String,
    /// When it came, RFC 3339 in UTC.
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub received_at: DateTime<Utc>,
}

/// A CloudEvents 1.0 envelope in structured JSON.
macro_rules! envelope {
    ($(#[$doc:meta])* $name:ident, $data:ty, $event:expr) => {
        $(#[$doc])*
        #[derive(Debug, Serialize, JsonSchema)]
        pub struct $name {
            /// CloudEvents version.
            #[schemars(extend("const" = "1.0"))]
            pub specversion: String,
            /// Unique per event. A repeated publish has the same.
            #[schemars(length(min = 1))]
            pub id: String,
            /// The publisher.
            pub source: String,
            /// The type of the event, with the version of its contract.
            #[serde(rename = "type")]
            #[schemars(extend("const" = $event.event_type()))]
            pub event_type: String,
            /// When it was recorded, RFC 3339 in UTC.
            #[schemars(extend("format" = "date-time"))]
            pub time: String,
            /// The content.
            pub data: $data,
        }

        impl $name {
            fn body(id: &str, source: &str, time: DateTime<Utc>, data: $data) -> Vec<u8> {
                let (specversion, event_type) = ("1.0".to_owned(), $event.event_type().to_owned());
                let event =
                    Self { specversion, id: id.into(), source: source.into(), event_type, time: text(time), data };
                // Strings always serialise.
                serde_json::to_vec(&event).unwrap_or_default()
            }
        }
    };
}

envelope!(
    /// An entry was added to the ledger of consents. Routing key `onboarding.consent_recorded.v1`.
    ConsentRecordedEvent, ConsentRecordedData, OutEvent::ConsentRecorded
);
envelope!(
    /// The number of a user cannot be used. Routing key `onboarding.number_rejected.v1`.
    NumberRejectedEvent, NumberRejectedData, OutEvent::NumberRejected
);
envelope!(
    /// A person wrote to us. The text is not part of it. Routing key `message.received.v1`.
    MessageReceivedEvent, MessageReceivedData, OutEvent::MessageReceived
);

/// The content of an event for the portal.
#[derive(Debug)]
pub enum OutData {
    /// Of [`OutEvent::ConsentRecorded`].
    Consent(ConsentRecordedData),
    /// Of [`OutEvent::NumberRejected`].
    Rejection(NumberRejectedData),
    /// Of [`OutEvent::MessageReceived`].
    Message(MessageReceivedData),
}

impl OutData {
    /// The event that it belongs to.
    pub const fn event(&self) -> OutEvent {
        match self {
            Self::Consent(_) => OutEvent::ConsentRecorded,
            Self::Rejection(_) => OutEvent::NumberRejected,
            Self::Message(_) => OutEvent::MessageReceived,
        }
    }

    /// The body of the event.
    pub fn body(self, id: &str, source: &str, time: DateTime<Utc>) -> Vec<u8> {
        match self {
            Self::Consent(data) => ConsentRecordedEvent::body(id, source, time, data),
            Self::Rejection(data) => NumberRejectedEvent::body(id, source, time, data),
            Self::Message(data) => MessageReceivedEvent::body(id, source, time, data),
        }
    }
}

fn as_text<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&text(*at))
}

/// A time in these events.
fn text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_a_prefix_and_the_routing_key() {
        for event in OutEvent::ALL {
            assert_eq!(event.event_type(), format!("np.aamcare.{}", event.routing_key()));
        }
    }

    #[test]
    fn a_body_has_the_fields_of_the_contract() {
        let at: DateTime<Utc> = "2026-03-01T04:54:58.5Z".parse().unwrap();
        let rejection = NumberRejectedData { user_id: "7".into(), reason: "empty".into() };
        let body = OutData::Rejection(rejection).body("e", "/s", at);
        assert_eq!(
            String::from_utf8(body).unwrap(),
            r#"{"specversion":"1.0","id":"e","source":"/s","type":"np.aamcare.onboarding.number_rejected.v1","#.to_owned()
                + r#""time":"2026-03-01T04:54:58.500000Z","data":{"user_id":"7","reason":"empty"}}"#
        );
        let word = |word: &str| word.to_owned();
        let consent = ConsentRecordedData {
            user_id: word("7"),
            purpose: word("tips"),
            channel: word("any"),
            action: word("withdraw"),
            source: word("link"),
            at,
        };
        let body = serde_json::to_value(&consent).unwrap();
        assert_eq!(body["at"], "2026-03-01T04:54:58.500000Z");
        assert_eq!(OutData::Consent(consent).event(), OutEvent::ConsentRecorded);
    }
}
