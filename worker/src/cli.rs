//! What the worker can be told to do.

mod admin_hash;
mod ask;
mod audit;
mod bulk;
mod clock;
mod completions;
mod dead;
mod doctor;
pub(crate) mod exit;
mod healthcheck;
mod lane_argument;
mod migrate;
mod moment;
mod open;
mod output;
mod pause;
mod phone;
mod prune;
mod recover;
mod register;
mod reopen;
mod run;
mod stats;
mod status;
mod suppress;
mod unknown;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::cli::exit::Failure;

const EXAMPLES: &str = "\
Examples:
  worker migrate                        bring the database up to date
  worker doctor                         see whether everything is in place
  worker run                            consume signups until SIGTERM
  worker status 1042                    what became of one user
  echo 9807969278 | worker phone -      see what becomes of a number, touching nothing
  echo 9807969278 | worker register -   take one number through the whole pipeline

Exit codes: 0 ok, 2 usage, 3 finished with some failures, 69 dependency unreachable, 78 configuration, 130 interrupted.
Configuration comes from the environment: docs/configuration.md.";

const RUN_EXAMPLES: &str = "\
Examples:
  worker run
  LOG_FORMAT=pretty RUST_LOG=info,worker=debug worker run

It waits for Postgres and RabbitMQ. SIGTERM or Ctrl-C: what is in flight is finished. docs/operations.md.";

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
    #[command(before_help = RUN_EXAMPLES)]
    Run,
    /// Bring the database up to date
    Migrate(migrate::Arguments),
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
    /// Deliveries that could not be processed: look at them, replay them, drop them
    #[command(subcommand)]
    Dead(dead::Command),
    /// Show who decided what by hand, and why
    Audit(audit::Arguments),
    /// Hold lanes, in all running workers
    Pause(pause::Pause),
    /// Let a paused lane go on
    Resume(pause::Resume),
    /// Forget what is older than the configured periods; never attempts
    Prune(prune::Arguments),
    /// After a restored backup: record the messages it does not know
    Recover(recover::Arguments),
    /// Look at everything the worker needs; changes nothing
    Doctor(doctor::Arguments),
    /// Tell the story of one user, masked
    Status(status::Arguments),
    /// Count users, attempts and what waits
    Stats(stats::Arguments),
    /// Make a line of ADMIN_USERS_FILE: who may sign in to the dashboard
    AdminHash(admin_hash::Arguments),
    /// Move the calendar ahead, in tests
    #[command(subcommand)]
    Clock(clock::Command),
    /// Print a script that completes commands and options
    Completions(completions::Arguments),
}

/// Runs the command.
pub(crate) async fn dispatch(arguments: Arguments) -> Result<ExitCode, Failure> {
    match arguments.command {
        Command::Run => run::run().await,
        Command::Migrate(arguments) => migrate::run(&arguments).await,
        Command::Healthcheck(arguments) => healthcheck::run(arguments).await,
        Command::Phone(arguments) => phone::run(&arguments),
        Command::Register(arguments) => register::run(&arguments).await,
        Command::Suppress(command) => suppress::run(&command).await,
        Command::Unknown(command) => unknown::run(&command).await,
        Command::Reopen(arguments) => reopen::run(&arguments).await,
        Command::Dead(command) => dead::run(&command).await,
        Command::Audit(arguments) => audit::run(&arguments).await,
        Command::Pause(arguments) => pause::pause(&arguments).await,
        Command::Resume(arguments) => pause::resume(&arguments).await,
        Command::Prune(arguments) => prune::run(&arguments).await,
        Command::Recover(arguments) => recover::run(&arguments).await,
        Command::Doctor(arguments) => doctor::run(&arguments).await,
        Command::Status(arguments) => status::run(&arguments).await,
        Command::Stats(arguments) => stats::run(&arguments).await,
        Command::AdminHash(arguments) => admin_hash::run(&arguments),
        Command::Clock(command) => clock::run(&command).await,
        Command::Completions(arguments) => Ok(completions::run(&arguments, Arguments::command())?),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    fn every(command: &clap::Command, look: &mut impl FnMut(&clap::Command)) {
        look(command);
        command.get_subcommands().for_each(|inner| every(inner, look));
    }

    #[test]
    fn every_help_begins_with_examples() {
        every(&super::Arguments::command(), &mut |command| {
            let help = command.get_before_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.starts_with("Examples:\n  "), "{}: {help:?}", command.get_name());
        });
    }

    #[test]
    fn every_example_is_a_command_that_exists() {
        every(&super::Arguments::command(), &mut |command| {
            let help = command.get_before_help().map(ToString::to_string).unwrap_or_default();
            for line in help.lines().filter(|l| l.starts_with("  ")) {
                assert!(line.contains("worker "), "{line}");
                let words = line.split("worker ").nth(1).unwrap_or_default().split_whitespace();
                let mut at = super::Arguments::command();
                for word in words.take_while(|w| w.chars().all(|c| c.is_ascii_lowercase() || c == '-')) {
                    let Some(inner) = at.find_subcommand(word).cloned() else { break };
                    at = inner;
                }
                assert!(at.get_name() != "worker", "no such command: {line}");
            }
        });
    }
}
