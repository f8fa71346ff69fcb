//! `worker dead list`

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use serde::Serialize;
use shared::{
    cli::{
        Failure,
        output::{self, Output, Record},
    },
    config::Env,
    lane::QueueLane,
};

use super::filter::Filter;
use crate::{
    cli::{cause, open},
    store::dead_letters::find::{self, Count, Row, Selection},
};

const EXAMPLES: &str = "\
Examples:
  worker dead list                          open letters, oldest first
  worker dead list --cause schema           only the letters with this code
  worker dead list --since 2h               only those seen in the last two hours
  worker dead list --all --output csv       replayed and dropped letters too, for a spreadsheet";

/// How many letters are shown as text without `--limit`.
const MOST: i64 = 100;

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    filter: Filter,
    /// The older spelling of `--cause`
    #[arg(long, value_name = "CODE", hide = true, conflicts_with = "cause")]
    reason: Option<String>,
    /// Replayed and dropped letters too
    #[arg(long)]
    all: bool,
    /// Output format; csv and jsonl have all letters, without the counts
    #[arg(long, value_enum, default_value = "human", help_heading = "Output")]
    output: Output,
}

impl Arguments {
    /// A list needs no justification, so `--reason` can only be the older spelling of the filter.
    pub(in crate::cli) fn cause(&self) -> Option<&str> {
        self.filter.cause.as_deref().or(self.reason.as_deref())
    }
}

pub(super) async fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    // Scripts that read both streams keep the lines that they expect.
    if let (Some(code), Output::Text) = (&arguments.reason, arguments.output) {
        eprintln!("notice: {}", cause::write_cause(code));
    }
    let pool = open::database(Env::of_process()).await?;
    let mut wanted = Selection { settled: arguments.all, ..arguments.filter.selection(arguments.cause())? };
    if arguments.output == Output::Text {
        wanted.limit = wanted.limit.or(Some(MOST));
    }
    let counts = find::counts(&pool, &wanted).await.map_err(Failure::statement)?;
    let rows = find::rows(&pool, &wanted).await.map_err(Failure::statement)?;
    let list = List::new(counts, rows);
    output::print(&match arguments.output {
        Output::Text => list.text(),
        Output::Json => output::json(&list)?,
        Output::Jsonl => output::json_lines(SCHEMA, &list.letters),
        Output::Csv => output::csv(&list.letters)?,
    })?;
    Ok(ExitCode::SUCCESS)
}

const SCHEMA: &str = "dead/1";

/// The field names, here and below, are a published schema: add to it, never rename.
#[derive(Serialize)]
struct List {
    schema: &'static str,
    counts: Vec<CauseCount>,
    letters: Vec<Letter>,
}

#[derive(Serialize)]
struct CauseCount {
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
    /// `replayed` or `dropped`; none while the letter is open.
    pub(super) fn settled(&self) -> Option<&'static str> {
        let dropped = self.dropped_at.map(|_| "dropped");
        dropped.or(self.replayed_at.map(|_| "replayed"))
    }
}

impl List {
    fn new(counts: Vec<Count>, rows: Vec<Row>) -> Self {
        let reason =
            |c: Count| CauseCount { reason: c.reason, letters: c.letters, seen: c.seen, newest: c.newest };
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

    fn text(&self) -> String {
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

impl Record for CauseCount {
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
