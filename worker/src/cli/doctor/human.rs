//! The report as lines to read.

use std::fmt::Write as _;

use super::{look::Look, report::Report};

pub(super) fn lines(report: &Report, look: Look) -> String {
    let mut text = String::new();
    for section in &report.sections {
        // Err: writing to a String cannot fail.
        let _ = writeln!(text, "{}", section.name);
        for finding in &section.findings {
            let _ = writeln!(text, "  {} {:<13} {}", look.sign(finding.result), finding.check, finding.text);
            if let Some(advice) = &finding.advice {
                let indent = if look.unicode { 18 } else { 21 };
                let _ = writeln!(text, "{:indent$}{} {advice}", "", look.arrow());
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
        let text = lines(&Report::new(sections, false), Look { colour: false, unicode: false });
        let expected = "postgres
  ok   reachable     in 4 ms
  FAIL migrations    5 of 6 applied
                     -> run `worker migrate`
1 failed, 0 warnings, 1 passed, 0 skipped
";
        assert_eq!(text, expected);
    }
}
