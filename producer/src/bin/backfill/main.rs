//! Enqueues every stored user.

mod args;
mod ask;
mod canary;
mod context;
mod dry;
mod filters;
mod hold;
mod one_number;
mod order;
mod pace;
mod pass;
mod plan;
mod publish;
mod real;
mod report;
mod room;
mod run_name;
mod settings;
mod since;
mod standing;
mod store;
mod teller;
mod trial;
mod verdict;
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
use context::Context;
use settings::Settings;

/// One holds the lock, one the numbers seen, one the selection, one works.
const CONNECTIONS: u32 = 4;

#[tokio::main]
async fn main() -> ExitCode {
    finish("backfill", run(parse::<Args>()).await)
}

async fn run(args: Args) -> Result<Exit, Failure> {
    ask::refuse_without_terminal(&args.safety)?;
    let mut env = Env::of_process();
    let insecure = &insecure_allowed(&mut env);
    let settings = Settings::read(&mut env, insecure);
    // A dry run needs no broker.
    let broker = (!args.safety.dry_run).then(|| Broker::read(&mut env, insecure));
    let (settings, broker) = env.finish((settings, broker))?;
    telemetry::init(settings.log_format);
    let pool = open_database(&settings.database, "backfill", CONNECTIONS).await?;
    let context = Context { pool, settings, args, stop: interruption()? };
    match broker {
        None => dry::run(&context).await,
        Some(broker) => real::run(&context, broker).await,
    }
}
