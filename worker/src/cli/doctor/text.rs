//! The report as text, with the colours and signs that the terminal can show.

use std::{
    fmt::Write as _,
    io::{self, IsTerminal},
};

use super::{finding::Mark, report::Report};

pub(super) fn lines(report: &Report, style: Style) -> String {
    let mut text = String::new();
    for section in &report.sections {
        // Err: writing to a String cannot fail.
        let _ = writeln!(text, "{}", section.name);
        for finding in &section.findings {
            let _ = writeln!(text, "  {} {:<13} {}", style.sign(finding.result), finding.check, finding.text);
            if let Some(advice) = &finding.advice {
                let indent = if style.unicode { 18 } else { 21 };
                let _ = writeln!(text, "{:indent$}{} {advice}", "", style.arrow());
            }
        }
    }
    let counts = report.counts;
    let _ = writeln!(
        text,
        "{} failed, {} warnings, {} passed, {} skipped",
        counts.failed, counts.warnings, counts.passed, counts.skipped
    );
    text
}

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    pub(super) colour: bool,
    pub(super) unicode: bool,
}

impl Style {
    /// Colour needs a terminal without `NO_COLOR`; signs outside ASCII need a UTF-8 locale.
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
    use super::{
        super::{finding::Findings, report::Section},
        *,
    };

    #[test]
    fn each_failure_says_what_to_do() {
        let mut findings = Findings::default();
        findings.passed("reachable", "in 4 ms");
        findings.misconfigured("migrations", "5 of 6 applied", "run `worker migrate`");
        let sections = vec![Section { name: "postgres", findings: findings.into_vec() }];
        let text = lines(&Report::new(sections, false), Style { colour: false, unicode: false });
        let expected = "postgres
  ok   reachable     in 4 ms
  FAIL migrations    5 of 6 applied
                     -> run `worker migrate`
1 failed, 0 warnings, 1 passed, 0 skipped
";
        assert_eq!(text, expected);
    }

    #[test]
    fn signs_fit_the_locale() {
        assert!(is_utf8("en_US.UTF-8") && is_utf8("C.utf8") && !is_utf8("C") && !is_utf8(""));
        let plain = Style { colour: false, unicode: false };
        for mark in [Mark::Passed, Mark::Warning, Mark::Failed, Mark::Skipped] {
            assert!(plain.sign(mark).is_ascii());
        }
        assert_eq!(Style { colour: false, unicode: true }.sign(Mark::Failed), "✗");
        assert_eq!(Style { colour: true, unicode: true }.sign(Mark::Passed), "\u{1b}[32m✓\u{1b}[0m");
    }
}
