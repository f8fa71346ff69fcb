//! Signups. Only what a welcome needs can make one unreadable.

use serde::Deserialize;

use super::{
    Rejected, classify, clean, consents,
    field::{Field, Unreadable},
    known_country,
    profile::ProfileFields,
    user_id,
};
use crate::{
    domain::ProfileChange,
    events::{Dropped, Signup, TextOrInteger, UserKind, wire::phone_number},
    json::object_from_str,
};

/// `data` of a signup event as it is read. [`SignedUpData`](crate::events::SignedUpData) has the same fields.
#[derive(Deserialize)]
struct Fields<'a> {
    user_id: TextOrInteger,
    #[serde(default, deserialize_with = "phone_number")]
    phone_number: Option<TextOrInteger>,
    country_hint: Option<String>,
    preferred_language: Option<String>,
    preferred_channel: Option<String>,
    kind: Option<UserKind>,
    display_name: Option<String>,
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
    #[serde(default, borrow)]
    consents: Field<'a>,
}

/// Reads `data` of a signup event.
pub(super) fn read(data: &str) -> Result<Signup, Rejected> {
    let data: Fields<'_> = object_from_str(data).map_err(|e| classify(&e))?;
    let mut dropped = Dropped::default();
    let profile = data.profile(&mut dropped)?;
    let consents = consents::readable(data.consents, &mut dropped);
    Ok(Signup {
        user_id: user_id(&data.user_id)?,
        phone: data.phone_number.map(|p| clean(&p.0, 250)).unwrap_or_default(),
        country_hint: data.country_hint.as_deref().and_then(known_country),
        language: data.preferred_language.map(|t| clean(&t, 35)),
        channel: data.preferred_channel.map(|t| clean(&t, 35)),
        user_kind: data.kind,
        display_name: data.display_name.map(|t| clean(&t, 250)),
        profile,
        consents,
        dropped,
    })
}

impl Fields<'_> {
    fn profile(&self, dropped: &mut Dropped) -> Result<ProfileChange, Rejected> {
        let fields = ProfileFields {
            due_date: self.due_date,
            child_birth_date: self.child_birth_date,
            time_zone: self.time_zone,
            tips_hour: self.tips_hour,
            cadence: self.cadence,
            household_id: self.household_id,
            active: self.active,
        };
        fields.read(&mut Unreadable::Drop(dropped))
    }
}
