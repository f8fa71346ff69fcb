//! A row of a file: a user, or an error with a hint.

use chrono::{DateTime, NaiveDate, Utc};
use producer::{UserId, UserKind};

use super::raw_row::{Field, RawRow, damaged};
use crate::{
    dates::{day, flag, is_plausible_birth, is_plausible_due_date, is_plausible_signup, moment},
    record::Person,
};

/// The error of a row. It shows nothing of the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RowError {
    MissingId,
    InvalidId,
    /// Two rows of one user that differ.
    DuplicateId,
    /// A number in scientific notation or with decimals.
    SpreadsheetNumber,
    FieldCount,
    NotUtf8,
    BadDate,
    BadFlag,
    NotJson,
    WrongType,
    TooLong,
}

impl RowError {
    /// The code in reports.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::MissingId => "missing_id",
            Self::InvalidId => "invalid_id",
            Self::DuplicateId => "duplicate_id",
            Self::SpreadsheetNumber => "spreadsheet_number",
            Self::FieldCount => "field_count",
            Self::NotUtf8 => "not_utf8",
            Self::BadDate => "bad_date",
            Self::BadFlag => "bad_flag",
            Self::NotJson => "not_json",
            Self::WrongType => "wrong_type",
            Self::TooLong => "too_long",
        }
    }

    /// What to do about it.
    pub(crate) fn hint(self) -> &'static str {
        match self {
            Self::MissingId => "give every row the portal's id of the user",
            Self::InvalidId => {
                "an id has 1 to 128 characters, no line break or other control character, and is no formula"
            }
            Self::DuplicateId => "several rows of one user differ: keep the right one",
            Self::SpreadsheetNumber => {
                "a spreadsheet changed it (9.8E+09, 9807969278.0) and digits may be lost: format the column as text, \
                 then export it again from the source"
            }
            Self::FieldCount => {
                "the row has more or fewer fields than the header; is a quote or a separator missing?"
            }
            Self::NotUtf8 => "save the file as UTF-8",
            Self::BadDate => {
                "write dates as 2026-12-28, times as 2026-12-28T09:30:00+05:45, in the Gregorian calendar (AD), not in \
                 Bikram Sambat: a birth and a signup lie in the past, a due date at most a year ahead"
            }
            Self::BadFlag => "write true or false",
            Self::NotJson => "every line must be one JSON object, each key once",
            Self::WrongType => "values must be texts, numbers, true, false or null",
            Self::TooLong => "the line is longer than 64 KiB",
        }
    }
}

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
    /// The number as typed, if the user opted out. The opt-out counts even though the row is bad.
    pub(super) opted_out: Option<String>,
}

impl BadRow {
    /// A record without readable cells.
    pub(super) fn record(problem: RowError) -> Self {
        Self { problem, user_id: None, opted_out: None }
    }

    /// A row that was `read`, but has a `problem`.
    pub(super) fn despite(read: Result<Person, Self>, problem: RowError) -> Self {
        match read {
            Ok(person) => Self {
                problem,
                user_id: Some(person.user_id),
                opted_out: person.opted_out.then_some(person.phone),
            },
            Err(bad) => Self { problem, ..bad },
        }
    }
}

/// Parses the cells.
pub(super) fn read(mut cells: RawRow) -> Result<Person, BadRow> {
    let id = user_id(&cells);
    let opted_out = optional(&cells, Field::OptedOut, flag, RowError::BadFlag);
    let fields = fields(&cells);
    let phone = cells.take(Field::Phone);
    let intact =
        if phone.as_deref().is_some_and(damaged) { Err(RowError::SpreadsheetNumber) } else { Ok(()) };
    let problem = match (&id, &fields, &opted_out, &intact) {
        (Ok(user_id), Ok(fields), Ok(opted_out), Ok(())) => {
            let kept = (cells.take(Field::Language), cells.take(Field::Name));
            return Ok(person(user_id.clone(), phone, *fields, *opted_out, kept));
        }
        (Err(problem), ..) | (_, Err(problem), ..) | (_, _, Err(problem), _) | (_, _, _, Err(problem)) => {
            *problem
        }
    };
    let opted_out = phone.filter(|_| intact.is_ok() && opted_out == Ok(Some(true)));
    Err(BadRow { problem, user_id: id.ok(), opted_out })
}

/// The parsed fields other than id, number and opt-out.
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

fn person(
    user_id: UserId,
    phone: Option<String>,
    fields: Fields,
    opted_out: Option<bool>,
    (language, name): (Option<String>, Option<String>),
) -> Person {
    let Fields { kind, due_date, child_birth_date, signed_up_at, active } = fields;
    Person {
        user_id,
        phone: phone.unwrap_or_default(),
        kind,
        language: language.map(|text| text.trim().to_owned()),
        name,
        due_date,
        child_birth_date,
        signed_up_at,
        active: active.unwrap_or(true),
        opted_out: opted_out.unwrap_or(false),
    }
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
        assert_eq!((person.kind, person.active, person.opted_out), (Some(UserKind::NewMother), true, false));
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
    fn an_opt_out_counts_even_in_a_bad_row() {
        let row =
            [(Field::Id, "7"), (Field::Phone, "9807969278"), (Field::OptedOut, "yes"), (Field::Active, "?")];
        assert_eq!(of(&row).err().unwrap().opted_out.as_deref(), Some("9807969278"));
    }
}
