//! `worker status`: the story of one user.

mod human;
mod table;

use std::process::ExitCode;

use serde::Serialize;
use shared::config::Env;

use super::{
    open,
    output::{self, Output},
    pause,
};
use crate::{
    cli::exit::{Failure, SOME_FAILED},
    store::pauses,
    story::Story,
};

const EXAMPLES: &str = "\
Examples:
  worker status 1042                          by the portal's user id
  worker status SM9c7a…                       by a message SID, as in Twilio's console
  worker status --output jsonl - < ids.txt    many, one object per line

Exit codes: 0 ok, 3 somebody is not known here, 69 Postgres unreachable, 78 configuration.";

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Arguments {
    /// A user id or a message SID, or `-` for one per line from standard input
    who: String,
    /// How to print it; csv has a line for each thing that happened
    #[arg(long, value_enum, default_value = "human")]
    output: Output,
}

const SCHEMA: &str = "status/1";

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    users: Vec<Story>,
}

pub(super) async fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let pool = open::database(Env::of_process()).await?;
    let asked = open::lines(&arguments.who)?;
    let mut stories = Vec::new();
    let mut missing = 0;
    let paused = pauses::current(&pool).await.map_err(open::failed)?;
    if let Some(lanes) = pause::summary(&paused) {
        eprintln!("Paused lanes: {lanes}");
    }
    for (i, who) in asked.iter().enumerate() {
        match Story::find(&pool, who.trim()).await.map_err(open::failed)? {
            // One at a time, so that a long list is told as it is read.
            Some(story) if arguments.output == Output::Jsonl => {
                output::print(&output::json_lines(SCHEMA, &[story])?)?;
            }
            Some(story) if arguments.output == Output::Human => output::print(&human::lines(&story))?,
            Some(story) => stories.push(story),
            None => {
                // Not repeated: it may be a number that somebody typed.
                eprintln!("line {}: not a user id or message SID that is known here", i + 1);
                missing += 1;
            }
        }
    }
    match arguments.output {
        Output::Json => output::print(&output::json(&Document { schema: SCHEMA, users: stories })?)?,
        Output::Csv => output::print(&output::csv(&table::lines(&stories))?)?,
        Output::Human | Output::Jsonl => {}
    }
    if missing == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!(
        "Ids are the portal's. A signup that is in a dead letter or never came has no user; \
         `import portal` stores those of the portal."
    );
    Ok(ExitCode::from(SOME_FAILED))
}
