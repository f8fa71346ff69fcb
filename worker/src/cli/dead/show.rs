//! `worker dead show`

use std::{fmt::Write as _, process::ExitCode};

use serde::Serialize;
use serde_json::Value;
use shared::config::Env;
use sqlx::PgPool;

use super::{filter::numbers, mask};
use crate::{
    cli::{
        exit::{Failure, SOME_FAILED, USAGE},
        open,
        output::{self, Output},
    },
    store::dead_letters::{
        find::{self, Content, Row, Selection},
        settle::{self, Verdict},
    },
};

const EXAMPLES: &str = "\
Examples:
  worker dead show 7                                              masked
  worker dead show 7 --output json                                the same for scripts
  worker dead show 7 --reveal --because 'the portal asks whose'   as it came; who, when and why is recorded first";

/// More of a body that is no event of ours helps nobody.
const MOST_CHARS: usize = 4_000;

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(in crate::cli) struct Arguments {
    /// Ids, as `worker dead list` shows them; `-` for one per line from standard input
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
    /// Show numbers and names; recorded in the audit log before anything is shown
    #[arg(long, requires = "because", help_heading = "Safety")]
    reveal: bool,
    /// Why they must be seen; kept in the audit log
    #[arg(long, requires = "reveal", help_heading = "Safety")]
    because: Option<String>,
    /// Who looks [default: the login name]
    #[arg(long, help_heading = "Safety")]
    actor: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value = "human", help_heading = "Output")]
    output: Output,
}

pub(super) async fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    if arguments.output == Output::Csv {
        return Err(Failure::new(USAGE, "a message is no table: use --output human, json or jsonl"));
    }
    let ids = numbers(&arguments.ids)?;
    let pool = open::database(Env::of_process()).await?;
    let mut letters = Vec::new();
    for id in &ids {
        match read(&pool, *id, arguments).await.map_err(open::failed)? {
            Some(letter) => letters.push(letter),
            None => eprintln!("letter {id} does not exist: see `worker dead list`"),
        }
    }
    output::print(&match arguments.output {
        Output::Jsonl => output::json_lines(SCHEMA, &letters)?,
        Output::Human => letters.iter().map(Shown::human).collect::<Vec<_>>().join("\n"),
        Output::Json | Output::Csv => output::json(&Document { schema: SCHEMA, letters: &letters })?,
    })?;
    Ok(ExitCode::from(if letters.len() == ids.len() { 0 } else { SOME_FAILED }))
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
    /// Whether headers and body are as they came.
    revealed: bool,
    headers: Value,
    /// JSON where it is JSON, else text.
    body: Value,
}

async fn read(pool: &PgPool, id: i64, arguments: &Arguments) -> Result<Option<Shown>, sqlx::Error> {
    let wanted = Selection { ids: Some(vec![id]), settled: true, ..Selection::default() };
    let Some(row) = find::rows(pool, &wanted).await?.pop() else { return Ok(None) };
    if let Some(because) = arguments.because.as_deref().filter(|_| arguments.reveal) {
        let actor = open::actor(arguments.actor.as_deref());
        settle::revealed(pool, id, &Verdict { actor: &actor, because }).await?;
    }
    let content = find::one(pool, id).await?;
    Ok(content.map(|content| Shown::new(row, content, arguments.reveal)))
}

impl Shown {
    fn new(row: Row, content: Content, revealed: bool) -> Self {
        let (headers, body, message_id) = if revealed {
            (content.headers, as_it_came(&content.body), content.message_id)
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

    fn human(&self) -> String {
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

fn as_it_came(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}

/// Without what a terminal would obey.
fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST_CHARS) {
        Some((end, _)) => format!("{}\n… cut off after {MOST_CHARS} characters", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_told_nothing_but_text() {
        assert_eq!(harmless("a\u{1b}[2Jb\nc"), "a\u{fffd}[2Jb\nc");
        assert_eq!(cut(&"x".repeat(MOST_CHARS)).len(), MOST_CHARS);
        assert!(cut(&"é".repeat(MOST_CHARS + 1)).ends_with("characters"));
    }
}
