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
    /// The channel she prefers. Recorded; SMS is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_channel: Option<String>,
    /// Which profile the portal keeps of her.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<UserKind>,
    /// Her name as the portal shows it. Never logged, never sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

/// `data` of a backfill event.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct BackfillData {
    /// The id of a stored user; her number is read from the database when her turn comes.
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
            /// Who published it, such as `/aamcare/portal`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub source: Option<String>,
            /// What happened, with the version of its contract.
            #[serde(rename = "type")]
            #[schemars(extend("const" = $type))]
            pub event_type: String,
            /// When it happened, RFC 3339. An event older than what is stored changes nothing. A time without an
            /// offset is in UTC; an unreadable one counts as older than any other.
            #[serde(skip_serializing_if = "Option::is_none")]
            #[schemars(extend("format" = "date-time"))]
            pub time: Option<String>,
            /// What it says.
            pub data: $data,
        }
    };
}

envelope!(
    /// Somebody signed up, or changed her number. Routing key `user.signed_up.v1`.
    SignedUpEvent, SignedUpData, super::SIGNED_UP
);
envelope!(
    /// A stored user is to be welcomed. Routing key `user.backfill.v1`.
    BackfillEvent, BackfillData, super::BACKFILL
);
