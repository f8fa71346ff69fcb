//! Publishes signups: one from the command line, or a stream of them.

mod args;
mod csv_lines;
mod input;
mod json_lines;
mod line;
mod publish;
mod tally;

use std::process::ExitCode;

use clap::Parser;
use producer::{
    Producer, broker_of_process,
    command::{Exit, Failure, finish, interruption, json_line, print},
};
use shared::{config::Env, telemetry};

use args::{Args, Source};
use line::Line;
use tally::Tally;

#[tokio::main]
async fn main() -> ExitCode {
    finish("signup", run(Args::parse()).await)
}

async fn run(args: Args) -> Result<Exit, Failure> {
    let broker = broker_of_process()?;
    telemetry::init(telemetry::log_format(&mut Env::of_process()));
    let stop = interruption()?;
    let lines = match args.source() {
        Source::One(options) => input::just(Line { number: None, signup: Ok(options.signup()?) }),
        Source::Stream { format, file } => input::start(format, &file)?,
    };
    let producer = Producer::connect(broker).await?;
    let end = publish::all(&producer, lines, &stop).await;
    print(&json_line(&end.tally))?;
    if let Some(why) = end.gave_up {
        return Err(Failure::BrokerLost(why));
    }
    Ok(exit(&end.tally, stop.is_cancelled()))
}

fn exit(tally: &Tally, interrupted: bool) -> Exit {
    match (interrupted, tally.all_confirmed()) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Done,
        (false, false) => Exit::SomeFailed,
    }
}
