//! The structures on the wire. The published JSON Schemas are generated from them.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use serde_json::value::RawValue;

use super::{ReportedBy, UserKind};
use crate::{
    domain::{Change, Consent, Consents, ProfileChange},
    phone,
};

/// A text, or an integer that is read as its digits. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct TextOrInteger(pub String);

impl<'de> Deserialize<'de> for TextOrInteger {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The raw text keeps all digits of long integers.
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        Self::of_json(raw).ok_or_else(|| D::Error::custom("expected a string or an integer"))
    }
}

impl TextOrInteger {
    /// Reads the JSON of a text or an integer.
    pub(super) fn of_json(raw: &str) -> Option<Self> {
        if raw.starts_with('"') {
            return serde_json::from_str(raw).ok().map(Self);
        }
        let digits = raw.strip_prefix('-').unwrap_or(raw);
        let integer = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        integer.then(|| Self(raw.to_owned()))
    }

    /// Reads the JSON of a phone number: a text or a number. A number with a fraction or an exponent is kept as a text
    /// that the phone module rejects as damaged.
    pub(super) fn of_phone_json(raw: &str) -> Option<Self> {
        match raw.as_bytes() {
            [b'"', ..] => serde_json::from_str(raw).ok().map(Self),
            [b'-' | b'0'..=b'9', ..] => Some(Self(phone::of_json_number(raw).into_owned())),
            _ => None,
        }
    }
}

impl fmt::Debug for TextOrInteger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TextOrInteger(_)")
    }
}

/// A phone number, or null.
pub(super) fn phone_number<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<TextOrInteger>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?.get();
    if raw == "null" {
        return Ok(None);
    }
    let read = TextOrInteger::of_phone_json(raw);
    read.map(Some).ok_or_else(|| D::Error::custom("expected a string or a number"))
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
#[derive(Serialize, JsonSchema)]
pub struct SignedUpData {
    /// The portal's id of the user: 1 to 128 characters without control characters.
    #[schemars(extend("minLength" = 1, "maxLength" = 128, "pattern" = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"))]
    pub user_id: TextOrInteger,
    /// The number as typed. Null, missing or empty: recorded as rejected, reason `empty`. A number with a fraction
    /// or an exponent: recorded as rejected, reason `damaged_number`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<TextOrInteger>,
    /// Two-letter ISO 3166 code for a number without country code. Missing or unknown: the worker's default region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_hint: Option<String>,
    /// `ne` or `en`; any other language falls back to the worker's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_language: Option<String>,
    /// The preferred channel. It is recorded, but SMS is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_channel: Option<String>,
    /// The kind of profile that the portal keeps of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<UserKind>,
    /// The name as the portal shows it. Never logged, never sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The profile. A field that cannot be read is left out.
    #[serde(flatten)]
    pub profile: ProfileChange,
    /// Consents that the user gave or withdrew at the signup, at most 20. One that cannot be read is left out.
    #[serde(skip_serializing_if = "<[Consent]>::is_empty")]
    #[schemars(with = "Option<Vec<Consent>>", extend("maxItems" = 20))]
    pub consents: Vec<Consent>,
}

/// `data` of a backfill event.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct BackfillData {
    /// The id of a stored user. The worker reads the number from the database.
    #[schemars(extend("minLength" = 1, "maxLength" = 128, "pattern" = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"))]
    pub user_id: TextOrInteger,
}

/// `data` of an event that changes a user's profile. An absent field changes nothing, and null clears it. Unknown fields
/// are ignored.
#[derive(Serialize, JsonSchema)]
pub struct ProfileChangedData {
    /// The portal's id of the user: 1 to 128 characters without control characters.
    #[schemars(extend("minLength" = 1, "maxLength" = 128, "pattern" = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"))]
    pub user_id: TextOrInteger,
    /// The number as typed. Null or empty: the user is recorded as rejected, reason `empty`.
    #[serde(skip_serializing_if = "Change::is_keep")]
    #[schemars(with = "Option<TextOrInteger>")]
    pub phone_number: Change<TextOrInteger>,
    /// Two-letter ISO 3166 code for a number without country code. An unknown code changes nothing.
    #[serde(skip_serializing_if = "Change::is_keep")]
    #[schemars(with = "Option<String>")]
    pub country_hint: Change<String>,
    /// `ne` or `en`; any other language falls back to the worker's default.
    #[serde(skip_serializing_if = "Change::is_keep")]
    #[schemars(with = "Option<String>")]
    pub preferred_language: Change<String>,
    /// The preferred channel.
    #[serde(skip_serializing_if = "Change::is_keep")]
    #[schemars(with = "Option<String>")]
    pub preferred_channel: Change<String>,
    /// The kind of profile that the portal keeps of the user.
    #[serde(skip_serializing_if = "Change::is_keep")]
    #[schemars(with = "Option<UserKind>")]
    pub kind: Change<UserKind>,
    /// The other fields.
    #[serde(flatten)]
    pub profile: ProfileChange,
}

/// `data` of an event about consents. Unknown fields are ignored.
#[derive(Serialize, JsonSchema)]
pub struct ConsentChangedData {
    /// The portal's id of the user: 1 to 128 characters without control characters.
    #[schemars(extend("minLength" = 1, "maxLength" = 128, "pattern" = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"))]
    pub user_id: TextOrInteger,
    /// The consents that the user gave or withdrew.
    pub consents: Consents,
}

/// `data` of an event that reports a loss. It holds no details of the loss. Unknown fields are ignored.
#[derive(Serialize, JsonSchema)]
pub struct LossReportedData {
    /// The portal's id of the user: 1 to 128 characters without control characters.
    #[schemars(extend("minLength" = 1, "maxLength" = 128, "pattern" = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"))]
    pub user_id: TextOrInteger,
    /// The reporter, such as an id of a member of staff. Never details of the loss.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reported_by: Option<ReportedBy>,
}

/// `data` of an event that erases a user. Unknown fields are ignored.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct ErasedData {
    /// The portal's id of the user: 1 to 128 characters without control characters.
    #[schemars(extend("minLength" = 1, "maxLength" = 128, "pattern" = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"))]
    pub user_id: TextOrInteger,
}

/// A CloudEvents 1.0 envelope in structured JSON, as written.
macro_rules! envelope {
    ($(#[$doc:meta])* $name:ident, $data:ty, $type:expr) => {
        $(#[$doc])*
        #[derive(Serialize, JsonSchema)]
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
envelope!(
    /// The number or the profile of a user changed. Routing key `user.profile_changed.v1`.
    ProfileChangedEvent, ProfileChangedData, super::PROFILE_CHANGED
);
envelope!(
    /// A user gave or withdrew consents. Routing key `user.consent_changed.v1`.
    ConsentChangedEvent, ConsentChangedData, super::CONSENT_CHANGED
);
envelope!(
    /// A user's pregnancy or child was lost. Routing key `user.loss_reported.v1`.
    LossReportedEvent, LossReportedData, super::LOSS_REPORTED
);
envelope!(
    /// The portal erased a user. Routing key `user.erased.v1`.
    ErasedEvent, ErasedData, super::ERASED
);
