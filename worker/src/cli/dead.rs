//! `worker dead`: deliveries that could not be processed. They are looked at, published once more, or given up.

mod drop;
mod filter;
mod list;
mod mask;
mod replay;
mod safety;
mod show;
mod touched;

use std::process::ExitCode;

use crate::cli::exit::Failure;

const EXAMPLES: &str = "\
Examples:
  worker dead list                                  how many of which reason, and each of them
  worker dead show 7                                what one of them says, masked
  worker dead replay --reason unknown_user --dry-run
  worker dead drop 7 --because 'a test of the portal'

What the reasons mean: docs/outcome.md.";

#[derive(Debug, clap::Subcommand)]
#[command(before_help = EXAMPLES)]
pub(super) enum Command {
    /// Count them by reason, then show them without their content
    List(list::Arguments),
    /// Show what they say, masked
    Show(show::Arguments),
    /// Publish them once more, as they came
    Replay(replay::Arguments),
    /// Give them up: their content is emptied, the rows stay
    Drop(drop::Arguments),
}

pub(super) async fn run(command: &Command) -> Result<ExitCode, Failure> {
    match command {
        Command::List(arguments) => list::run(arguments).await,
        Command::Show(arguments) => show::run(arguments).await,
        Command::Replay(arguments) => replay::run(arguments).await,
        Command::Drop(arguments) => drop::run(arguments).await,
    }
}
