//! `worker audit`: who decided what, and why.

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use serde::Serialize;
use shared::config::Env;

use super::{
    moment::Moment,
    open,
    output::{self, Output, Record},
};
use crate::{
    cli::exit::Failure,
    store::audit::{self, Entry, Wanted},
};

const EXAMPLES: &str = "\
Examples:
  worker audit                                the latest 100 deeds, oldest first
  worker audit --since 7d --actor maya
  worker audit --action dead --output csv     everything that was done to dead letters

The log cannot be changed. It holds ids and masked numbers only.";

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Deeds of this time or later: 2026-11-25, 2026-11-25T18:00:00+05:45, or `2h` ago
    #[arg(long, value_name = "TIME", help_heading = "Selection")]
    since: Option<Moment>,
    /// Deeds of this person
    #[arg(long, help_heading = "Selection")]
    actor: Option<String>,
    /// Deeds by this command, such as `suppress add`, or by commands that begin so
    #[arg(long, value_name = "COMMAND", help_heading = "Selection")]
    action: Option<String>,
    /// The latest so many
    #[arg(long, value_name = "N", default_value = "100", help_heading = "Selection")]
    limit: u32,
    /// How to print it
    #[arg(long, value_enum, default_value = "human", help_heading = "Output")]
    output: Output,
}

pub(super) async fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let pool = open::database(Env::of_process()).await?;
    let wanted = Wanted {
        since: arguments.since.map(|m| m.back_from(Utc::now())),
        actor: arguments.actor.clone(),
        action: arguments.action.clone(),
        limit: Some(i64::from(arguments.limit)),
    };
    let entries = audit::list(&pool, &wanted).await.map_err(open::failed)?;
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
