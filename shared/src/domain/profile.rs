//! What the portal knows about a user besides number and language.

use std::{borrow::Cow, fmt, str::FromStr};

use chrono::{Datelike as _, NaiveDate};
use chrono_tz::Tz;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use super::{BoundedText, Change, names::named};

named! {
    /// The local hour at which a user wants the tip of the day.
    TipsHour, "tips_hour";
    /// 07:00.
    Seven = "07:00",
    /// 12:00.
    Noon = "12:00",
    /// 18:00.
    Eighteen = "18:00",
}

impl TipsHour {
    /// The hour of the day.
    pub const fn hour(self) -> u32 {
        match self {
            Self::Seven => 7,
            Self::Noon => 12,
            Self::Eighteen => 18,
        }
    }
}

named! {
    /// How often a user wants a tip.
    Cadence, "cadence";
    /// Every day.
    Daily = "daily",
    /// Two days of the week.
    TwiceWeekly = "twice_weekly",
    /// One day of the week.
    Weekly = "weekly",
}

/// A date of the Gregorian calendar in the years 1900 to 2100. `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CalendarDate(NaiveDate);

/// A text or a date is not a [`CalendarDate`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a date as YYYY-MM-DD between 1900 and 2100")]
pub struct BadDate;

impl CalendarDate {
    /// The date.
    pub const fn date(self) -> NaiveDate {
        self.0
    }
}

impl TryFrom<NaiveDate> for CalendarDate {
    type Error = BadDate;

    fn try_from(date: NaiveDate) -> Result<Self, BadDate> {
        if (1900..=2100).contains(&date.year()) { Ok(Self(date)) } else { Err(BadDate) }
    }
}

impl FromStr for CalendarDate {
    type Err = BadDate;

    /// Reads `YYYY-MM-DD` without blanks around it.
    fn from_str(text: &str) -> Result<Self, BadDate> {
        // chrono also reads shorter months and days, blanks and signs.
        let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        if !plain || text.len() != "YYYY-MM-DD".len() {
            return Err(BadDate);
        }
        NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| BadDate)?.try_into()
    }
}

impl fmt::Debug for CalendarDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CalendarDate(_)")
    }
}

impl Serialize for CalendarDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.format("%Y-%m-%d"))
    }
}

impl JsonSchema for CalendarDate {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "CalendarDate".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let pattern = "^(19[0-9]{2}|20[0-9]{2}|2100)-[0-9]{2}-[0-9]{2}$";
        json_schema!({ "type": "string", "format": "date", "pattern": pattern })
    }
}

/// A time zone as the portal names it. `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TimeZone {
    /// A zone of the IANA database.
    Known(Tz),
    /// The name is not in the database. The worker counts it and uses its default.
    Invalid,
}

impl TimeZone {
    /// The CLDR's id of an unknown zone. The IANA database does not have it.
    const UNKNOWN: &str = "Etc/Unknown";

    /// Reads a name of the IANA database, such as `Asia/Kathmandu` or its older form `Asia/Katmandu`.
    pub fn read(name: &str) -> Self {
        name.trim().parse().map_or(Self::Invalid, Self::Known)
    }

    /// The zone, if it is known.
    pub const fn known(self) -> Option<Tz> {
        match self {
            Self::Known(zone) => Some(zone),
            Self::Invalid => None,
        }
    }
}

impl fmt::Debug for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Known(_) => "Known(_)",
            Self::Invalid => "Invalid",
        })
    }
}

impl Serialize for TimeZone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.known().map_or(Self::UNKNOWN, Tz::name))
    }
}

/// The portal's id of a household.
pub type HouseholdId = BoundedText<128>;

/// What an event says about a user's profile. The default changes nothing. `Debug` shows no values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ProfileChange {
    /// The expected day of birth, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Change::is_keep")]
    #[schemars(with = "Option<CalendarDate>")]
    pub due_date: Change<CalendarDate>,
    /// The child's day of birth, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Change::is_keep")]
    #[schemars(with = "Option<CalendarDate>")]
    pub child_birth_date: Change<CalendarDate>,
    /// The user's time zone, such as `Asia/Kathmandu`. An unknown name: the worker's default.
    #[serde(skip_serializing_if = "Change::is_keep")]
    #[schemars(with = "Option<String>")]
    pub time_zone: Change<TimeZone>,
    /// The local hour of tips.
    #[serde(skip_serializing_if = "Change::is_keep")]
    #[schemars(with = "Option<TipsHour>")]
    pub tips_hour: Change<TipsHour>,
    /// How often the user wants a tip.
    #[serde(skip_serializing_if = "Change::is_keep")]
    #[schemars(with = "Option<Cadence>")]
    pub cadence: Change<Cadence>,
    /// The portal's id of the user's household: text or integer.
    #[serde(skip_serializing_if = "Change::is_keep")]
    #[schemars(with = "Option<HouseholdIdSchema>")]
    pub household_id: Change<HouseholdId>,
    /// Whether the portal has the user as active.
    #[serde(skip_serializing_if = "Change::is_keep")]
    #[schemars(with = "Option<bool>")]
    pub active: Change<bool>,
}

impl ProfileChange {
    /// Whether every field stays as it is.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The schema of a household id, which may also be an integer.
struct HouseholdIdSchema;

impl JsonSchema for HouseholdIdSchema {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "HouseholdId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer"], "minLength": 1, "maxLength": 128 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::names::assert_names;

    #[test]
    fn names_round_trip_in_text_and_json() {
        assert_names!(TipsHour);
        assert_names!(Cadence);
        assert_eq!(TipsHour::ALL.map(|at| format!("{:02}:00", at.hour())), TipsHour::NAMES);
    }

    #[test]
    fn a_date_is_gregorian_and_between_1900_and_2100() {
        for date in ["1900-01-01", "2028-02-29", "2100-12-31"] {
            let read: CalendarDate = date.parse().unwrap();
            assert_eq!(serde_json::to_value(read).unwrap(), date);
        }
        for bad in [
            "",
            "1899-12-31",
            "2101-01-01",
            "2027-02-29",
            "2026-13-01",
            "2026-5-1",
            "20260501",
            "01/05/2026",
            "2026-05-01T00:00:00Z",
            " 2026-05-01",
            "2026-05- 1",
            "+026-05-01",
            "२०२६-०५-०१",
        ] {
            assert_eq!(bad.parse::<CalendarDate>(), Err(BadDate), "{bad}");
        }
    }

    #[test]
    fn an_unknown_zone_is_invalid_and_an_older_name_is_known() {
        assert_eq!(TimeZone::read("Asia/Katmandu").known(), Some(Tz::Asia__Katmandu));
        assert_eq!(TimeZone::read(" Asia/Kathmandu ").known(), Some(Tz::Asia__Kathmandu));
        for name in ["", "Nepal", "+05:45", "Asia/Kathmandu2", TimeZone::UNKNOWN] {
            assert_eq!(TimeZone::read(name), TimeZone::Invalid, "{name}");
        }
    }

    #[test]
    fn debug_shows_no_values() {
        let change = ProfileChange {
            due_date: Change::Set("2026-05-01".parse().unwrap()),
            household_id: Change::Set(HouseholdId::new("h-17").unwrap()),
            ..ProfileChange::default()
        };
        let text = format!("{change:?} {:?}", "2026-05-01".parse::<CalendarDate>());
        assert!(
            text.contains("due_date: Set(_)") && !text.contains("2026") && !text.contains("h-17"),
            "{text}"
        );
        assert!(!change.is_empty() && ProfileChange::default().is_empty());
    }
}
