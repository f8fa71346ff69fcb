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
    check::{Ids, Occurrence},
    row::{Row, RowError},
};
use crate::{
    record::{Person, Profiles, Record},
    tables::OptOut,
};

/// A row and its outcome.
pub(super) struct RowResult {
    pub(super) line: u64,
    pub(super) user_id: Option<UserId>,
    pub(super) outcome: RowOutcome,
    pub(super) opt_out: Option<OptOut>,
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
    /// The result of a row. `ids` must know all rows.
    pub(super) fn of(row: Row, ids: &Ids, numbers: &NumberPolicy) -> Self {
        let line = row.line;
        let (user_id, opted_out, outcome) = match row.read {
            Ok(person) => {
                let user_id = Some(person.user_id.clone());
                let occurrence = ids.occurrence(&person.user_id, line);
                let opted_out =
                    (person.opted_out && occurrence != Occurrence::Repeated).then(|| person.phone.clone());
                (user_id, opted_out, RowOutcome::of(person, occurrence, numbers))
            }
            Err(bad) => (bad.user_id, bad.opted_out, RowOutcome::Bad(bad.problem)),
        };
        let opt_out = opted_out.map(|phone_raw| OptOut {
            phone: numbers.identity(&phone_raw, None),
            phone_raw,
            user_id: user_id.clone(),
        });
        Self { line, user_id, outcome, opt_out }
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
        RowOutcome::Store(_) if found.opt_out.as_ref().is_some_and(|o| o.phone.is_none()) => Some((
            "opted_out_no_number",
            "correct the number: only a number that can be read can be suppressed",
        )),
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
