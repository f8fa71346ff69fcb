//! Decodes the bytes of a delivery to an [`Event`], or to the reason why it becomes a dead letter.

mod consents;
mod field;
mod people;
mod profile;
mod signup;

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    BACKFILL, BackfillData, CONSENT_CHANGED, ERASED, Event, EventTime, Kind, LOSS_REPORTED, MAX_BODY_BYTES,
    PROFILE_CHANGED, SIGNED_UP, TYPES, TextOrInteger, Version,
};
use crate::{domain::UserId, json::object_from_str, phone::CountryCode};

/// Why a body can never be processed. The text says what to correct and does not quote the content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// The body exceeds [`MAX_BODY_BYTES`].
    #[error("body of {0} bytes is over the limit of {MAX_BODY_BYTES}")]
    TooLarge(usize),
    /// The body is not JSON in UTF-8.
    #[error("body is not JSON in UTF-8 ({0})")]
    Malformed(String),
    /// The JSON does not follow the published schema.
    #[error("body does not follow the contract: {0}")]
    Schema(String),
    /// This worker does not know the type or its major version.
    #[error("unknown event type; known are {}", TYPES.join(", "))]
    UnknownType,
}

impl Rejected {
    /// The name in `dead_letters.reason`, metrics and logs.
    pub fn reason(&self) -> &'static str {
        match self {
            Rejected::TooLarge(_) => "too_large",
            Rejected::Malformed(_) => "malformed",
            Rejected::Schema(_) => "schema",
            Rejected::UnknownType => "unknown_type",
        }
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    specversion: Option<Cow<'a, str>>,
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "type")]
    event_type: Option<Cow<'a, str>>,
    #[serde(borrow)]
    time: Option<Cow<'a, str>>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    user_id: Option<&'a RawValue>,
}

/// Decodes one body. The language stays as written, and an unknown country is dropped. The worker applies its defaults.
pub fn decode(body: &[u8]) -> Result<Event, Rejected> {
    if body.len() > MAX_BODY_BYTES {
        return Err(Rejected::TooLarge(body.len()));
    }
    let text = std::str::from_utf8(body).map_err(|_| Rejected::Malformed("invalid UTF-8".into()))?;
    let envelope: Envelope<'_> = object_from_str(text).map_err(|e| classify(&e))?;
    let bare = envelope.specversion.is_none() && envelope.event_type.is_none() && envelope.data.is_none();
    if bare && envelope.user_id.is_some() {
        let kind = Kind::SignedUp(Box::new(signup::read(text)?));
        return Ok(Event { id: None, time: EventTime::Missing, version: Version::V0, kind });
    }
    from_envelope(&envelope)
}

fn from_envelope(envelope: &Envelope<'_>) -> Result<Event, Rejected> {
    match envelope.specversion.as_deref() {
        Some("1.0") => {}
        Some(_) => return Err(Rejected::Schema("specversion must be \"1.0\"".into())),
        None => return Err(Rejected::Schema("specversion is missing".into())),
    }
    let Some(id) = envelope.id.as_deref().filter(|id| !id.is_empty()) else {
        return Err(Rejected::Schema("id is missing or empty".into()));
    };
    let data = || envelope.data.map(RawValue::get).ok_or_else(|| Rejected::Schema("data is missing".into()));
    let kind = match envelope.event_type.as_deref() {
        Some(SIGNED_UP) => Kind::SignedUp(Box::new(signup::read(data()?)?)),
        Some(BACKFILL) => {
            let data: BackfillData = object_from_str(data()?).map_err(|e| classify(&e))?;
            Kind::Stored(user_id(&data.user_id)?)
        }
        Some(PROFILE_CHANGED) => Kind::ProfileChanged(Box::new(people::profile_changed(data()?)?)),
        Some(CONSENT_CHANGED) => Kind::ConsentChanged(people::consent_changed(data()?)?),
        Some(LOSS_REPORTED) => people::loss_reported(data()?)?,
        Some(ERASED) => Kind::Erased(people::erased(data()?)?),
        Some(_) => return Err(Rejected::UnknownType),
        None => return Err(Rejected::Schema("type is missing".into())),
    };
    let time = envelope.time.as_deref().map_or(EventTime::Missing, EventTime::read);
    Ok(Event { id: Some(clean(id, 128)), time, version: Version::V1, kind })
}

fn user_id(text: &TextOrInteger) -> Result<UserId, Rejected> {
    UserId::parse(&text.0).map_err(|e| Rejected::Schema(e.to_string()))
}

/// Replaces NUL, which Postgres text cannot hold, and cuts the text to `max` bytes.
fn clean(text: &str, max: usize) -> String {
    let end = (0..=max.min(text.len())).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0);
    let kept = &text[..end];
    if kept.contains('\0') { kept.replace('\0', "\u{fffd}") } else { kept.to_owned() }
}

/// The country of the hint. Only a complete two-letter code counts: `UAE` must not become Ukraine.
fn known_country(hint: &str) -> Option<String> {
    hint.parse::<CountryCode>().ok().map(|country| country.to_string())
}

/// serde's own text may quote the content, so only the position is reported.
fn classify(error: &serde_json::Error) -> Rejected {
    let place = format!("line {} column {}", error.line(), error.column());
    if error.is_data() {
        Rejected::Schema(format!("a field has the wrong type or is missing, near {place}"))
    } else {
        Rejected::Malformed(place)
    }
}

#[cfg(test)]
mod tests;
