//! The result of a row in the second reading, and its line in `--report`.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use producer::{UserId, cli::Failure};
use shared::{phone::NumberPolicy, spreadsheet::inert};

use super::{
    check::{Checked, Occurrence},
    row::{BadRow, Row, RowError},
};
use crate::{
    doors::WishRow,
    record::{Person, Profiles, Record},
    wishes::Wishes,
};

/// A row and its outcome.
pub(super) struct RowResult {
    pub(super) line: u64,
    pub(super) user_id: Option<UserId>,
    pub(super) outcome: RowOutcome,
    /// What the row says about messages. None: nothing.
    pub(super) wishes: Option<WishRow>,
}

/// The outcome of a row.
pub(super) enum RowOutcome {
    Store(Box<Record>),
    /// The account is closed.
    Closed,
    /// The row repeats an earlier one.
    Repeated,
    Bad(RowError),
}

impl RowResult {
    /// The result of a row. `checked` must know all rows.
    pub(super) fn of(row: Row, checked: &Checked, numbers: &NumberPolicy) -> Self {
        let line = row.line;
        match row.read {
            Ok(person) => Self::of_person(person, line, checked, numbers),
            Err(BadRow { problem, user_id, phone, wishes }) => {
                let row = WishRow {
                    line,
                    user_id: user_id.clone(),
                    phone_raw: phone,
                    country_hint: None,
                    wishes,
                    record: None,
                    household_loss: None,
                };
                let wishes = Some(row).filter(|row| !row.wishes.are_empty());
                Self { line, user_id, outcome: RowOutcome::Bad(problem), wishes }
            }
        }
    }

    fn of_person(person: Person, line: u64, checked: &Checked, numbers: &NumberPolicy) -> Self {
        let occurrence = checked.ids.occurrence(&person.user_id, line);
        let household = person.profile.household_id.as_ref();
        let household_loss =
            household.and_then(|id| checked.losses.get(id)).filter(|user| **user != person.user_id).cloned();
        let wishes = match occurrence {
            Occurrence::First => person.wishes.clone(),
            Occurrence::Different => person.wishes.clone().without_consents(),
            Occurrence::Repeated => Wishes::default(),
        };
        let stored = occurrence == Occurrence::First && person.active;
        let row = WishRow {
            line,
            user_id: Some(person.user_id.clone()),
            phone_raw: person.phone.clone(),
            country_hint: person.profile.country_hint.clone(),
            household_loss: household_loss.filter(|_| stored),
            wishes,
            record: None,
        };
        let user_id = row.user_id.clone();
        let wishes = Some(row).filter(|row| !row.wishes.are_empty() || row.household_loss.is_some());
        Self { line, user_id, outcome: RowOutcome::of(person, occurrence, numbers), wishes }
    }
}

impl RowOutcome {
    fn of(person: Person, occurrence: Occurrence, numbers: &NumberPolicy) -> Self {
        match occurrence {
            Occurrence::Different => Self::Bad(RowError::DuplicateId),
            Occurrence::Repeated => Self::Repeated,
            Occurrence::First if !person.active => Self::Closed,
            Occurrence::First => Self::Store(Box::new(Record::of_person(person, Profiles::One, numbers))),
        }
    }
}

/// The reason and what to do about it. None for a good row.
pub(super) fn hint(found: &RowResult) -> Option<(&'static str, &'static str)> {
    match &found.outcome {
        RowOutcome::Bad(problem) => Some((problem.as_str(), problem.hint())),
        RowOutcome::Closed => Some(("inactive", "nothing: the account is closed, the user is not stored")),
        RowOutcome::Repeated => Some(("repeated", "nothing: an earlier row says the same")),
        RowOutcome::Store(record) => record
            .number
            .err()
            .map(|why| (why.as_str(), "correct the number; the user is stored, and not texted until then")),
    }
}

/// `--report FILE`: every row that needs attention, without a number or a name.
/// None: `--report` was not given.
pub(super) struct RowReport(Option<csv::Writer<File>>);

impl RowReport {
    /// Creates or truncates the file, readable only for its owner.
    pub(super) fn create(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self(None)) };
        let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
        let file =
            opened.map_err(|e| Failure::usage(format!("{} cannot be written: {e}", path.display())))?;
        let mut report = Self(Some(csv::Writer::from_writer(file)));
        report.write(["user_id", "line", "reason", "what_to_do"])?;
        Ok(report)
    }

    /// Writes one row.
    pub(super) fn row(
        &mut self,
        user: Option<&UserId>,
        line: u64,
        reason: &str,
        advice: &str,
    ) -> io::Result<()> {
        if self.0.is_none() {
            return Ok(());
        }
        let line = line.to_string();
        self.write([user.map_or("", UserId::as_str), &line, reason, advice])
    }

    /// Flushes the file.
    pub(super) fn close(mut self) -> io::Result<()> {
        self.0.as_mut().map_or(Ok(()), csv::Writer::flush)
    }

    fn write(&mut self, cells: [&str; 4]) -> io::Result<()> {
        self.0.as_mut().map_or(Ok(()), |csv| {
            csv.write_record(cells.map(|cell| inert(cell).into_owned())).map_err(io::Error::other)
        })
    }
}
