//! `worker templates`: which template of WhatsApp a message is sent with, and whether it may be sent.

mod check;
mod list;
mod map;
mod sync;

use std::process::ExitCode;

use shared::{
    cli::{Failure, Output},
    config::Env,
};

use super::open;

const EXAMPLES: &str = "\
Examples:
  worker templates sync                          ask Twilio for the templates and their approvals
  worker templates list                          every template, mapped or not
  worker templates map tip pregnancy ne HX… --var 1=week --var 2=text --reason '…'
  worker templates check                         whether every mapped template may be sent

WhatsApp delivers approved templates only. docs/whatsapp.md says how to make and map them.";

const LIST_EXAMPLES: &str = "\
Examples:
  worker templates list
  worker templates list --output csv     for a spreadsheet

Mapped templates come first, then those that only Twilio knows.";

const CHECK_EXAMPLES: &str = "\
Examples:
  worker templates check

Exit codes: 0 every mapped template may be sent, 3 some may not, 78 none is mapped for a channel in CHANNELS.";

#[derive(Debug, clap::Subcommand)]
#[command(before_help = EXAMPLES)]
pub(super) enum Command {
    /// Ask Twilio for all templates and their approvals
    Sync(sync::Arguments),
    /// Show the templates and whether they may be sent
    #[command(before_help = LIST_EXAMPLES)]
    List {
        /// Output format
        #[arg(long, value_enum, default_value = "human")]
        output: Output,
    },
    /// Send messages of this kind, slot and language with a template
    Map(map::Map),
    /// Send them with this template no longer
    Unmap(map::Unmap),
    /// Check that every mapped template may be sent
    #[command(before_help = CHECK_EXAMPLES)]
    Check,
}

pub(super) async fn run(command: &Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Sync(arguments) => sync::run(arguments).await,
        Command::List { output } => list::run(&open::database(Env::of_process()).await?, *output).await,
        Command::Map(arguments) => map::map(&open::database(Env::of_process()).await?, arguments).await,
        Command::Unmap(arguments) => map::unmap(&open::database(Env::of_process()).await?, arguments).await,
        Command::Check => check::run().await,
    }
}
