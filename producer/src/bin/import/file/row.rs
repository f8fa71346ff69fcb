//! A row of a file: a user, or an error with a hint.

use chrono::{DateTime, NaiveDate, Utc};
use producer::{UserId, UserKind};

pub(crate) use super::row_error::RowError;
use super::{
    raw_row::{Field, RawRow, damaged},
    words::{self, consents},
};
use crate::{
    dates::{day, flag, is_plausible_birth, is_plausible_due_date, is_plausible_signup, moment},
    record::{MoreProfile, Person},
    wishes::Wishes,
};

/// A numbered row.
pub(super) struct Row {
    /// Counted from 1; of a record of several lines the first.
    pub(super) line: u64,
    pub(super) read: Result<Person, BadRow>,
}

/// A row that cannot be stored.
pub(super) struct BadRow {
    pub(super) problem: RowError,
    pub(super) user_id: Option<UserId>,
    /// The number as typed. Empty if it cannot be read.
    pub(super) phone: String,
    /// A stop, a loss and a wrong number count even though the row is bad. Its consents do not.
    pub(super) wishes: Wishes,
}

impl BadRow {
    /// A record without readable cells.
    pub(super) fn record(problem: RowError) -> Self {
        Self { problem, user_id: None, phone: String::new(), wishes: Wishes::default() }
    }

    /// A row that was `read`, but has a `problem`.
    pub(super) fn despite(read: Result<Person, Self>, problem: RowError) -> Self {
        match read {
            Ok(person) => Self {
                problem,
                user_id: Some(person.user_id),
                phone: person.phone,
                wishes: person.wishes.without_consents(),
            },
            Err(bad) => Self { problem, ..bad },
        }
    }
}

/// Parses the cells.
pub(super) fn read(mut cells: RawRow) -> Result<Person, BadRow> {
    let id = user_id(&cells);
    let flags = [Field::OptedOut, Field::Loss, Field::WrongNumber]
        .map(|field| optional(&cells, field, flag, RowError::BadFlag));
    let fields = fields(&cells);
    let profile = profile(&cells);
    let consents = optional(&cells, Field::Consents, consents, RowError::BadConsents);
    let phone = cells.take(Field::Phone);
    let intact =
        if phone.as_deref().is_some_and(damaged) { Err(RowError::SpreadsheetNumber) } else { Ok(()) };
    let [opted_out, loss, wrong_number] = flags.map(|flag| flag == Ok(Some(true)));
    let wishes = Wishes { opted_out, loss, wrong_number, consents: Vec::new() };
    let bad_flag = flags.into_iter().find_map(Result::err);
    let problem = match (id.clone(), fields, profile, consents) {
        (Ok(user_id), Ok(fields), Ok(profile), Ok(consents)) if bad_flag.is_none() && intact.is_ok() => {
            let wishes = Wishes { consents: consents.unwrap_or_default(), ..wishes };
            return Ok(Person {
                user_id,
                phone: phone.unwrap_or_default(),
                kind: fields.kind,
                language: cells.take(Field::Language).map(|text| text.trim().to_owned()),
                name: cells.take(Field::Name),
                due_date: fields.due_date,
                child_birth_date: fields.child_birth_date,
                signed_up_at: fields.signed_up_at,
                active: fields.active.unwrap_or(true),
                profile,
                wishes,
            });
        }
        (id, fields, profile, consents) => {
            [id.err(), fields.err(), bad_flag, profile.err(), consents.err(), intact.err()]
                .into_iter()
                .flatten()
                .next()
        }
    };
    Err(BadRow {
        problem: problem.unwrap_or(RowError::WrongType),
        user_id: id.ok(),
        phone: phone.filter(|_| intact.is_ok()).unwrap_or_default(),
        wishes,
    })
}

/// The parsed fields other than id, number, profile and wishes.
#[derive(Clone, Copy)]
struct Fields {
    kind: Option<UserKind>,
    due_date: Option<NaiveDate>,
    child_birth_date: Option<NaiveDate>,
    signed_up_at: Option<DateTime<Utc>>,
    active: Option<bool>,
}

