//! Enqueues every stored user.

mod args;
mod channels;
mod context;
mod counts;
mod estimate;
mod examples;
mod options;
mod outcomes;
mod page;
mod plan;
mod progress;
mod publish;
mod report;
mod run;
mod runs;
mod scan;
mod selection;
mod watch;

use std::process::ExitCode;

use producer::{
    Broker,
    cli::{Exit, Failure, finish, interruption, open_database, parse},
};
use shared::{
    config::{Env, insecure_allowed},
    telemetry,
};

use args::Args;
use context::{Context, Settings};

/// One each for the lock, the numbers seen, the selection and the other statements.
const CONNECTIONS: u32 = 4;

#[tokio::main]
async fn main() -> ExitCode {
    finish("backfill", run(parse::<Args>()).await)
}

async fn run(args: Args) -> Result<Exit, Failure> {
    run::refuse_without_terminal(&args.safety)?;
    let mut env = Env::of_process();
    let insecure = &insecure_allowed(&mut env);
    let settings = Settings::read(&mut env, insecure);
    // A dry run needs no broker.
    let broker = (!args.safety.dry_run).then(|| Broker::read(&mut env, insecure));
    let (mut settings, broker) = env.finish((settings, broker))?;
    telemetry::init(settings.log_format);
    let pool = open_database(&settings.database, "backfill", CONNECTIONS).await?;
    settings.reported = channels::reported(&pool, &settings).await.map_err(Failure::statement)?;
    let context = Context { pool, settings, args, stop: interruption()? };
    match broker {
        None => run::dry(&context).await,
        Some(broker) => run::real(&context, broker).await,
    }
}
