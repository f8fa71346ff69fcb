//! `worker person`: shows, corrects and erases the stored data of a user.

mod erase;
mod erasure_key;
mod export;
mod replay;
mod set;
mod user_argument;

use std::process::ExitCode;

use shared::cli::Failure;

pub(super) use erasure_key::wrong_key;

const EXAMPLES: &str = "\
Examples:
  worker person export 1042
  worker person set 1042 --due-date 2027-02-14 --reason 'told by phone'
  worker person erase 1042 --dry-run
  worker person erase 1042 --reason 'asked by the user, letter of 3 May'

The output of `export` holds the number and the name in full: give it to the person alone.";

#[derive(Debug, clap::Subcommand)]
#[command(before_help = EXAMPLES)]
pub(super) enum Command {
    /// Show everything that is stored about a user
    Export(export::Arguments),
    /// Enter what a user told staff: dates, language, time zone, hour and number of tips
    Set(Box<set::Arguments>),
    /// Erase a user for good
    Erase(erase::Arguments),
    /// List the digests of erased people, for the restore of a backup
    Erasures(replay::List),
    /// Erase again after a backup was restored
    Replay(replay::Replay),
}

pub(super) async fn run(command: &Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Export(arguments) => export::run(arguments).await,
        Command::Set(arguments) => set::run(arguments).await,
        Command::Erase(arguments) => erase::run(arguments).await,
        Command::Erasures(replay::List {}) => replay::list().await,
        Command::Replay(arguments) => replay::replay(arguments).await,
    }
}
