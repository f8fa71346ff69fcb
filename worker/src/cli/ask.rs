//! The question before a deed.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::cli::exit::{Failure, USAGE};

/// Whether the person at the terminal says yes. Without a terminal nobody can be asked: `deed` says what
/// `--yes` would agree to.
pub(super) fn confirmed(question: &str, deed: &str) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::new(USAGE, format!("{deed}: add --yes to go on without a terminal")));
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
