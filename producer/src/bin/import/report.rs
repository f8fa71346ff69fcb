//! The report of an import. Its counts add up.

mod text;
pub(crate) mod wishes;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use producer::cli::Exit;
use serde::Serialize;
use shared::phone::Rejection;

use crate::{
    file::{row::RowError, source::Format},
    record::{Profiles, Record, Skip},
    tables::Written,
};
use wishes::WishCounts;

/// Line numbers that are listed for each error.
const LINES: usize = 5;

/// The counts of one import. As JSON it has the schema `import-report/1`.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    schema: &'static str,
    pub(crate) dry_run: bool,
    /// False after an interruption.
    pub(crate) complete: bool,
    pub(crate) source: Origin,
    pub(crate) stored: Stored,
    pub(crate) skipped: Skipped,
    /// Stored users, now marked as inactive.
    pub(crate) deactivated: u64,
    pub(crate) numbers: Numbers,
    pub(crate) two_profiles: TwoProfiles,
    /// Accounts with several profiles of one kind, of which the latest counts.
    pub(crate) older_profiles: u64,
    /// Dates of the portal that are not plausible and are left out.
    pub(crate) bad_dates: u64,
    /// Nothing was written, because rows are bad and `--allow-partial` was not given.
    pub(crate) held: bool,
    /// Good rows that were held back for that reason.
    pub(crate) held_back: u64,
    /// Rows that repeat an earlier one.
    pub(crate) repeated: u64,
    pub(crate) bad: Bad,
    #[serde(flatten)]
    pub(crate) wishes: WishCounts,
}

/// The source of the users.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Origin {
    Portal,
    File(FileNote),
}

