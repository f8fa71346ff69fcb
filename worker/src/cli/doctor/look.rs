//! Colours and signs, as the terminal can show them.

use std::io::{self, IsTerminal};

use super::finding::Mark;

/// What may be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) colour: bool,
    pub(super) unicode: bool,
}

impl Look {
    /// Colour only on a terminal and without `NO_COLOR`; signs beyond ASCII only in a UTF-8 locale.
    pub(super) fn of_stdout() -> Self {
        let var = |name| std::env::var(name).ok().filter(|v| !v.is_empty());
        let locale = var("LC_ALL").or_else(|| var("LC_CTYPE")).or_else(|| var("LANG")).unwrap_or_default();
        let dumb = var("TERM").is_some_and(|t| t == "dumb");
        Self {
            colour: io::stdout().is_terminal() && var("NO_COLOR").is_none() && !dumb,
            unicode: is_utf8(&locale),
        }
    }

    pub(super) fn sign(self, mark: Mark) -> String {
        let (unicode, ascii, colour) = match mark {
            Mark::Passed => ("✓", "ok  ", "32"),
            Mark::Warning => ("‼", "warn", "33"),
            Mark::Failed => ("✗", "FAIL", "31"),
            Mark::Skipped => ("–", "skip", "2"),
        };
        let sign = if self.unicode { unicode } else { ascii };
        if self.colour { format!("\u{1b}[{colour}m{sign}\u{1b}[0m") } else { sign.to_owned() }
    }

    pub(super) fn arrow(self) -> &'static str {
        if self.unicode { "→" } else { "->" }
    }
}

fn is_utf8(locale: &str) -> bool {
    let lower = locale.to_ascii_lowercase();
    lower.contains("utf-8") || lower.contains("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_fit_the_locale() {
        assert!(is_utf8("en_US.UTF-8") && is_utf8("C.utf8") && !is_utf8("C") && !is_utf8(""));
        let plain = Look { colour: false, unicode: false };
        for mark in [Mark::Passed, Mark::Warning, Mark::Failed, Mark::Skipped] {
            assert!(plain.sign(mark).is_ascii());
        }
        assert_eq!(Look { colour: false, unicode: true }.sign(Mark::Failed), "✗");
        assert_eq!(Look { colour: true, unicode: true }.sign(Mark::Passed), "\u{1b}[32m✓\u{1b}[0m");
    }
}
