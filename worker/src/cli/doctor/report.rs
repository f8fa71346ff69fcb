//! The whole report, its exit code and its formats for scripts.

use serde::Serialize;
use shared::cli::{Exit, output::Record};

use super::finding::{Cause, Finding, Mark};

/// The checks of one dependency.
#[derive(Debug, Serialize)]
pub(super) struct Section {
    pub(super) name: &'static str,
    #[serde(rename = "checks")]
    pub(super) findings: Vec<Finding>,
}

/// How many checks had which result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Counts {
    pub(super) failed: usize,
    pub(super) warnings: usize,
    pub(super) passed: usize,
    pub(super) skipped: usize,
}

/// All results. The field names are a published schema: add to it, never rename.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    schema: &'static str,
    pub(super) exit: u8,
    pub(super) counts: Counts,
    pub(super) sections: Vec<Section>,
}

impl Report {
    pub(super) fn new(sections: Vec<Section>, strict: bool) -> Self {
        let all = || sections.iter().flat_map(|s| &s.findings);
        let count = |mark| all().filter(|f| f.result == mark).count();
        let counts = Counts {
            failed: count(Mark::Failed),
            warnings: count(Mark::Warning),
            passed: count(Mark::Passed),
            skipped: count(Mark::Skipped),
        };
        // Configuration comes first, because waiting does not help.
        let exit = if all().any(|f| f.cause == Some(Cause::Configuration)) {
            Exit::Configuration
        } else if all().any(|f| f.cause == Some(Cause::Unreachable)) {
            Exit::Unreachable
        } else if strict && counts.warnings > 0 {
            Exit::SomeFailed
        } else {
            Exit::Done
        };
        Self { schema: SCHEMA, exit: exit as u8, counts, sections }
    }
}

pub(super) const SCHEMA: &str = "doctor/1";

/// One check, for formats with one line per check.
#[derive(Serialize)]
pub(super) struct Row<'a> {
    section: &'static str,
    #[serde(flatten)]
    finding: &'a Finding,
}

impl Report {
    pub(super) fn rows(&self) -> Vec<Row<'_>> {
        let mut rows = Vec::new();
        for section in &self.sections {
            rows.extend(section.findings.iter().map(|finding| Row { section: section.name, finding }));
        }
        rows
    }
}

impl Record for Row<'_> {
    const COLUMNS: &'static [&'static str] = &["section", "check", "result", "text", "advice", "cause"];

    fn cells(&self) -> Vec<String> {
        let Finding { check, result, text, advice, cause } = self.finding;
        let cause = cause.map_or("", |cause| match cause {
            Cause::Unreachable => "unreachable",
            Cause::Configuration => "configuration",
        });
        vec![
            self.section.to_owned(),
            (*check).to_owned(),
            result.as_str().to_owned(),
            text.clone(),
            advice.clone().unwrap_or_default(),
            cause.to_owned(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::{super::finding::Findings, *};

    fn exit(fill: impl Fn(&mut Findings), strict: bool) -> u8 {
        let mut findings = Findings::default();
        findings.passed("a", "well");
        fill(&mut findings);
        Report::new(vec![Section { name: "s", findings: findings.into_vec() }], strict).exit
    }

    #[test]
    fn the_exit_code_is_of_the_worst_finding() {
        assert_eq!(exit(|f| f.skipped("b", "not asked"), true), 0);
        assert_eq!(exit(|f| f.warning("b", "odd", "look"), false), 0);
        assert_eq!(exit(|f| f.warning("b", "odd", "look"), true), 3);
        assert_eq!(exit(|f| f.unreachable("b", "away", "start it"), true), 69);
        let both = |f: &mut Findings| {
            f.unreachable("b", "away", "start it");
            f.misconfigured("c", "wrong", "correct it");
        };
        assert_eq!(exit(both, false), 78);
    }
}
