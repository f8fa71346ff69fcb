//! The fields of a profile, in signups and in changes of a profile.

use super::{
    Rejected, TextOrInteger,
    field::{Field, Unreadable, text},
};
use crate::domain::{HouseholdId, ProfileChange, TimeZone};

const DATE: &str = "a date as YYYY-MM-DD between 1900 and 2100, or null";
const ZONE: &str = "the name of a time zone, or null";
const TIPS_HOUR: &str = "07:00, 12:00, 18:00 or null";
const CADENCE: &str = "daily, twice_weekly, weekly or null";
const HOUSEHOLD: &str = "a text of 1 to 128 characters, an integer or null";
const ACTIVE: &str = "true, false or null";

/// The fields as written.
pub(super) struct ProfileFields<'a> {
    pub(super) due_date: Field<'a>,
    pub(super) child_birth_date: Field<'a>,
    pub(super) time_zone: Field<'a>,
    pub(super) tips_hour: Field<'a>,
    pub(super) cadence: Field<'a>,
    pub(super) household_id: Field<'a>,
    pub(super) active: Field<'a>,
}

impl ProfileFields<'_> {
    /// Reads the fields. Every time zone is readable: an unknown one becomes [`TimeZone::Invalid`].
    pub(super) fn read(self, unreadable: &mut Unreadable<'_>) -> Result<ProfileChange, Rejected> {
        let date = |json: &str| text(json)?.parse().ok();
        let zone = |json: &str| Some(text(json).map_or(TimeZone::Invalid, |name| TimeZone::read(&name)));
        let household = |json: &str| HouseholdId::new(&TextOrInteger::of_json(json)?.0).ok();
        Ok(ProfileChange {
            due_date: unreadable.read(self.due_date, "due_date", DATE, date)?,
            child_birth_date: unreadable.read(self.child_birth_date, "child_birth_date", DATE, date)?,
            time_zone: unreadable.read(self.time_zone, "time_zone", ZONE, zone)?,
            tips_hour: unreadable
                .read(self.tips_hour, "tips_hour", TIPS_HOUR, |json| text(json)?.parse().ok())?,
            cadence: unreadable.read(self.cadence, "cadence", CADENCE, |json| text(json)?.parse().ok())?,
            household_id: unreadable.read(self.household_id, "household_id", HOUSEHOLD, household)?,
            active: unreadable.read(self.active, "active", ACTIVE, |json| json.parse().ok())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Cadence, TipsHour};

    #[test]
    fn advice_lists_every_name() {
        assert!(TipsHour::NAMES.iter().all(|name| TIPS_HOUR.contains(name)));
        assert!(Cadence::NAMES.iter().all(|name| CADENCE.contains(name)));
    }
}
