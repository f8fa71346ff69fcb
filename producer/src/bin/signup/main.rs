//! Publishes signups: one from the command line, a stream of them, or the outbox of a portal.

mod args;
mod csv_lines;
mod input;
mod json_lines;
mod line;
mod publish;
mod relay;

use std::process::ExitCode;

use producer::{
    Producer, broker_of_process,
    cli::{Exit, Failure, finish, interruption, json_line, parse, print_line},
};
use shared::{config::Env, telemetry};
use tokio::sync::mpsc::Receiver;

use args::{Args, One, Outbox, Source};
use line::{Entry, Line};
use publish::Stats;

#[tokio::main]
async fn main() -> ExitCode {
    finish("signup", run(parse::<Args>()).await)
}

async fn run(args: Args) -> Result<Exit, Failure> {
    match args.source() {
        Source::Outbox(Outbox::Relay { once }) => relay::run(once).await,
        Source::Outbox(Outbox::OutboxDdl) => {
            print_line(producer::relay::DDL.trim_end())?;
            Ok(Exit::Done)
        }
        Source::One(options) => publish(|| one(options)).await,
        Source::Stream { format, file } => publish(|| input::start(format, &file)).await,
    }
}

fn one(options: One) -> Result<Receiver<Line>, Failure> {
    let entry = Ok(Entry::Signup(options.signup()?));
    Ok(input::just(Line { number: None, entry }))
}

/// Settings are checked before any input is read.
async fn publish(open: impl FnOnce() -> Result<Receiver<Line>, Failure>) -> Result<Exit, Failure> {
    let broker = broker_of_process()?;
    telemetry::init(telemetry::log_format(&mut Env::of_process()));
    let stop = interruption()?;
    let lines = open()?;
    let producer = Producer::connect(broker).await?;
    let end = publish::all(&producer, lines, &stop).await;
    print_line(&json_line(&end.stats))?;
    if let Some(why) = end.gave_up {
        return Err(Failure::unreachable(why));
    }
    Ok(exit(&end.stats, stop.is_cancelled()))
}

fn exit(stats: &Stats, interrupted: bool) -> Exit {
    match (interrupted, stats.all_confirmed()) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Done,
        (false, false) => Exit::SomeFailed,
    }
}