fn fields(cells: &RawRow) -> Result<Fields, RowError> {
    Ok(Fields {
        kind: cells.trimmed(Field::Kind).map(kind),
        due_date: optional(
            cells,
            Field::DueDate,
            |text| day(text).filter(|it| is_plausible_due_date(*it)),
            RowError::BadDate,
        )?,
        child_birth_date: optional(
            cells,
            Field::ChildBirthDate,
            |text| day(text).filter(|it| is_plausible_birth(*it)),
            RowError::BadDate,
        )?,
        signed_up_at: optional(
            cells,
            Field::SignedUpAt,
            |text| moment(text).filter(|it| is_plausible_signup(*it)),
            RowError::BadDate,
        )?,
        active: optional(cells, Field::Active, flag, RowError::BadFlag)?,
    })
}

fn profile(cells: &RawRow) -> Result<MoreProfile, RowError> {
    Ok(MoreProfile {
        country_hint: optional(cells, Field::CountryHint, words::country, RowError::BadCountry)?,
        channel: cells.trimmed(Field::PreferredChannel).map(str::to_owned),
        time_zone: optional(cells, Field::TimeZone, words::time_zone, RowError::BadTimeZone)?,
        tips_hour: optional(cells, Field::TipsHour, words::tips_hour, RowError::BadTipsHour)?,
        cadence: optional(cells, Field::Cadence, words::cadence, RowError::BadCadence)?,
        household_id: optional(cells, Field::HouseholdId, words::household, RowError::BadHousehold)?,
    })
}

fn user_id(cells: &RawRow) -> Result<UserId, RowError> {
    let text = cells.trimmed(Field::Id).ok_or(RowError::MissingId)?;
    if damaged(text) {
        return Err(RowError::SpreadsheetNumber);
    }
    // A formula cannot be an id. The text of a quoting formula was extracted before.
    if text.starts_with('=') {
        return Err(RowError::InvalidId);
    }
    UserId::parse(text).map_err(|_| RowError::InvalidId)
}

fn optional<T>(
    cells: &RawRow,
    field: Field,
    parse: impl Fn(&str) -> Option<T>,
    problem: RowError,
) -> Result<Option<T>, RowError> {
    cells.trimmed(field).map(|text| parse(text).ok_or(problem)).transpose()
}

