//! `worker audit`: the decisions of operators, and why.

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use serde::Serialize;
use shared::{
    cli::{
        Failure, TimeArgument,
        output::{self, Output, Record},
    },
    config::Env,
};

use super::open;
use crate::store::audit::{self, Entry, Wanted};

const EXAMPLES: &str = "\
Examples:
  worker audit                                the last 100 entries, oldest first
  worker audit --since 7d --actor maya
  worker audit --action dead --output csv     all changes of dead letters

Entries cannot be changed or deleted. They hold ids and masked numbers only.";

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Only entries of this time or later: 2026-11-25 (midnight in Nepal), 2026-11-25T18:00:00+05:45, or `2h` ago
    #[arg(long, value_name = "TIME", help_heading = "Selection")]
    since: Option<TimeArgument>,
    /// Only entries of this person
    #[arg(long, value_name = "NAME", help_heading = "Selection")]
    actor: Option<String>,
    /// Only entries of commands that begin with this, such as `dead` or `suppress add`
    #[arg(long, value_name = "COMMAND", help_heading = "Selection")]
    action: Option<String>,
    /// Show the last N entries
    #[arg(long, value_name = "N", default_value = "100", help_heading = "Selection")]
    limit: u32,
    /// Output format
    #[arg(long, value_enum, default_value = "human", help_heading = "Output")]
    output: Output,
}

pub(super) async fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let pool = open::database(Env::of_process()).await?;
    let wanted = Wanted {
        since: arguments.since.map(|time| time.before(Utc::now())),
        actor: arguments.actor.clone(),
        action: arguments.action.clone(),
        limit: Some(i64::from(arguments.limit)),
    };
    let entries = audit::list(&pool, &wanted).await.map_err(Failure::statement)?;
    let rows: Vec<Row> = entries.into_iter().map(Row::of).collect();
    output::print(&output::records("audit/1", &rows, arguments.output)?)?;
    Ok(ExitCode::SUCCESS)
}

/// The field names are a published schema: add to it, never rename.
#[derive(Serialize)]
struct Row {
    at: DateTime<Utc>,
    actor: String,
    action: String,
    subject: String,
    reason: String,
}

impl Row {
    fn of(entry: Entry) -> Self {
        let Entry { at, actor, action, subject, reason } = entry;
        Self { at, actor, action, subject, reason }
    }
}

impl Record for Row {
    const COLUMNS: &'static [&'static str] = &["at", "actor", "action", "subject", "reason"];

    fn cells(&self) -> Vec<String> {
        let texts = [&self.actor, &self.action, &self.subject, &self.reason];
        let mut cells = vec![output::time(self.at)];
        cells.extend(texts.into_iter().cloned());
        cells
    }
}
