//! The structures on the wire. The published JSON Schemas are generated from them.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use serde_json::value::RawValue;

use super::UserKind;
use crate::phone;

/// A text, or an integer that is read as its digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct TextOrInteger(pub String);

impl<'de> Deserialize<'de> for TextOrInteger {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The raw text keeps all digits of long integers.
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        if raw.starts_with('"') {
            return text(raw);
        }
        let digits = raw.strip_prefix('-').unwrap_or(raw);
        if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(Self(raw.to_owned()));
        }
        Err(D::Error::custom("expected a string or an integer"))
    }
}

fn text<E: Error>(raw: &str) -> Result<TextOrInteger, E> {
    serde_json::from_str(raw).map(TextOrInteger).map_err(E::custom)
}

/// A phone number: a text or a number. A number with a fraction or an exponent is kept as a text that the phone module
/// rejects as damaged.
fn phone_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<TextOrInteger>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?.get();
    match raw.as_bytes() {
        [b'n', ..] => Ok(None),
        [b'"', ..] => text(raw).map(Some),
        [b'-' | b'0'..=b'9', ..] => Ok(Some(TextOrInteger(phone::of_json_number(raw).into_owned()))),
        _ => Err(D::Error::custom("expected a string or an integer")),
    }
}

impl JsonSchema for TextOrInteger {
    fn schema_name() -> Cow<'static, str> {
        "TextOrInteger".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer"] })
    }
}

/// `data` of a signup event. Unknown fields are ignored.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct SignedUpData {
    /// The portal's id of the user: 1 to 128 characters without control characters.
    #[schemars(extend("minLength" = 1, "maxLength" = 128, "pattern" = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"))]
    pub user_id: TextOrInteger,
    /// The number as typed. Null, missing or empty: recorded as rejected, reason `empty`. A number with a fraction
    /// or an exponent: recorded as rejected, reason `damaged_number`.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "phone_number")]
    pub phone_number: Option<TextOrInteger>,
    /// Two-letter ISO 3166 code for a number without country code. Missing or unknown: the worker's default region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country_hint: Option<String>,
    /// `ne` or `en`; any other language falls back to the worker's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_language: Option<String>,
    /// The preferred channel. It is recorded, but SMS is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_channel: Option<String>,
    /// The kind of profile that the portal keeps of the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<UserKind>,
    /// The name as the portal shows it. Never logged, never sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

/// `data` of a backfill event.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct BackfillData {
    /// The id of a stored user. The worker reads the number from the database.
    #[schemars(extend("minLength" = 1, "maxLength" = 128, "pattern" = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"))]
    pub user_id: TextOrInteger,
}

/// A CloudEvents 1.0 envelope in structured JSON, as written.
macro_rules! envelope {
    ($(#[$doc:meta])* $name:ident, $data:ty, $type:expr) => {
        $(#[$doc])*
        #[derive(Debug, Serialize, JsonSchema)]
        pub struct $name {
            /// CloudEvents version.
            #[schemars(extend("const" = "1.0"))]
            pub specversion: String,
            /// Unique per event; a repeated publish may carry the same.
            #[schemars(length(min = 1))]
            pub id: String,
            /// The publisher, such as `/aamcare/portal`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub source: Option<String>,
            /// The type of the event, with the version of its contract.
            #[serde(rename = "type")]
            #[schemars(extend("const" = $type))]
            pub event_type: String,
            /// The time of the event, RFC 3339. An event that is older than the stored data changes nothing. A time
            /// without an offset is in UTC. An unreadable time counts as older than any other.
            #[serde(skip_serializing_if = "Option::is_none")]
            #[schemars(extend("format" = "date-time"))]
            pub time: Option<String>,
            /// The content.
            pub data: $data,
        }
    };
}

envelope!(
    /// A user signed up or changed the number. Routing key `user.signed_up.v1`.
    SignedUpEvent, SignedUpData, super::SIGNED_UP
);
envelope!(
    /// A stored user should be welcomed. Routing key `user.backfill.v1`.
    BackfillEvent, BackfillData, super::BACKFILL
);
