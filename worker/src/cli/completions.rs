//! `worker completions`: a script for the shell.

use std::{io, process::ExitCode};

use clap::Command;
use clap_complete::Shell;

use super::output;

const EXAMPLES: &str = "\
Examples:
  worker completions bash > /etc/bash_completion.d/worker
  worker completions zsh > ~/.zfunc/_worker
  worker completions fish > ~/.config/fish/completions/worker.fish";

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The shell
    #[arg(value_parser = ["bash", "zsh", "fish"])]
    shell: String,
}

/// Writes a script for `command`.
pub(super) fn run(arguments: &Arguments, mut command: Command) -> io::Result<ExitCode> {
    let shell = match arguments.shell.as_str() {
        "zsh" => Shell::Zsh,
        "fish" => Shell::Fish,
        _ => Shell::Bash,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "worker", &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
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
