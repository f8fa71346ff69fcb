//! The command line of `import`.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args as ClapArgs, Parser, Subcommand};
use producer::cli::{Actor, EXIT_CODES, Output, TEMPLATE, formats};

use crate::{
    file::layout::{Assignments, Mapping},
    tables::Author,
};

const EXAMPLES: &str = "\
Examples
  import portal --dry-run                read and validate everything, write nothing
  import portal                          store new and changed users; safe to repeat
  import csv users.csv --dry-run         a file, checked as a whole before anything is written
  import csv - --map id=Nr,phone=Mobile <users.csv
  import jsonl users.jsonl --output json

";

const PORTAL_EXAMPLES: &str = "\
Examples
  PORTAL_DATABASE_URL_FILE=/run/secrets/portal import portal --dry-run
  import portal && backfill --dry-run

";

const PORTAL_NOTES: &str = "\
Settings  PORTAL_DATABASE_URL or PORTAL_DATABASE_URL_FILE, DATABASE_URL, DEFAULT_REGION,
          ALLOWED_COUNTRIES
Reads     auth_user, core_pregnantwomanprofile and core_newmotherprofile, in one read-only
          transaction; never a column about health. An import texts no user: `backfill`
          enqueues stored users.
Profiles  Of several profiles of one kind the latest counts. A date that cannot be true, such as
          one in Bikram Sambat, is left out and counted.";

const FILE_EXAMPLES: &str = "\
Examples
  import csv users.csv --dry-run --report rows.csv
  import csv users.csv --map phone=Mobile --ignore Remarks
  import csv users.csv --map 'phone=#2' --ignore '#3'
  zcat users.jsonl.gz | import jsonl - --source-time 2026-11-20T18:00:00+05:45

";

const FILE_NOTES: &str = "\
Settings  DATABASE_URL, DEFAULT_REGION, ALLOWED_COUNTRIES
Fields    id, phone (both needed), kind, language, name, due_date, child_birth_date,
          signed_up_at, active, opted_out, loss, wrong_number, consents, country_hint,
          preferred_channel, time_zone, tips_hour, cadence, household_id. Columns of those or
          similar names are recognised.
Dates     2026-12-28, times as in ISO 8601, both in the Gregorian calendar (AD).
Bad rows  Nothing is written while a row is bad, unless --allow-partial. A phone that cannot be
          texted is not bad: the user is stored, and counted by reason.
Messages  opted_out=true stops every message to the user, loss=true reports a loss,
          wrong_number=true rejects the number: even if the rest of the row is bad or older than
          the stored data. False lifts nothing.
Consents  tips:whatsapp,onboarding:sms grants two. A later withdrawal outweighs it, and after a
          stop or a loss no file grants anything. The same file again adds nothing.";

/// Store the portal's users.
#[derive(Debug, Parser)]
#[command(name = "import", version, help_template = TEMPLATE, before_help = EXAMPLES, after_help = EXIT_CODES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) source: Source,
}

/// The source of the users.
#[derive(Debug, Subcommand)]
pub(crate) enum Source {
    /// The portal's own Postgres.
    Portal(Portal),
    /// A file of comma-, semicolon- or tab-separated values with a header.
    Csv(File),
    /// A file with one JSON object per line.
    Jsonl(File),
}

/// Store the users of the portal's Postgres: new users, and changes of the others.
#[derive(Debug, ClapArgs)]
#[command(help_template = TEMPLATE, before_help = PORTAL_EXAMPLES, after_help = PORTAL_NOTES)]
pub(crate) struct Portal {
    #[command(flatten)]
    pub(crate) options: Options,
}

/// Store the users of a file: new users, and changes of the others.
#[derive(Debug, ClapArgs)]
#[command(help_template = TEMPLATE, before_help = FILE_EXAMPLES, after_help = FILE_NOTES)]
pub(crate) struct File {
    /// The file, or `-` for standard input.
    #[arg(value_name = "FILE")]
    pub(crate) path: PathBuf,
    /// Which column holds which field, if its name does not say so. COLUMN is a title, which may contain commas, or a
    /// position such as `#3`. May be repeated.
    #[arg(long, value_name = "FIELD=COLUMN", help_heading = "Columns")]
    map: Vec<Assignments>,
    /// A column to leave out, by its title or its position. May be repeated.
    #[arg(long, value_name = "COLUMN", help_heading = "Columns")]
    ignore: Vec<String>,
    /// When the data were exported [default: the file's time; for standard input, now]. Later changes here are
    /// kept.
    #[arg(long, value_name = "TIME")]
    pub(crate) source_time: Option<DateTime<Utc>>,
    /// Store the good rows even if others are bad.
    #[arg(long, help_heading = "Safety")]
    pub(crate) allow_partial: bool,
    /// Write every row that needs attention as CSV: user id, line, reason, what to do.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) options: Options,
}

/// The options of every import.
#[derive(Debug, ClapArgs)]
pub(crate) struct Options {
    /// Read, validate and compare; write nothing.
    #[arg(short = 'n', long, help_heading = "Safety")]
    pub(crate) dry_run: bool,
    #[command(flatten, next_help_heading = "Safety")]
    actor: Actor,
    /// The justification, for the audit log.
    #[arg(long, default_value = "", hide_default_value = true, help_heading = "Safety")]
    reason: String,
    /// How the report is written.
    #[arg(long, value_name = "FORMAT", default_value = "human", value_parser = formats([Output::Text, Output::Json]), help_heading = "Output")]
    pub(crate) output: Output,
    /// No progress on standard error.
    #[arg(long, help_heading = "Output")]
    pub(crate) no_progress: bool,
}

impl Options {
    /// The actor and the justification.
    pub(crate) fn author(&self) -> Author {
        Author { actor: self.actor.name(), reason: self.reason.clone() }
    }
}

impl File {
    /// The options `--map` and `--ignore`.
    pub(crate) fn mapping(&self) -> Mapping {
        Mapping::new(&self.map, &self.ignore)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
        assert!(Args::try_parse_from(["import"]).is_err());
        let Source::Portal(args) = Args::try_parse_from(["import", "portal", "-n"]).unwrap().source else {
            panic!()
        };
        assert!(args.options.dry_run && args.options.output == Output::Text);
    }

    #[test]
    fn columns_are_mapped_and_ignored() {
        let line = "import csv - --map phone=Mobile,id=Nr --ignore a --ignore b --source-time 2026-11-20T18:00:00+0545";
        let Source::Csv(args) = Args::try_parse_from(line.split(' ')).unwrap().source else { panic!() };
        assert_eq!((args.map.len(), args.ignore.len()), (1, 2));
        assert_eq!(args.source_time.unwrap().to_rfc3339(), "2026-11-20T12:15:00+00:00");
        assert!(Args::try_parse_from(["import", "csv", "-", "--map", "tel=x"]).is_err());
    }
}