/// Every unknown word is `other`, as in an event.
fn kind(word: &str) -> UserKind {
    match word.to_ascii_lowercase().replace([' ', '-'], "_").as_str() {
        "pregnant_woman" | "pregnant" => UserKind::PregnantWoman,
        "new_mother" | "mother" => UserKind::NewMother,
        _ => UserKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::{Cadence, ConsentChannel, Purpose, TipsHour};

    use super::*;

    fn of(cells: &[(Field, &str)]) -> Result<Person, BadRow> {
        let mut all = RawRow::default();
        for (field, text) in cells {
            all.set(*field, (*text).to_owned());
        }
        read(all)
    }

    #[test]
    fn blanks_are_missing_and_the_number_stays_as_typed() {
        let person = of(&[
            (Field::Id, " 7 "),
            (Field::Phone, " 980 "),
            (Field::Name, " "),
            (Field::Kind, "New Mother"),
        ]);
        let person = person.ok().unwrap();
        assert_eq!((person.user_id.as_str(), person.phone.as_str(), person.name), ("7", " 980 ", None));
        assert_eq!((person.kind, person.active), (Some(UserKind::NewMother), true));
        assert_eq!((person.profile, person.wishes), (MoreProfile::default(), Wishes::default()));
    }

    #[test]
    fn each_error_is_named() {
        let bad = |cells: &[(Field, &str)]| of(cells).err().map(|bad| bad.problem);
        assert_eq!(bad(&[(Field::Phone, "1")]), Some(RowError::MissingId));
        assert_eq!(bad(&[(Field::Id, "a\u{7}b")]), Some(RowError::InvalidId));
        assert_eq!(bad(&[(Field::Id, "4.2E+01")]), Some(RowError::SpreadsheetNumber));
        assert_eq!(bad(&[(Field::Id, "7"), (Field::Phone, "9.8E+09")]), Some(RowError::SpreadsheetNumber));
        assert_eq!(bad(&[(Field::Id, "7"), (Field::DueDate, "3/4/26")]), Some(RowError::BadDate));
        for field in [Field::DueDate, Field::ChildBirthDate, Field::SignedUpAt] {
            assert_eq!(bad(&[(Field::Id, "7"), (field, "2083-05-12")]), Some(RowError::BadDate));
            assert_eq!(bad(&[(Field::Id, "7"), (field, "=\"2026-02-12\"")]), None);
        }
        assert_eq!(bad(&[(Field::Id, "=A1")]), Some(RowError::InvalidId));
        assert_eq!(bad(&[(Field::Id, "7"), (Field::OptedOut, "?")]), Some(RowError::BadFlag));
        assert_eq!(bad(&[(Field::Id, "7"), (Field::Phone, "hello")]), None);
    }

    #[test]
    fn the_text_of_a_formula_is_the_cell() {
        let person = of(&[
            (Field::Id, "=\"1042\""),
            (Field::Phone, "=\"9841234512\""),
            (Field::Active, "=\"1\""),
            (Field::Name, "=\"\""),
        ]);
        let person = person.ok().unwrap();
        assert_eq!(
            (person.user_id.as_str(), person.phone.as_str(), person.name),
            ("1042", "9841234512", None)
        );
        assert_eq!(
            of(&[(Field::Id, "=\"4.2E+01\"")]).err().map(|bad| bad.problem),
            Some(RowError::SpreadsheetNumber)
        );
    }

    #[test]
    fn a_stop_a_loss_and_a_wrong_number_count_even_in_a_bad_row() {
        let row = [
            (Field::Id, "7"),
            (Field::Phone, "9807969278"),
            (Field::OptedOut, "yes"),
            (Field::Loss, "1"),
            (Field::WrongNumber, "true"),
            (Field::Consents, "tips:sms"),
            (Field::Active, "?"),
        ];
        let bad = of(&row).err().unwrap();
        let all = Wishes { opted_out: true, loss: true, wrong_number: true, consents: Vec::new() };
        assert_eq!((bad.phone.as_str(), bad.wishes), ("9807969278", all.clone()));
        // A bad flag costs no other.
        let bad = of(&[&row[..4], &[(Field::WrongNumber, "maybe")]].concat()).err().unwrap();
        assert_eq!((bad.problem, bad.wishes), (RowError::BadFlag, Wishes { wrong_number: false, ..all }));
        let bad = of(&[(Field::Id, "7"), (Field::Phone, "9.8E+09"), (Field::Loss, "1")]).err().unwrap();
        assert!(bad.phone.is_empty() && bad.wishes.loss);
    }

    #[test]
    fn every_word_of_a_profile_is_read_or_refused() {
        let row = [
            (Field::Id, "7"),
            (Field::CountryHint, "in"),
            (Field::PreferredChannel, " whatsapp "),
            (Field::TimeZone, "Asia/Dubai"),
            (Field::TipsHour, "7:00"),
            (Field::Cadence, "Twice weekly"),
            (Field::HouseholdId, " h-17 "),
            (Field::Consents, "tips:whatsapp, onboarding:SMS"),
        ];
        let person = of(&row).ok().unwrap();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            person.profile,
            MoreProfile {
                country_hint: text("IN"),
                channel: text("whatsapp"),
                time_zone: Some("Asia/Dubai"),
                tips_hour: Some(TipsHour::Seven),
                cadence: Some(Cadence::TwiceWeekly),
                household_id: text("h-17"),
            }
        );
        assert_eq!(
            person.wishes.consents,
            [(Purpose::Onboarding, ConsentChannel::Sms), (Purpose::Tips, ConsentChannel::Whatsapp)]
        );
        for (field, text, problem) in [
            (Field::CountryHint, "Nepal", RowError::BadCountry),
            (Field::TimeZone, "+05:45", RowError::BadTimeZone),
            (Field::TipsHour, "08:00", RowError::BadTipsHour),
            (Field::Cadence, "hourly", RowError::BadCadence),
            (Field::HouseholdId, "4.2E+01", RowError::BadHousehold),
            (Field::Consents, "tips", RowError::BadConsents),
            (Field::Consents, "tips:sms,", RowError::BadConsents),
            (Field::Loss, "?", RowError::BadFlag),
            (Field::WrongNumber, "?", RowError::BadFlag),
        ] {
            let bad = of(&[(Field::Id, "7"), (field, text)]).err().map(|bad| bad.problem);
            assert_eq!(bad, Some(problem), "{field:?} {text}");
        }
    }
}
