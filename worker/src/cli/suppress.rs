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
    consent::{
        Door, Person, Source,
        doors::{self, Effect},
    },
    phone::{self, E164, Region},
};

use super::open;
use crate::store::suppressions::{self, Suppressed};

/// What a number gets no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Scope {
    /// Every message
    All,
    /// Tips only
    Tips,
}

const EXAMPLES: &str = "\
Examples:
  echo 98… | worker suppress add - --reason 'asked by phone'
  worker suppress list

The worker checks the list directly before each call to Twilio.";

const ADD_EXAMPLES: &str = "\
Examples:
  echo 98… | worker suppress add - --reason 'asked by phone'
  echo 98… | worker suppress add - --scope tips --reason 'wants no tips'
  echo 98… | worker suppress add - --wrong-number --reason 'a shop answered'
  worker suppress add - --reason 'a list of the clinic' --actor maya < numbers.txt";

const REMOVE_EXAMPLES: &str = "\
Examples:
  echo 98… | worker suppress remove - --reason 'typed wrongly'

A user of the number who waits for the welcome is enqueued at once; one who was never enqueued waits for a backfill.";

const LIST_EXAMPLES: &str = "\
Examples:
  worker suppress list                   newest first, masked
  worker suppress list --output csv      for a spreadsheet";

#[derive(Debug, clap::Subcommand)]
#[command(before_help = EXAMPLES)]
pub(super) enum Command {
    /// Never text these numbers
    #[command(before_help = ADD_EXAMPLES)]
    Add {
        /// What they get no longer
        #[arg(long, value_enum, default_value = "all")]
        scope: Scope,
        /// They belong to somebody else: their users wait for another number
        #[arg(long, conflicts_with = "scope")]
        wrong_number: bool,
        #[command(flatten)]
        change: Change,
    },
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
        Command::Add { scope, wrong_number, change } => {
            let door = Act { command: "suppress add", done: "suppressed", idle: "was suppressed already" };
            match (scope, wrong_number) {
                (_, true) => {
                    change_all(change, region, &door, async |to, door| {
                        doors::wrong_number(&pool, to, door).await
                    })
                    .await
                }
                (Scope::All, false) => {
                    change_all(change, region, &door, async |to, door| doors::stop(&pool, to, door).await)
                        .await
                }
                (Scope::Tips, false) => {
                    change_all(change, region, &door, async |to, door| {
                        doors::stop_tips(&pool, to, door).await
                    })
                    .await
                }
            }
        }
        Command::Remove(change) => {
            let door = Act { command: "suppress remove", done: "allowed again", idle: "was not suppressed" };
            change_all(change, region, &door, async |to, door| doors::lift(&pool, to, door).await).await
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
    /// `all` or `tips`.
    scope: String,
}

impl Listed {
    fn of(row: Suppressed) -> Self {
        let number = open::masked(&row.phone_e164);
        Self {
            number,
            since: row.created_at,
            source: row.source,
            actor: row.actor,
            reason: row.reason,
            scope: row.scope,
        }
    }
}

impl Record for Listed {
    const COLUMNS: &'static [&'static str] = &["number", "since", "source", "actor", "reason", "scope"];

    fn cells(&self) -> Vec<String> {
        let texts = [&self.source, &self.actor, &self.reason, &self.scope];
        let mut cells = vec![self.number.clone(), output::time(self.since)];
        cells.extend(texts.into_iter().cloned());
        cells
    }
}

/// A change of the list, and what it prints for each number.
struct Act {
    command: &'static str,
    done: &'static str,
    idle: &'static str,
}

async fn change_all(
    change: &Change,
    region: Region,
    act: &Act,
    mut carry_out: impl AsyncFnMut(Person<'_>, &Door<'_>) -> Result<Effect, sqlx::Error>,
) -> Result<ExitCode, Failure> {
    let actor = change.actor.name();
    let door =
        Door { source: Source::Staff, actor: &actor, reason: &change.reason, action: Some(act.command) };
    let mut unusable = 0;
    for (i, line) in lines(&change.number)?.iter().enumerate() {
        let phone: E164 = match phone::normalise(line.trim(), region) {
            Ok(phone) => phone.e164,
            Err(why) => {
                eprintln!("line {}: {why}: this number cannot be texted", i + 1);
                unusable += 1;
                continue;
            }
        };
        let effect = carry_out(Person::Number(&phone), &door).await.map_err(Failure::statement)?;
        let said = match effect {
            Effect::Done => act.done,
            Effect::TipsAgain => "gets tips again; nothing else was stopped",
            Effect::Already => act.idle,
            Effect::Held => {
                unusable += 1;
                "stays suppressed: see the view needs_person. `worker loss undo` lifts it, with --number if it has no user"
            }
        };
        println!("{} {said}", phone.masked());
    }
    Ok(Exit::all_done(unusable == 0).into())
}
