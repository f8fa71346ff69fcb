//! What an import did, or would do. Its parts add up.

use std::{collections::BTreeMap, fmt::Write};

use producer::command::{Exit, Output, json_line};
use serde::Serialize;

use crate::{
    record::{Profiles, Record, Skip},
    upsert::Written,
};

/// The counts of one import; as JSON, schema `import-report/1`.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    schema: &'static str,
    dry_run: bool,
    /// False after an interruption.
    pub(crate) complete: bool,
    stored: Stored,
    skipped: Skipped,
    /// Of the inactive ones: stored before, and now marked as inactive.
    pub(crate) deactivated: u64,
    numbers: Numbers,
    two_profiles: TwoProfiles,
}

#[derive(Debug, Default, Serialize)]
struct Stored {
    new: u64,
    updated: u64,
    unchanged: u64,
    /// Known better already, from an event younger than the portal's snapshot.
    newer_here: u64,
}

#[derive(Debug, Default, Serialize)]
struct Skipped {
    inactive: u64,
    no_profile: u64,
    invalid_id: u64,
}

#[derive(Debug, Default, Serialize)]
struct Numbers {
    usable: u64,
    no_phone: u64,
    unusable: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Default, Serialize)]
struct TwoProfiles {
    same_number: u64,
    numbers_differ: u64,
}

impl Report {
    pub(crate) fn new(dry_run: bool) -> Self {
        Self {
            schema: "import-report/1",
            dry_run,
            complete: false,
            stored: Stored::default(),
            skipped: Skipped::default(),
            deactivated: 0,
            numbers: Numbers::default(),
            two_profiles: TwoProfiles::default(),
        }
    }

    /// Counts the number and the profiles of a record.
    pub(crate) fn store(&mut self, record: &Record) {
        match record.number {
            Ok(()) => self.numbers.usable += 1,
            Err(shared::phone::Unusable::Empty) => self.numbers.no_phone += 1,
            Err(why) => *self.numbers.unusable.entry(why.as_str()).or_default() += 1,
        }
        match record.profiles {
            Profiles::One => {}
            Profiles::TwoAlike => self.two_profiles.same_number += 1,
            Profiles::TwoDiffer => self.two_profiles.numbers_differ += 1,
        }
    }

    pub(crate) fn skip(&mut self, skip: &Skip) {
        match skip {
            Skip::Inactive(_) => self.skipped.inactive += 1,
            Skip::NoProfile => self.skipped.no_profile += 1,
            Skip::InvalidId => self.skipped.invalid_id += 1,
        }
    }

    /// Counts what became of `rows` records.
    pub(crate) fn written(&mut self, rows: u64, written: Written) {
        let Written { new, updated, newer } = written;
        self.stored.new += new;
        self.stored.updated += updated;
        self.stored.newer_here += newer;
        self.stored.unchanged += rows.saturating_sub(new + updated + newer);
    }

    /// Accounts read so far.
    pub(crate) fn read(&self) -> u64 {
        self.with_numbers() + self.all_skipped()
    }

    pub(crate) fn exit(&self) -> Exit {
        match (self.complete, self.skipped.invalid_id) {
            (false, _) => Exit::Interrupted,
            (true, 0) => Exit::Done,
            (true, _) => Exit::SomeFailed,
        }
    }

    pub(crate) fn show(&self, output: Output) -> String {
        match output {
            Output::Json => json_line(self),
            Output::Human => self.human().trim_end().to_owned(),
        }
    }

    fn all_stored(&self) -> u64 {
        let Stored { new, updated, unchanged, newer_here } = self.stored;
        new + updated + unchanged + newer_here
    }

    fn all_skipped(&self) -> u64 {
        self.skipped.inactive + self.skipped.no_profile + self.skipped.invalid_id
    }

    fn with_numbers(&self) -> u64 {
        self.numbers.usable + self.numbers.no_phone + self.numbers.unusable.values().sum::<u64>()
    }

    fn human(&self) -> String {
        let mut text = String::new();
        // Err: writing to a String cannot fail.
        let _ = self.write_human(&mut text);
        text
    }

    fn write_human(&self, text: &mut String) -> std::fmt::Result {
        let would =
            if self.dry_run { "Dry run: nothing is written." } else { "Nobody was enqueued or texted." };
        let end = if self.complete { "" } else { " INTERRUPTED: repeat the command to import the rest." };
        writeln!(text, "{would}{end}")?;
        for (what, count) in [
            ("new", self.stored.new),
            ("updated", self.stored.updated),
            ("unchanged", self.stored.unchanged),
            ("newer here, kept", self.stored.newer_here),
            ("skipped, inactive", self.skipped.inactive),
            ("skipped, no profile", self.skipped.no_profile),
            ("skipped, invalid id", self.skipped.invalid_id),
        ] {
            writeln!(text, "  {what:<24}{count:>9}")?;
        }
        let adds = if self.all_stored() == self.with_numbers() { "adds up" } else { "DOES NOT ADD UP" };
        writeln!(text, "  {:<24}{:>9}  {adds}", "accounts read", self.all_stored() + self.all_skipped())?;
        writeln!(text, "Numbers of those {}", self.all_stored())?;
        writeln!(text, "  {:<24}{:>9}", "usable", self.numbers.usable)?;
        writeln!(text, "  {:<24}{:>9}", "no phone", self.numbers.no_phone)?;
        for (why, count) in &self.numbers.unusable {
            writeln!(text, "  {why:<24}{count:>9}")?;
        }
        let TwoProfiles { same_number, numbers_differ } = self.two_profiles;
        writeln!(
            text,
            "Both profiles: {same_number} with one number, {numbers_differ} with two (new mother's used)"
        )?;
        if self.deactivated > 0 {
            writeln!(text, "Closed since the last import: {}", self.deactivated)?;
        }
        writeln!(text, "Next: {}", if self.dry_run { "import portal" } else { "backfill --dry-run" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_unchanged() {
        let mut report = Report::new(false);
        report.written(10, Written { new: 3, updated: 2, newer: 1 });
        report.skip(&Skip::NoProfile);
        assert_eq!((report.stored.unchanged, report.all_stored(), report.all_skipped()), (4, 10, 1));
    }

    #[test]
    fn json_is_one_line_with_a_schema() {
        let line = Report::new(true).show(Output::Json);
        assert!(line.starts_with(r#"{"schema":"import-report/1","dry_run":true"#) && !line.contains('\n'));
    }

    #[test]
    fn the_end_decides_the_exit_code() {
        let mut report = Report::new(false);
        assert_eq!(report.exit(), Exit::Interrupted);
        report.complete = true;
        assert_eq!(report.exit(), Exit::Done);
        report.skip(&Skip::InvalidId);
        assert_eq!(report.exit(), Exit::SomeFailed);
    }
}
