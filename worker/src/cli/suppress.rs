//! `worker suppress`: numbers that must never be texted.

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use serde::Serialize;
use shared::{
    cli::{
        Actor, Exit, Failure, lines,
        output::{self, Output, Record},
    },
    config::{Env, settings::DEFAULT_REGION},
    phone::{self, Region},
};

use super::open;
use crate::store::suppressions::{self, Suppressed};

const EXAMPLES: &str = "\
Examples:
  echo 98… | worker suppress add - --reason 'asked by phone'
  worker suppress list

The worker checks the list directly before each call to Twilio.";

const ADD_EXAMPLES: &str = "\
Examples:
  echo 98… | worker suppress add - --reason 'asked by phone'
  worker suppress add - --reason 'a list of the clinic' --actor maya < numbers.txt";

const REMOVE_EXAMPLES: &str = "\
Examples:
  echo 98… | worker suppress remove - --reason 'typed wrongly'

The next event or backfill of the number's user may send, unless the user was welcomed already.";

const LIST_EXAMPLES: &str = "\
Examples:
  worker suppress list                   newest first, masked
  worker suppress list --output csv      for a spreadsheet";

#[derive(Debug, clap::Subcommand)]
#[command(before_help = EXAMPLES)]
pub(super) enum Command {
    /// Never text these numbers
    #[command(before_help = ADD_EXAMPLES)]
    Add(Change),
    /// Allow these numbers again
    #[command(before_help = REMOVE_EXAMPLES)]
    Remove(Change),
    /// Show the list, masked
    #[command(before_help = LIST_EXAMPLES)]
    List {
        /// Output format
        #[arg(long, value_enum, default_value = "human")]
        output: Output,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Change {
    /// A number; `-` reads one per line from standard input, which keeps numbers out of the process list
    #[arg(allow_hyphen_values = true)]
    number: String,
    /// Why; kept in the audit log
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    actor: Actor,
}

pub(super) async fn run(command: &Command) -> Result<ExitCode, Failure> {
    let mut env = Env::of_process();
    let region = env.parse(&DEFAULT_REGION).unwrap_or(Region::NEPAL);
    let pool = open::database(env).await?;
    match command {
        Command::List { output } => list(&pool, *output).await,
        Command::Add(change) | Command::Remove(change) => {
            let add = matches!(command, Command::Add(_));
            change_all(&pool, change, region, add).await
        }
    }
}

async fn list(pool: &sqlx::PgPool, output: Output) -> Result<ExitCode, Failure> {
    let rows = suppressions::list(pool).await.map_err(Failure::statement)?;
    let rows: Vec<Listed> = rows.into_iter().map(Listed::of).collect();
    output::print(&output::records("suppressions/1", &rows, output)?)?;
    Ok(ExitCode::SUCCESS)
}

/// The field names are a published schema: add to it, never rename.
#[derive(Serialize)]
struct Listed {
    /// Masked.
    number: String,
    since: DateTime<Utc>,
    source: String,
    actor: String,
    reason: String,
}

impl Listed {
    fn of(row: Suppressed) -> Self {
        let number = open::masked(&row.phone_e164);
        Self { number, since: row.created_at, source: row.source, actor: row.actor, reason: row.reason }
    }
}

impl Record for Listed {
    const COLUMNS: &'static [&'static str] = &["number", "since", "source", "actor", "reason"];

    fn cells(&self) -> Vec<String> {
        let texts = [&self.source, &self.actor, &self.reason];
        let mut cells = vec![self.number.clone(), output::time(self.since)];
        cells.extend(texts.into_iter().cloned());
        cells
    }
}

async fn change_all(
    pool: &sqlx::PgPool,
    change: &Change,
    region: Region,
    add: bool,
) -> Result<ExitCode, Failure> {
    let actor = change.actor.name();
    let mut unusable = 0;
    for (i, line) in lines(&change.number)?.iter().enumerate() {
        let phone = match phone::normalise(line.trim(), region) {
            Ok(phone) => phone.e164,
            Err(why) => {
                eprintln!("line {}: {why}: this number cannot be texted", i + 1);
                unusable += 1;
                continue;
            }
        };
        let (changed, done, idle) = if add {
            (
                suppressions::add(pool, &phone, &actor, &change.reason).await,
                "suppressed",
                "was suppressed already",
            )
        } else {
            (
                suppressions::lift(pool, &phone, &actor, &change.reason).await,
                "allowed again",
                "was not suppressed",
            )
        };
        println!("{} {}", phone.masked(), if changed.map_err(Failure::statement)? { done } else { idle });
    }
    Ok(Exit::all_done(unusable == 0).into())
}
