//! Consents, in signups and in events of their own.

use std::str::FromStr;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Rejected,
    field::{Field, cannot_be_read, text},
};
use crate::{
    domain::{BadConsents, BoundedText, Consent, Consents, UnknownName},
    events::Dropped,
    json::object_from_str,
    time,
};

#[derive(Deserialize)]
struct ConsentFields<'a> {
    #[serde(default, borrow)]
    purpose: Field<'a>,
    #[serde(default, borrow)]
    channel: Field<'a>,
    #[serde(default, borrow)]
    action: Field<'a>,
    #[serde(default, borrow)]
    wording_id: Field<'a>,
    #[serde(default, borrow)]
    wording: Field<'a>,
    #[serde(default, borrow)]
    at: Field<'a>,
}

/// Reads the consents of an event about consents. One that cannot be read rejects the event.
pub(super) fn all(field: Field<'_>) -> Result<Consents, Rejected> {
    let list = match field {
        Field::Value(json) => list(json).ok_or_else(|| cannot_be_read("consents", "an array"))?,
        Field::Absent | Field::Null => return Err(Rejected::Schema("consents is missing".into())),
    };
    // The length is checked first, so that a long list is not read.
    if list.len() > Consents::MOST {
        return Err(Rejected::Schema(BadConsents::TooMany.to_string()));
    }
    let read = list
        .iter()
        .enumerate()
        .map(|(n, json)| one(json.get()).map_err(|bad| Rejected::Schema(format!("consents[{n}]: {bad}"))));
    Consents::new(read.collect::<Result<_, _>>()?).map_err(|bad| Rejected::Schema(bad.to_string()))
}

/// Reads the consents of a signup. Those that cannot be read, and those above the limit, are left out and counted.
pub(super) fn readable(field: Field<'_>, dropped: &mut Dropped) -> Vec<Consent> {
    let Field::Value(json) = field else { return Vec::new() };
    let Some(list) = list(json) else {
        dropped.consents += 1;
        return Vec::new();
    };
    let mut consents: Vec<Consent> = list.iter().filter_map(|json| one(json.get()).ok()).collect();
    consents.truncate(Consents::MOST);
    dropped.consents += list.len() - consents.len();
    consents
}

fn list(json: &str) -> Option<Vec<&RawValue>> {
    serde_json::from_str(json).ok()
}

/// Why a consent cannot be read. The text does not quote the content.
#[derive(Debug, thiserror::Error)]
enum BadConsent {
    #[error("give an object")]
    NotAnObject,
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error(transparent)]
    Unknown(#[from] UnknownName),
    #[error("{0} is not a text")]
    NotText(&'static str),
    #[error("{0} is longer than {1} characters")]
    TooLong(&'static str, usize),
    #[error("at is not a time: give it in RFC 3339, or null")]
    Time,
}

fn one(json: &str) -> Result<Consent, BadConsent> {
    let fields: ConsentFields<'_> = object_from_str(json).map_err(|_| BadConsent::NotAnObject)?;
    let consent = Consent::new(
        word(fields.purpose, "purpose")?,
        word(fields.channel, "channel")?,
        word(fields.action, "action")?,
    );
    let at = match fields.at {
        Field::Absent | Field::Null => None,
        Field::Value(json) => {
            let time = text(json).and_then(|text| time::parse(&text));
            Some(time.ok_or(BadConsent::Time)?)
        }
    };
    Ok(Consent {
        wording_id: bounded(fields.wording_id, "wording_id")?,
        wording: bounded(fields.wording, "wording")?,
        at,
        ..consent
    })
}

fn word<T: FromStr<Err = UnknownName>>(field: Field<'_>, name: &'static str) -> Result<T, BadConsent> {
    match field {
        Field::Absent | Field::Null => Err(BadConsent::Missing(name)),
        Field::Value(json) => Ok(text(json).ok_or(BadConsent::NotText(name))?.parse()?),
    }
}

/// An optional text. An empty one counts as missing.
fn bounded<const MAX: usize>(
    field: Field<'_>,
    name: &'static str,
) -> Result<Option<BoundedText<MAX>>, BadConsent> {
    let Field::Value(json) = field else { return Ok(None) };
    let text = text(json).ok_or(BadConsent::NotText(name))?;
    if text.is_empty() {
        return Ok(None);
    }
    BoundedText::new(&text).map(Some).map_err(|_| BadConsent::TooLong(name, MAX))
}
