//! Enqueues every stored user.

mod args;
mod ask;
mod estimate;
mod example;
mod lock;
mod mark;
mod numbers_seen;
mod numbers_taken;
mod plan;
mod publish;
mod report;
mod report_text;
mod run;
mod select;
mod settings;
mod tally;
mod verdict;

use std::process::ExitCode;

use clap::Parser;
use producer::{
    Broker, Producer,
    command::{Exit, Failure, finish, interruption, open_database, print},
};
use shared::{
    config::{Env, insecure_allowed},
    telemetry,
};
use sqlx::PgPool;

use args::Args;
use publish::Sink;
use report::Report;
use run::Backfill;
use settings::Settings;

/// One holds the lock, one the numbers seen, one works.
const CONNECTIONS: u32 = 3;

#[tokio::main]
async fn main() -> ExitCode {
    finish("backfill", run(&Args::parse()).await)
}

async fn run(args: &Args) -> Result<Exit, Failure> {
    ask::refuse_without_terminal(args)?;
    let mut env = Env::of_process();
    let insecure = insecure_allowed(&mut env);
    let settings = Settings::read(&mut env, insecure);
    // A dry run needs no broker.
    let broker = (!args.dry_run).then(|| Broker::read(&mut env, insecure));
    let (settings, broker) = env.finish((settings, broker))?;
    telemetry::init(settings.log_format);
    let pool = open_database(&settings.database, "backfill", CONNECTIONS).await?;
    let stop = interruption()?;
    let backfill = Backfill { pool: &pool, settings: &settings, stop: &stop, quiet: args.no_progress };
    let report = match broker {
        None => backfill.run(&Sink::Nowhere).await?,
        Some(broker) => match enqueue(&backfill, broker, &pool, args.yes).await? {
            Some(report) => report,
            None => return Ok(Exit::Interrupted),
        },
    };
    print(&report.show(args.output))?;
    report.finish()
}

/// None when the person at the terminal does not say yes.
async fn enqueue(
    backfill: &Backfill<'_>,
    broker: Broker,
    pool: &PgPool,
    yes: bool,
) -> Result<Option<Report>, Failure> {
    let producer = Producer::connect(broker).await?;
    let _lock = lock::take(pool).await?;
    if !yes {
        let planned = backfill.run(&Sink::Nowhere).await?;
        if backfill.stop.is_cancelled() || !ask::go_on(&planned, backfill.stop).await? {
            eprintln!("Nothing was enqueued.");
            return Ok(None);
        }
    }
    backfill.run(&Sink::Broker(producer)).await.map(Some)
}
