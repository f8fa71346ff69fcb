//! The commands of the worker.

mod admin_hash;
mod audit;
mod bulk;
mod cause;
mod clock;
mod completions;
mod consent;
mod dead;
mod doctor;
mod healthcheck;
mod inbox;
mod lane_argument;
mod links;
mod loss;
mod migrate;
mod open;
mod pause;
mod person;
mod phone;
mod prune;
mod recover;
mod register;
mod reopen;
mod run;
mod stats;
mod status;
mod suppress;
mod templates;
mod unknown;
mod words;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};
use shared::cli::Failure;

const EXAMPLES: &str = "\
Examples:
  worker migrate                        bring the database up to date
  worker doctor                         check everything the worker needs
  worker run                            consume signups until SIGTERM
  worker status 1042                    the timeline of one user
  echo 9807969278 | worker phone -      how a number is read; sends nothing
  worker stats                          counts of users, attempts and waiting work

Exit codes: 0 ok, 2 usage, 3 finished with some failures, 69 dependency unreachable, 78 configuration, 130 interrupted.
Times: a date alone is midnight in Nepal (Asia/Kathmandu).
Configuration comes from the environment: docs/configuration.md.";

const RUN_EXAMPLES: &str = "\
Examples:
  worker run
  LOG_FORMAT=pretty RUST_LOG=info,worker=debug worker run

The worker waits for Postgres and RabbitMQ. After SIGTERM or Ctrl-C it finishes what is in flight. docs/operations.md.";

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
    /// Check that a running worker answers (for containers without curl)
    Healthcheck(healthcheck::Arguments),
    /// Show how numbers are read; sends nothing
    Phone(phone::Arguments),
    /// Send one number through the whole pipeline and print each step
    Register(register::Arguments),
    /// List and change the numbers that must never be texted
    #[command(subcommand)]
    Suppress(suppress::Command),
    /// Show and enter what users agreed to
    #[command(subcommand)]
    Consent(consent::Command),
    /// Enter a loss, after which nothing automatic is sent
    #[command(subcommand)]
    Loss(loss::Command),
    /// Show, correct or erase what is stored about a user
    #[command(subcommand)]
    Person(person::Command),
    /// Show the address that stops messages to a number
    #[command(subcommand)]
    Links(links::Command),
    /// List, show and close conversations with people who wrote to us
    #[command(subcommand)]
    Inbox(inbox::Command),
    /// Show how inbound messages are understood
    #[command(subcommand)]
    Words(words::Command),
    /// Map templates of WhatsApp to messages, and check them
    #[command(subcommand)]
    Templates(templates::Command),
    /// List and settle attempts whose outcome is unknown
    #[command(subcommand)]
    Unknown(unknown::Command),
    /// Allow one more attempt for users whose message was refused or failed
    Reopen(reopen::Arguments),
    /// List, show, replay and drop deliveries that could not be processed
    #[command(subcommand)]
    Dead(dead::Command),
    /// Show the decisions of operators, and why
    Audit(audit::Arguments),
    /// Hold lanes, in all running workers
    Pause(pause::Pause),
    /// Resume a paused lane
    Resume(pause::Resume),
    /// Delete what is older than the configured periods; never attempts
    Prune(prune::Arguments),
    /// Record the messages that a restored database lacks
    Recover(recover::Arguments),
    /// Check everything the worker needs; changes nothing
    Doctor(doctor::Arguments),
    /// Show the timeline of a user, masked
    Status(status::Arguments),
    /// Count users, attempts and waiting work
    Stats(stats::Arguments),
    /// Make a line of ADMIN_USERS_FILE, for a person who may sign in to the dashboard
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
        Command::Consent(command) => consent::run(&command).await,
        Command::Loss(command) => loss::run(&command).await,
        Command::Person(command) => person::run(&command).await,
        Command::Inbox(command) => inbox::run(&command).await,
        Command::Words(command) => words::run(&command),
        Command::Links(command) => links::run(&command).await,
        Command::Templates(command) => templates::run(&command).await,
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
