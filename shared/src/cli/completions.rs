//! Scripts that complete commands and options in a shell.

use clap::{Command, ValueEnum};
use clap_complete::{Shell, generate};

/// The shells that a script can be made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the names are those of the shells")]
pub enum CompletionShell {
    Bash,
    Zsh,
    Fish,
}

/// The script for a command line.
pub fn completions(mut command: Command, shell: CompletionShell) -> String {
    let shell = match shell {
        CompletionShell::Bash => Shell::Bash,
        CompletionShell::Zsh => Shell::Zsh,
        CompletionShell::Fish => Shell::Fish,
    };
    let (name, mut script) = (command.get_name().to_owned(), Vec::new());
    generate(shell, &mut command, name, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}
