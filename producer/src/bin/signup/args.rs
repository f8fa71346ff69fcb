//! The command line of `signup`.

use std::{
    io::{self, BufRead, Read},
    path::PathBuf,
};

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use producer::{
    ProfileChange, Signup, UserKind,
    cli::{EXIT_CODES, Failure, LONGEST_RECORD, TEMPLATE},
};
use shared::{
    events::{SignedUpData, TextOrInteger},
    phone::CountryCode,
};

use crate::line;

const EXAMPLES: &str = "\
Examples
  signup --user-id 1042 --phone -            one signup; the number is read from standard input
  signup --format jsonl - < signups.jsonl    a stream, one object a line, constant memory
  signup --format csv signups.csv            columns user_id,phone_number,… named in the first line
  signup relay                               the outbox of a portal, until Ctrl-C or SIGTERM

Each line of JSON is the `data` of the contract, {\"user_id\":\"1042\",\"phone_number\":\"98…\"}, or a
full event of any type in the contract except a backfill, which keeps its id, time and bytes: an old
file can be replayed. The last line on standard output counts, as JSON: published, confirmed,
returned, refused (no confirm), rejected (lines without a valid event).

";

/// Publish signups to RabbitMQ, each confirmed by the broker.
#[derive(Debug, Parser)]
#[command(name = "signup", version, help_template = TEMPLATE, before_help = EXAMPLES, after_help = EXIT_CODES)]
#[command(arg_required_else_help = true, disable_help_subcommand = true)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Args {
    #[command(flatten)]
    one: One,
    /// Read many signups from FILE, in this format.
    #[arg(long, value_name = "FORMAT", requires = "file", help_heading = "Many", conflicts_with_all = ONE)]
    format: Option<Format>,
    /// The file, `-` for standard input.
    #[arg(value_name = "FILE", requires = "format", help_heading = "Many", conflicts_with_all = ONE)]
    file: Option<PathBuf>,
    #[command(subcommand)]
    outbox: Option<Outbox>,
}

/// The commands for the outbox of a portal.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum Outbox {
    /// Publish the rows of the portal's table onboarding_outbox, each at least once, and mark them.
    ///
    /// Reads OUTBOX_DATABASE_URL, AMQP_URL, AMQP_NAMESPACE and RELAY_OPS_ADDR. On Ctrl-C or SIGTERM it finishes the
    /// batch in hand and exits with 0. The last line on standard output counts, as JSON: published, failed
    /// (attempts that left a last_error), purged (rows deleted a day after they were published).
    #[command(after_help = EXIT_CODES)]
    Relay {
        /// Publish the waiting rows, then exit; with 3 if a row failed.
        #[arg(long)]
        once: bool,
    },
    /// Print the SQL of the table onboarding_outbox, for a migration of the portal.
    OutboxDdl,
}

const ONE: [&str; 7] = ["user_id", "phone", "language", "name", "kind", "country", "channel"];

/// One signup.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "One")]
pub(crate) struct One {
    /// The portal's id of the user.
    #[arg(long, value_name = "ID", requires = "phone", required_unless_present = "format")]
    user_id: Option<String>,
    /// The number as typed; `-` reads it from standard input, so that lists of processes do not show it.
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    phone: Option<String>,
    /// The user's language, such as `ne` or `en`.
    #[arg(long)]
    language: Option<String>,
    /// The user's name; never sent, never logged.
    #[arg(long)]
    name: Option<String>,
    /// The kind of profile in the portal.
    #[arg(long)]
    kind: Option<Kind>,
    /// Country of a number without country code, such as NP.
    #[arg(long, value_name = "CODE")]
    country: Option<CountryCode>,
    /// The preferred channel. It is recorded; an SMS is sent.
    #[arg(long)]
    channel: Option<String>,
}

/// The format of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One JSON object a line.
    Jsonl,
    /// Comma-, semicolon- or tab-separated, with a header.
    Csv,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Kind {
    PregnantWoman,
    NewMother,
    Other,
}

/// The source of the signups.
pub(crate) enum Source {
    /// The outbox of a portal.
    Outbox(Outbox),
    /// The command line.
    One(One),
    /// A file or standard input.
    Stream { format: Format, file: PathBuf },
}

