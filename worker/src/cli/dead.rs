//! `worker dead`: deliveries that could not be processed. An operator lists, shows, replays or drops them.

mod change;
mod drop;
mod filter;
mod list;
mod mask;
mod replay;
mod show;
mod touched;

use std::process::ExitCode;

use shared::cli::Failure;

const EXAMPLES: &str = "\
Examples:
  worker dead list                                  counts by code, then each letter
  worker dead show 7                                the content of one letter, masked
  worker dead replay --cause unknown_user --dry-run
  worker dead drop 7 --reason 'a test of the portal'

docs/outcome.md explains the codes.";

#[derive(Debug, clap::Subcommand)]
#[command(before_help = EXAMPLES)]
pub(super) enum Command {
    /// Count dead letters by code, then list them without their content
    List(list::Arguments),
    /// Show their content, masked
    Show(show::Arguments),
    /// Publish them again, unchanged
    Replay(replay::Arguments),
    /// Delete their content; the rows stay
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
