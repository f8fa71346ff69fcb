//! `worker dead list`

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use serde::Serialize;
use shared::{config::Env, lane::QueueLane};

use super::filter::Filter;
use crate::{
    cli::{
        exit::Failure,
        open,
        output::{self, Output, Record},
    },
    store::dead_letters::find::{self, Count, Row, Selection},
};

const EXAMPLES: &str = "\
Examples:
  worker dead list                          what is open, oldest first
  worker dead list --since 2h               what came in the last two hours
  worker dead list --all --output csv       also what was replayed or dropped, for a spreadsheet";

/// More are shown only when asked for.
const MOST: i64 = 100;

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    filter: Filter,
    /// Also those that were replayed or dropped
    #[arg(long)]
    all: bool,
    /// How to print it; csv and jsonl hold the letters alone, all of them
    #[arg(long, value_enum, default_value = "human", help_heading = "Output")]
    output: Output,
}

pub(super) async fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let pool = open::database(Env::of_process()).await?;
    let mut wanted = Selection { settled: arguments.all, ..arguments.filter.selection()? };
    if arguments.output == Output::Human {
        wanted.limit = wanted.limit.or(Some(MOST));
    }
    let counts = find::counts(&pool, &wanted).await.map_err(open::failed)?;
    let rows = find::rows(&pool, &wanted).await.map_err(open::failed)?;
    let list = List::new(counts, rows);
    output::print(&match arguments.output {
        Output::Human => list.human(),
        Output::Json => output::json(&list)?,
        Output::Jsonl => output::json_lines(SCHEMA, &list.letters)?,
        Output::Csv => output::csv(&list.letters)?,
    })?;
    Ok(ExitCode::SUCCESS)
}

const SCHEMA: &str = "dead/1";

/// The field names, here and below, are a published schema: add to it, never rename.
#[derive(Serialize)]
struct List {
    schema: &'static str,
    counts: Vec<OfReason>,
    letters: Vec<Letter>,
}

#[derive(Serialize)]
struct OfReason {
    reason: String,
    letters: i64,
    seen: i64,
    newest: DateTime<Utc>,
}

#[derive(Serialize)]
struct Letter {
    id: i64,
    reason: String,
    lane: Option<QueueLane>,
    seen: i32,
    first_seen_at: DateTime<Utc>,
    last_seen_at: DateTime<Utc>,
    bytes: i32,
    state: &'static str,
    settled_at: Option<DateTime<Utc>>,
    settled_by: Option<String>,
    detail: String,
}

impl Row {
    /// `replayed` or `dropped`; none while it is open.
    pub(super) fn settled(&self) -> Option<&'static str> {
        let dropped = self.dropped_at.map(|_| "dropped");
        dropped.or(self.replayed_at.map(|_| "replayed"))
    }
}

impl List {
    fn new(counts: Vec<Count>, rows: Vec<Row>) -> Self {
        let reason =
            |c: Count| OfReason { reason: c.reason, letters: c.letters, seen: c.seen, newest: c.newest };
        let letter = |row: Row| Letter {
            state: row.settled().unwrap_or("open"),
            settled_at: row.dropped_at.or(row.replayed_at),
            settled_by: row.settled_by,
            id: row.id,
            reason: row.reason,
            lane: row.lane,
            seen: row.seen,
            first_seen_at: row.first_seen_at,
            last_seen_at: row.last_seen_at,
            bytes: row.bytes,
            detail: row.detail,
        };
        let (counts, letters) =
            (counts.into_iter().map(reason).collect(), rows.into_iter().map(letter).collect());
        Self { schema: SCHEMA, counts, letters }
    }

    fn human(&self) -> String {
        let all: i64 = self.counts.iter().map(|c| c.letters).sum();
        if all == 0 {
            return "no dead letters\n".to_owned();
        }
        let shown = self.letters.len();
        let more = if i64::try_from(shown).is_ok_and(|shown| shown < all) {
            format!("{shown} of {all} shown: --limit {all} shows all\n")
        } else {
            String::new()
        };
        format!("{}\n{}{more}", output::table(&self.counts), output::table(&self.letters))
    }
}

impl Record for OfReason {
    const COLUMNS: &'static [&'static str] = &["reason", "letters", "seen", "newest"];

    fn cells(&self) -> Vec<String> {
        vec![self.reason.clone(), self.letters.to_string(), self.seen.to_string(), output::time(self.newest)]
    }
}

impl Record for Letter {
    const COLUMNS: &'static [&'static str] =
        &["id", "reason", "lane", "seen", "first_seen", "last_seen", "bytes", "state", "detail"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.reason.clone(),
            self.lane.map_or("-", QueueLane::as_str).to_owned(),
            self.seen.to_string(),
            output::time(self.first_seen_at),
            output::time(self.last_seen_at),
            self.bytes.to_string(),
            self.state.to_owned(),
            self.detail.clone(),
        ]
    }
}