/// How a file is written.
#[derive(Debug, Serialize)]
pub(crate) struct FileNote {
    pub(crate) format: Format,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) separator: Option<char>,
    pub(crate) byte_order_mark: bool,
    /// The time of the data.
    pub(crate) taken_at: DateTime<Utc>,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Stored {
    pub(crate) new: u64,
    pub(crate) updated: u64,
    pub(crate) unchanged: u64,
    /// Users with a stored change that is newer than the source's data.
    pub(crate) newer_here: u64,
    /// Users erased after the data was taken: ignored.
    pub(crate) erased: u64,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Skipped {
    pub(crate) inactive: u64,
    pub(crate) no_profile: u64,
    pub(crate) invalid_id: u64,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Numbers {
    pub(crate) usable: u64,
    /// Usable numbers without 0 or + in front, which a spreadsheet may have removed.
    pub(crate) without_prefix: u64,
    pub(crate) no_phone: u64,
    pub(crate) unusable: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct TwoProfiles {
    pub(crate) same_number: u64,
    pub(crate) numbers_differ: u64,
}

/// Bad rows by error.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Bad {
    pub(crate) total: u64,
    #[serde(serialize_with = "by_word")]
    pub(crate) problems: BTreeMap<RowError, Lines>,
}

/// The number of rows, and the first line numbers.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Lines {
    pub(crate) count: u64,
    pub(crate) lines: Vec<u64>,
}

impl Report {
    pub(crate) fn new(dry_run: bool, source: Origin) -> Self {
        Self {
            schema: "import-report/1",
            dry_run,
            complete: false,
            source,
            stored: Stored::default(),
            skipped: Skipped::default(),
            deactivated: 0,
            numbers: Numbers::default(),
            two_profiles: TwoProfiles::default(),
            older_profiles: 0,
            bad_dates: 0,
            held: false,
            held_back: 0,
            repeated: 0,
            bad: Bad::default(),
            wishes: WishCounts::default(),
        }
    }

    /// Counts the number and the profiles of a record.
    pub(crate) fn store(&mut self, record: &Record) {
        match record.number {
            Ok(()) => {
                self.numbers.usable += 1;
                let bare = record.phone_raw.trim_start().starts_with(|c: char| c.is_numeric() && !is_zero(c));
                self.numbers.without_prefix += u64::from(bare);
            }
            Err(Rejection::Empty) => self.numbers.no_phone += 1,
            Err(why) => *self.numbers.unusable.entry(why.as_str()).or_default() += 1,
        }
        match record.profiles {
            Profiles::One => {}
            Profiles::TwoAlike => self.two_profiles.same_number += 1,
            Profiles::TwoDiffer => self.two_profiles.numbers_differ += 1,
        }
        self.older_profiles += u64::from(record.older_profiles);
        self.bad_dates += record.bad_dates.len() as u64;
    }

    /// Counts a good record that is not stored because others are bad.
    pub(crate) fn hold(&mut self, record: &Record) {
        self.store(record);
        self.held_back += 1;
    }

    pub(crate) fn skip(&mut self, skip: &Skip) {
        match skip {
            Skip::Inactive(_) => self.closed(),
            Skip::NoProfile => self.skipped.no_profile += 1,
            Skip::InvalidId => self.skipped.invalid_id += 1,
        }
    }

    /// Counts a closed account.
    pub(crate) fn closed(&mut self) {
        self.skipped.inactive += 1;
    }

    /// Counts the result of writing `rows` records.
    pub(crate) fn written(&mut self, rows: u64, written: Written) {
        let Written { new, updated, newer, erased } = written;
        self.stored.new += new;
        self.stored.updated += updated;
        self.stored.newer_here += newer;
        self.stored.erased += erased;
        self.stored.unchanged += rows.saturating_sub(new + updated + newer + erased);
    }

    /// Accounts or rows read so far.
    pub(crate) fn read(&self) -> u64 {
        self.with_numbers() + self.all_skipped() + self.repeated + self.bad.total
    }

    pub(crate) fn exit(&self) -> Exit {
        match (self.complete, self.skipped.invalid_id + self.bad.total) {
            (false, _) => Exit::Interrupted,
            (true, 0) => Exit::Done,
            (true, _) => Exit::SomeFailed,
        }
    }

    /// All records, written or held back.
    pub(crate) fn all_stored(&self) -> u64 {
        let Stored { new, updated, unchanged, newer_here, erased } = self.stored;
        new + updated + unchanged + newer_here + erased + self.held_back
    }

    fn all_skipped(&self) -> u64 {
        self.skipped.inactive + self.skipped.no_profile + self.skipped.invalid_id
    }

    pub(crate) fn with_numbers(&self) -> u64 {
        self.numbers.usable + self.numbers.no_phone + self.numbers.unusable.values().sum::<u64>()
    }
}

impl Bad {
    pub(crate) fn add(&mut self, problem: RowError, line: u64) {
        self.total += 1;
        let lines = self.problems.entry(problem).or_default();
        lines.count += 1;
        if lines.lines.len() < LINES {
            lines.lines.push(line);
        }
    }
}

/// A zero in any script has a value of 0; libphonenumber reads them all.
fn is_zero(c: char) -> bool {
    matches!(c, '0' | '०' | '０' | '٠' | '۰')
}

fn by_word<S: serde::Serializer>(problems: &BTreeMap<RowError, Lines>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(problems.iter().map(|(problem, lines)| (problem.as_str(), lines)))
}

#[cfg(test)]
mod tests {
    use producer::cli::Output;

    use super::*;

    fn report(dry_run: bool) -> Report {
        Report::new(dry_run, Origin::Portal)
    }

    #[test]
    fn records_that_were_not_written_are_unchanged() {
        let mut report = report(false);
        report.written(10, Written { new: 3, updated: 2, newer: 1, erased: 0 });
        report.skip(&Skip::NoProfile);
        assert_eq!((report.stored.unchanged, report.all_stored(), report.all_skipped()), (4, 10, 1));
    }

    #[test]
    fn json_is_one_line_with_a_schema() {
        let line = report(true).show(Output::Json);
        assert!(line.starts_with(r#"{"schema":"import-report/1","dry_run":true"#) && !line.contains('\n'));
    }

    #[test]
    fn the_end_decides_the_exit_code() {
        let mut report = report(false);
        assert_eq!(report.exit(), Exit::Interrupted);
        report.complete = true;
        assert_eq!(report.exit(), Exit::Done);
        report.skip(&Skip::InvalidId);
        assert_eq!(report.exit(), Exit::SomeFailed);
    }

    #[test]
    fn the_first_lines_of_an_error_are_listed() {
        let mut bad = Bad::default();
        (2..100).for_each(|line| bad.add(RowError::BadDate, line));
        let lines = &bad.problems[&RowError::BadDate];
        assert_eq!((bad.total, lines.count, lines.lines.as_slice()), (98, 98, &[2, 3, 4, 5, 6][..]));
    }
}
