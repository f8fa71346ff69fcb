//! `worker stats`: how many, of which kind, how fast.

mod figures;
mod print;

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
    time::Duration,
};

use figures::Figures;
use shared::config::Env;
use sqlx::PgPool;
use uuid::Uuid;

use super::{
    open,
    output::{self, Output},
};
use crate::{
    cli::exit::{Failure, USAGE},
    store::{backfill_runs, counts},
};

const EXAMPLES: &str = "\
Examples:
  worker stats                    users by state and reason, the last hour, what waits
  worker stats --watch            the same every 2 seconds until Ctrl-C
  worker stats --run last         only the users whom the last backfill enqueued
  worker stats --output csv       for a spreadsheet

Exit codes: 0 ok, 2 there is no such run, 69 Postgres unreachable, 78 configuration.";

const INTERVAL: Duration = Duration::from_secs(2);
/// Clears a terminal and goes to its first line.
const CLEAR: &str = "\u{1b}[2J\u{1b}[H";

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Only the users of this backfill, by state and reason: the beginning of its id, or `last`
    #[arg(long)]
    run: Option<String>,
    /// Again every 2 seconds, until Ctrl-C
    #[arg(long)]
    watch: bool,
    /// How to print it
    #[arg(long, value_enum, default_value = "human")]
    output: Output,
}

pub(super) async fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let pool = open::database(Env::of_process()).await?;
    let run = match &arguments.run {
        Some(name) => Some(find(&pool, name).await?),
        None => None,
    };
    loop {
        let figures = collect(&pool, run).await.map_err(open::failed)?;
        let text = match arguments.output {
            Output::Human => print::human(&figures),
            Output::Json if !arguments.watch => output::json(&figures)?,
            Output::Json | Output::Jsonl => output::json_line(&figures)?,
            Output::Csv => print::csv(&figures)?,
        };
        let clear = arguments.watch && arguments.output == Output::Human && io::stdout().is_terminal();
        output::print(&if clear { format!("{CLEAR}{text}") } else { text })?;
        if !arguments.watch {
            return Ok(ExitCode::SUCCESS);
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

async fn find(pool: &PgPool, name: &str) -> Result<Uuid, Failure> {
    let prefix = if name == "last" { "" } else { name };
    let found = backfill_runs::find(pool, &prefix.to_ascii_lowercase()).await.map_err(open::failed)?;
    match found[..] {
        [] => Err(Failure::new(
            USAGE,
            format!("there is no backfill {name}; look into the table backfill_runs"),
        )),
        [_, _, ..] if name != "last" => {
            Err(Failure::new(USAGE, format!("several backfills begin with {name}; give more of the id")))
        }
        [run, ..] => Ok(run),
    }
}

async fn collect(pool: &PgPool, run: Option<Uuid>) -> Result<Figures, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    Ok(Figures::new(
        counts::groups(&mut connection, run).await?,
        &counts::last_hour(&mut connection).await?,
        &counts::backlog(&mut connection).await?,
        counts::unknown(&mut connection).await?,
        counts::dead_letters(&mut connection).await?,
    ))
}
