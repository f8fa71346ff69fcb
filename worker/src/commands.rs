//! What the worker can be told to do.

mod healthcheck;
mod migrate;
mod open;
mod phone;
mod register;
mod reopen;
mod run;
mod suppress;
mod unknown;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::exit::Failure;

const EXAMPLES: &str = "\
Examples:
  worker migrate                        bring the database up to date
  worker run                            consume signups until SIGTERM
  echo 9807969278 | worker phone -      see what becomes of a number, touching nothing
  echo 9807969278 | worker register -   take one number through the whole pipeline

Exit codes: 0 ok, 2 usage, 3 finished with some failures, 69 dependency unreachable, 78 configuration, 130 interrupted.
Configuration comes from the environment: docs/configuration.md.";

/// Registers the phone numbers of new Aamcare users with Twilio and welcomes each one once.
#[derive(Debug, Parser)]
#[command(name = "worker", version, before_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Consume signups until SIGTERM or Ctrl-C
    Run,
    /// Bring the database up to date
    Migrate,
    /// Ask a running worker whether it lives (for containers without curl)
    Healthcheck(healthcheck::Arguments),
    /// Show what becomes of numbers, one TSV line each; sends nothing
    Phone(phone::Arguments),
    /// Take one number through the whole pipeline, printing each step
    Register(register::Arguments),
    /// Numbers that must never be texted
    #[command(subcommand)]
    Suppress(suppress::Command),
    /// Outcomes that nobody knows: list them, and settle those left to a person
    #[command(subcommand)]
    Unknown(unknown::Command),
    /// Allow one more attempt for users who were refused, or whose message failed
    Reopen(reopen::Arguments),
}

/// Runs the command.
pub(crate) async fn dispatch(arguments: Arguments) -> Result<ExitCode, Failure> {
    match arguments.command {
        Command::Run => run::run().await,
        Command::Migrate => migrate::run().await,
        Command::Healthcheck(arguments) => healthcheck::run(arguments).await,
        Command::Phone(arguments) => phone::run(&arguments),
        Command::Register(arguments) => register::run(&arguments).await,
        Command::Suppress(command) => suppress::run(&command).await,
        Command::Unknown(command) => unknown::run(&command).await,
        Command::Reopen(arguments) => reopen::run(&arguments).await,
    }
}
