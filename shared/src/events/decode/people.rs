//! Changes of users.

use serde::Deserialize;

use super::{
    Rejected, classify, clean, consents,
    field::{Field, Unreadable, text},
    known_country,
    profile::ProfileFields,
    user_id,
};
use crate::{
    domain::{Change, UserId},
    events::{ConsentChanged, Kind, ProfileChanged, ReportedBy, TextOrInteger, UserKind, wire::ErasedData},
    json::object_from_str,
};

const PHONE: &str = "a text, a number or null";
const TEXT: &str = "a text or null";

/// `data` of a change of a profile.
#[derive(Deserialize)]
struct ProfileChangedFields<'a> {
    user_id: TextOrInteger,
    #[serde(default, borrow)]
    phone_number: Field<'a>,
    #[serde(default, borrow)]
    country_hint: Field<'a>,
    #[serde(default, borrow)]
    preferred_language: Field<'a>,
    #[serde(default, borrow)]
    preferred_channel: Field<'a>,
    #[serde(default, borrow)]
    kind: Field<'a>,
    #[serde(default, borrow)]
    due_date: Field<'a>,
    #[serde(default, borrow)]
    child_birth_date: Field<'a>,
    #[serde(default, borrow)]
    time_zone: Field<'a>,
    #[serde(default, borrow)]
    tips_hour: Field<'a>,
    #[serde(default, borrow)]
    cadence: Field<'a>,
    #[serde(default, borrow)]
    household_id: Field<'a>,
    #[serde(default, borrow)]
    active: Field<'a>,
}

#[derive(Deserialize)]
struct ConsentChangedFields<'a> {
    user_id: TextOrInteger,
    #[serde(default, borrow)]
    consents: Field<'a>,
}

#[derive(Deserialize)]
struct LossReportedFields<'a> {
    user_id: TextOrInteger,
    #[serde(default, borrow)]
    reported_by: Field<'a>,
}

/// Reads `data` of an event that changes a user's number or profile.
pub(super) fn profile_changed(data: &str) -> Result<ProfileChanged, Rejected> {
    let data: ProfileChangedFields<'_> = object_from_str(data).map_err(|e| classify(&e))?;
    let mut reject = Unreadable::Reject;
    let phone = reject.read(data.phone_number, "phone_number", PHONE, TextOrInteger::of_phone_json)?;
    let country = reject.read(data.country_hint, "country_hint", TEXT, text)?;
    let short = |json: &str| text(json).map(|text| clean(&text, 35));
    let profile = ProfileFields {
        due_date: data.due_date,
        child_birth_date: data.child_birth_date,
        time_zone: data.time_zone,
        tips_hour: data.tips_hour,
        cadence: data.cadence,
        household_id: data.household_id,
        active: data.active,
    };
    Ok(ProfileChanged {
        user_id: user_id(&data.user_id)?,
        phone: match phone {
            Change::Set(typed) if typed.0.is_empty() => Change::Clear,
            other => other.map(|typed| clean(&typed.0, 250)),
        },
        country_hint: match country {
            Change::Set(hint) => known_country(&hint).into(),
            Change::Keep => Change::Keep,
            Change::Clear => Change::Clear,
        },
        language: reject.read(data.preferred_language, "preferred_language", TEXT, short)?,
        channel: reject.read(data.preferred_channel, "preferred_channel", TEXT, short)?,
        user_kind: reject.read(data.kind, "kind", TEXT, user_kind)?,
        profile: profile.read(&mut reject)?,
    })
}

/// The kind of a JSON text. Serde would also read an object.
fn user_kind(json: &str) -> Option<UserKind> {
    json.starts_with('"').then(|| serde_json::from_str(json).ok())?
}

/// Reads `data` of an event about consents.
pub(super) fn consent_changed(data: &str) -> Result<ConsentChanged, Rejected> {
    let data: ConsentChangedFields<'_> = object_from_str(data).map_err(|e| classify(&e))?;
    Ok(ConsentChanged { user_id: user_id(&data.user_id)?, consents: consents::all(data.consents)? })
}

/// Reads `data` of an event that reports a loss. The reporter never makes the report unreadable: a long name is cut, and
/// one that is neither a text nor an integer is left out.
pub(super) fn loss_reported(data: &str) -> Result<Kind, Rejected> {
    let data: LossReportedFields<'_> = object_from_str(data).map_err(|e| classify(&e))?;
    let reported_by = match data.reported_by {
        Field::Absent | Field::Null => None,
        Field::Value(json) => TextOrInteger::of_json(json).and_then(|name| ReportedBy::cut(&name.0)),
    };
    Ok(Kind::LossReported { user_id: user_id(&data.user_id)?, reported_by })
}

/// Reads `data` of an event that erases a user.
pub(super) fn erased(data: &str) -> Result<UserId, Rejected> {
    let data: ErasedData = object_from_str(data).map_err(|e| classify(&e))?;
    user_id(&data.user_id)
}
