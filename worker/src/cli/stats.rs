//! `worker stats`: counts of users, attempts and waiting work.

mod figures;
mod print;

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
    time::Duration,
};

use figures::Figures;
use shared::{
    cli::{
        Failure,
        output::{self, Output},
    },
    config::Env,
};
use sqlx::PgPool;
use uuid::Uuid;

use super::open;
use crate::store::{backfill_runs, counts};

const EXAMPLES: &str = "\
Examples:
  worker stats                    users by state and reason, the last hour, waiting work
  worker stats --watch            the same every 2 seconds until Ctrl-C
  worker stats --run last         only the users that the last backfill enqueued
  worker stats --output csv       for a spreadsheet

Exit codes: 0 ok, 2 unknown run, 69 Postgres unreachable, 78 configuration.";

const INTERVAL: Duration = Duration::from_secs(2);
/// Clears a terminal and goes to its first line.
const CLEAR: &str = "\u{1b}[2J\u{1b}[H";

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Only the users that this backfill enqueued: the beginning of its id, or `last`
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    /// Print again every 2 seconds, until Ctrl-C
    #[arg(long)]
    watch: bool,
    /// Output format
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
        let figures = collect(&pool, run).await.map_err(Failure::statement)?;
        let text = match arguments.output {
            Output::Text => print::text(&figures),
            Output::Json if !arguments.watch => output::json(&figures)?,
            Output::Json | Output::Jsonl => output::json_line(&figures) + "\n",
            Output::Csv => print::csv(&figures)?,
        };
        let clear = arguments.watch && arguments.output == Output::Text && io::stdout().is_terminal();
        output::print(&if clear { format!("{CLEAR}{text}") } else { text })?;
        if !arguments.watch {
            return Ok(ExitCode::SUCCESS);
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

async fn find(pool: &PgPool, name: &str) -> Result<Uuid, Failure> {
    let prefix = if name == "last" { "" } else { name };
    let found = backfill_runs::find(pool, &prefix.to_ascii_lowercase()).await.map_err(Failure::statement)?;
    match found[..] {
        [] => Err(Failure::usage(format!("unknown backfill {name}: the table backfill_runs lists all runs"))),
        [_, _, ..] if name != "last" => {
            Err(Failure::usage(format!("run id {name} is ambiguous: give more characters")))
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
