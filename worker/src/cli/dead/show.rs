//! `worker dead show`

use std::{fmt::Write as _, process::ExitCode};

use serde::Serialize;
use serde_json::Value;
use shared::{
    cli::{
        Actor, Exit, Failure,
        output::{self, Output, Record},
    },
    config::Env,
};
use sqlx::PgPool;

use super::{filter::numbers, mask};
use crate::{
    cli::{cause::WRITE_REASON, open},
    store::dead_letters::{
        find::{self, Content, Row, Selection},
        settle::{self, Verdict},
    },
};

const EXAMPLES: &str = "\
Examples:
  worker dead show 7                                              masked
  worker dead show 7 --output json                                the same for scripts
  worker dead show 7 --reveal --reason 'the portal asks whose'    unmasked; recorded in the audit log first";

/// The most characters of a body that text output shows. An event of ours is shorter.
const MOST_CHARS: usize = 4_000;

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES, group = clap::ArgGroup::new("justification").args(["reason", "because"]))]
pub(in crate::cli) struct Arguments {
    /// Ids, as `worker dead list` shows them; `-` reads one per line from standard input
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
    /// Show numbers and names; recorded in the audit log before anything is shown
    #[arg(long, requires = "justification", help_heading = "Safety")]
    reveal: bool,
    /// Why they must be seen; kept in the audit log
    #[arg(long, value_name = "TEXT", requires = "reveal", help_heading = "Safety")]
    reason: Option<String>,
    /// The older spelling of `--reason`
    #[arg(long, value_name = "TEXT", requires = "reveal", hide = true)]
    because: Option<String>,
    #[command(flatten, next_help_heading = "Safety")]
    actor: Actor,
    /// Output format
    #[arg(long, value_enum, default_value = "human", help_heading = "Output")]
    output: Output,
}

impl Arguments {
    /// Why the content is revealed; none if it stays masked.
    pub(in crate::cli) fn justification(&self) -> Option<&str> {
        self.reason.as_deref().or(self.because.as_deref()).filter(|_| self.reveal)
    }
}

pub(super) async fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    if arguments.because.is_some() && arguments.output == Output::Text {
        eprintln!("notice: {WRITE_REASON}");
    }
    let ids = numbers(&arguments.ids)?;
    let pool = open::database(Env::of_process()).await?;
    let mut letters = Vec::new();
    for id in &ids {
        match read(&pool, *id, arguments).await.map_err(Failure::statement)? {
            Some(letter) => letters.push(letter),
            None => eprintln!("letter {id} does not exist: see `worker dead list`"),
        }
    }
    output::print(&match arguments.output {
        Output::Jsonl => output::json_lines(SCHEMA, &letters),
        Output::Text => letters.iter().map(Shown::text).collect::<Vec<_>>().join("\n"),
        Output::Json => output::json(&Document { schema: SCHEMA, letters: &letters })?,
        Output::Csv => output::csv(&letters)?,
    })?;
    Ok(Exit::all_done(letters.len() == ids.len()).into())
}

const SCHEMA: &str = "dead-letter/1";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    letters: &'a [Shown],
}

/// The field names are a published schema: add to it, never rename.
#[derive(Serialize)]
struct Shown {
    id: i64,
    reason: String,
    detail: String,
    state: &'static str,
    seen: i32,
    bytes: i32,
    routing_key: String,
    message_id: Option<String>,
    /// Whether headers and body are unmasked.
    revealed: bool,
    headers: Value,
    /// Text if it is not JSON.
    body: Value,
}

async fn read(pool: &PgPool, id: i64, arguments: &Arguments) -> Result<Option<Shown>, sqlx::Error> {
    let wanted = Selection { ids: Some(vec![id]), settled: true, ..Selection::default() };
    let Some(row) = find::rows(pool, &wanted).await?.pop() else { return Ok(None) };
    if let Some(because) = arguments.justification() {
        let actor = arguments.actor.name();
        settle::revealed(pool, id, &Verdict { actor: &actor, because }).await?;
    }
    let content = find::one(pool, id).await?;
    Ok(content.map(|content| Shown::new(row, content, arguments.reveal)))
}

impl Shown {
    fn new(row: Row, content: Content, revealed: bool) -> Self {
        let (headers, body, message_id) = if revealed {
            (content.headers, unmasked(&content.body), content.message_id)
        } else {
            let id = content.message_id.as_deref().map(mask::id);
            (mask::value(&content.headers), mask::body(&content.body), id)
        };
        Self {
            id: row.id,
            state: row.settled().unwrap_or("open"),
            reason: row.reason,
            detail: row.detail,
            seen: row.seen,
            bytes: row.bytes,
            routing_key: if revealed { content.routing_key } else { mask::routing_key(&content.routing_key) },
            message_id,
            revealed,
            headers,
            body,
        }
    }

    fn text(&self) -> String {
        let id = self.message_id.as_deref().unwrap_or("-");
        let seen = if self.seen == 1 { "seen once".to_owned() } else { format!("seen {} times", self.seen) };
        let mut text = format!(
            "letter {}  {}, {}, {}, {} bytes\n  detail       {}\n  message id   {id}\n  routing key  {}\n",
            self.id, self.reason, self.state, seen, self.bytes, self.detail, self.routing_key
        );
        for (name, value) in [("headers", &self.headers), ("body", &self.body)] {
            if value.as_object().is_some_and(serde_json::Map::is_empty) || value == "" {
                continue;
            }
            let shown = value.as_str().map_or_else(|| format!("{value:#}"), harmless);
            // Err: writing to a String cannot fail.
            let _ = writeln!(text, "  {name}\n    {}", cut(&shown).replace('\n', "\n    "));
        }
        text
    }
}

fn unmasked(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}

/// Without control characters, which a terminal would obey.
fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST_CHARS) {
        Some((end, _)) => format!("{}\n… cut off after {MOST_CHARS} characters", &text[..end]),
        None => text.to_owned(),
    }
}

impl Record for Shown {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "reason",
        "state",
        "seen",
        "bytes",
        "routing_key",
        "message_id",
        "revealed",
        "detail",
        "headers",
        "body",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.reason.clone(),
            self.state.to_owned(),
            self.seen.to_string(),
            self.bytes.to_string(),
            self.routing_key.clone(),
            self.message_id.clone().unwrap_or_default(),
            self.revealed.to_string(),
            self.detail.clone(),
            self.headers.to_string(),
            self.body.as_str().map_or_else(|| self.body.to_string(), str::to_owned),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_no_control_characters() {
        assert_eq!(harmless("a\u{1b}[2Jb\nc"), "a\u{fffd}[2Jb\nc");
        assert_eq!(cut(&"x".repeat(MOST_CHARS)).len(), MOST_CHARS);
        assert!(cut(&"é".repeat(MOST_CHARS + 1)).ends_with("characters"));
    }
}