impl Args {
    pub(crate) fn source(self) -> Source {
        match (self.outbox, self.format, self.file) {
            (Some(outbox), ..) => Source::Outbox(outbox),
            (None, Some(format), Some(file)) => Source::Stream { format, file },
            _ => Source::One(self.one),
        }
    }
}

impl One {
    /// The signup it describes; reads the number when it is `-`.
    pub(crate) fn signup(self) -> Result<Signup, Failure> {
        let phone = match self.phone.as_deref() {
            Some("-") => first_line()?,
            typed => typed.unwrap_or_default().to_owned(),
        };
        let data = SignedUpData {
            user_id: TextOrInteger(self.user_id.unwrap_or_default()),
            phone_number: Some(TextOrInteger(phone)),
            country_hint: self.country.map(|country| country.to_string()),
            preferred_language: self.language,
            preferred_channel: self.channel,
            kind: self.kind.map(UserKind::from),
            display_name: self.name,
            profile: ProfileChange::default(),
            consents: Vec::new(),
        };
        line::of_data(&data).map_err(|rejected| Failure::usage(rejected.to_string()))
    }
}

/// The first line of standard input, without its line break.
fn first_line() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().lock().take(LONGEST_RECORD as u64).read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

impl From<Kind> for UserKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::PregnantWoman => Self::PregnantWoman,
            Kind::NewMother => Self::NewMother,
            Kind::Other => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, error::ErrorKind};

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn one_and_many_exclude_each_other() {
        let parse = |line: &str| Args::try_parse_from(line.split(' '));
        assert!(parse("signup --user-id 1 --phone -").is_ok());
        assert!(parse("signup --format jsonl -").is_ok());
        let refused = [
            ("signup --user-id 1", ErrorKind::MissingRequiredArgument),
            ("signup --phone 1", ErrorKind::MissingRequiredArgument),
            ("signup --format jsonl", ErrorKind::MissingRequiredArgument),
            ("signup --format csv - --user-id 1 --phone 2", ErrorKind::ArgumentConflict),
            ("signup --user-id 1 --phone 2 file", ErrorKind::ArgumentConflict),
            ("signup --format xml -", ErrorKind::InvalidValue),
        ];
        for (line, kind) in refused {
            assert_eq!(parse(line).unwrap_err().kind(), kind, "{line}");
        }
    }

    #[test]
    fn a_country_is_a_two_letter_code() {
        let parse = |code: &str| {
            Args::try_parse_from(["signup", "--user-id", "1", "--phone", "2", "--country", code])
        };
        assert!(parse("np").is_ok());
        for unknown in ["UAE", "NPL", "Nepal", "none", ""] {
            let error = parse(unknown).unwrap_err();
            assert_eq!((error.kind(), error.exit_code()), (ErrorKind::ValueValidation, 2), "{unknown}");
        }
    }

    #[test]
    fn the_outbox_has_commands_of_its_own() {
        let parse = |line: &str| Args::try_parse_from(line.split(' '));
        assert_eq!(parse("signup relay --once").unwrap().outbox, Some(Outbox::Relay { once: true }));
        assert_eq!(parse("signup outbox-ddl").unwrap().outbox, Some(Outbox::OutboxDdl));
        assert!(parse("signup relay --user-id 1").is_err() && parse("signup --user-id 1 relay").is_err());
        let file = parse("signup --format jsonl relay").unwrap();
        assert!(matches!(file.source(), Source::Stream { file, .. } if file.as_os_str() == "relay"));
    }

    #[test]
    fn options_become_the_signup() {
        let line = "signup --user-id 7 --phone 980 --kind new_mother --language en --country IN";
        let Source::One(one) = Args::try_parse_from(line.split(' ')).unwrap().source() else { panic!() };
        let signup = one.signup().unwrap();
        assert_eq!((signup.user_id.as_str(), signup.phone.as_str()), ("7", "980"));
        assert_eq!(signup.user_kind, Some(UserKind::NewMother));
        assert_eq!(signup.country_hint.as_deref(), Some("IN"));
    }
}
