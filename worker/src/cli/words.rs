//! `worker words`: how inbound messages are understood.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use shared::{
    cli::{Failure, lines},
    words,
};

const EXAMPLES: &str = "\
Examples:
  echo 'बन्द' | worker words test -
  worker words test - < sentences.txt

Prints each line, a tab and its class: stop, start, help, less, birth, loss, loss_mentioned, wrong_number, danger,
maybe_stop or other. It changes nothing and sends nothing.";

#[derive(Debug, clap::Subcommand)]
#[command(before_help = EXAMPLES)]
pub(super) enum Command {
    /// Show how texts are understood
    #[command(before_help = EXAMPLES)]
    Test {
        /// A text; `-` reads one per line from standard input
        #[arg(allow_hyphen_values = true)]
        text: String,
    },
}

pub(super) fn run(command: &Command) -> Result<ExitCode, Failure> {
    let Command::Test { text } = command;
    let edition = words::edition();
    if edition.reviewed_by.is_none() {
        eprintln!("word lists, version {}: not reviewed by a native speaker yet", edition.version);
    }
    let mut out = io::stdout().lock();
    for line in lines(text)? {
        writeln!(out, "{line}\t{}", words::understand(&line, None).class())?;
    }
    Ok(ExitCode::SUCCESS)
}
