//! The confirmation of a change: `--yes`, or an answer at the terminal.

use std::io::{self, BufRead, IsTerminal, Write};

use super::Failure;

/// The argument `--yes`.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct Confirmation {
    /// Do not ask for a confirmation; needed without a terminal
    #[arg(long, short)]
    yes: bool,
}

impl Confirmation {
    /// Whether `--yes` is given.
    pub fn yes(self) -> bool {
        self.yes
    }

    /// Whether the operator agrees: with `--yes`, or by an answer at the terminal. Fails as [`confirm`] does.
    pub fn given(self, question: &str, change: &str) -> Result<bool, Failure> {
        Ok(self.yes || confirm(question, change)?)
    }
}

/// Asks at the terminal. Without a terminal it is a usage error that says what `--yes` would do: `change` is a
/// clause such as "this sends a message".
pub fn confirm(question: &str, change: &str) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(format!("{change}: add --yes to confirm it without a terminal")));
    }
    let mut err = io::stderr();
    write!(err, "{question} [y/N] ")?;
    err.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(is_yes(&answer))
}

fn is_yes(line: &str) -> bool {
    matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::is_yes;

    #[test]
    fn only_yes_is_yes() {
        assert!(is_yes("y\n") && is_yes(" YES \n"));
        assert!(!is_yes("\n") && !is_yes("no") && !is_yes("yy"));
    }
}
