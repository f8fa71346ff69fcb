//! `worker completions`: completes commands and options in a shell.

use std::{io, process::ExitCode};

use clap::Command;
use shared::cli::{CompletionShell, completions, output};

const EXAMPLES: &str = "\
Examples:
  worker completions bash > /etc/bash_completion.d/worker
  worker completions zsh > ~/.zfunc/_worker
  worker completions fish > ~/.config/fish/completions/worker.fish";

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: CompletionShell,
}

/// Writes a script for `command`.
pub(super) fn run(arguments: &Arguments, command: Command) -> io::Result<ExitCode> {
    output::print(&completions(command, arguments.shell))?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::super::Arguments::command().debug_assert();
    }
}
