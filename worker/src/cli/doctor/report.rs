//! The whole report, and the exit code it leads to.

use serde::Serialize;

use super::finding::{Cause, Finding, Mark};
use crate::cli::exit::{CONFIGURATION, SOME_FAILED, UNREACHABLE};

/// The checks of one dependency.
#[derive(Debug, Serialize)]
pub(super) struct Section {
    pub(super) name: &'static str,
    #[serde(rename = "checks")]
    pub(super) findings: Vec<Finding>,
}

/// How many checks ended how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Counts {
    pub(super) failed: usize,
    pub(super) warnings: usize,
    pub(super) passed: usize,
    pub(super) skipped: usize,
}

/// Everything that was found. The field names are a published schema: add to it, never rename.
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
        // What a person must mend comes first: waiting will not help.
        let exit = if all().any(|f| f.cause == Some(Cause::Configuration)) {
            CONFIGURATION
        } else if all().any(|f| f.cause == Some(Cause::Unreachable)) {
            UNREACHABLE
        } else if strict && counts.warnings > 0 {
            SOME_FAILED
        } else {
            0
        };
        Self { schema: "doctor/1", exit, counts, sections }
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
            f.misconfigured("c", "wrong", "mend it");
        };
        assert_eq!(exit(both, false), 78);
    }
}
