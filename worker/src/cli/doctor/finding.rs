//! The results of checks.

use serde::Serialize;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Mark {
    Passed,
    Warning,
    Failed,
    Skipped,
}

impl Mark {
    /// The word for it in JSON and csv.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// What kind of failure it is; it decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Cause {
    /// Something that is needed cannot be reached.
    Unreachable,
    /// An operator must change something; waiting does not help.
    Configuration,
}

/// The result of one check. Holds no number, name or secret.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    pub(super) check: &'static str,
    pub(super) result: Mark,
    pub(super) text: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) advice: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cause: Option<Cause>,
}

/// The results of a section, in order.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    pub(super) fn passed(&mut self, check: &'static str, text: impl Into<String>) {
        self.add(check, Mark::Passed, text.into(), None, None);
    }

    pub(super) fn skipped(&mut self, check: &'static str, text: impl Into<String>) {
        self.add(check, Mark::Skipped, text.into(), None, None);
    }

    pub(super) fn warning(
        &mut self,
        check: &'static str,
        text: impl Into<String>,
        advice: impl Into<String>,
    ) {
        self.add(check, Mark::Warning, text.into(), Some(advice.into()), None);
    }

    pub(super) fn unreachable(
        &mut self,
        check: &'static str,
        text: impl Into<String>,
        advice: impl Into<String>,
    ) {
        self.add(check, Mark::Failed, text.into(), Some(advice.into()), Some(Cause::Unreachable));
    }

    pub(super) fn misconfigured(
        &mut self,
        check: &'static str,
        text: impl Into<String>,
        advice: impl Into<String>,
    ) {
        self.add(check, Mark::Failed, text.into(), Some(advice.into()), Some(Cause::Configuration));
    }

    pub(super) fn into_vec(self) -> Vec<Finding> {
        self.0
    }

    fn add(
        &mut self,
        check: &'static str,
        result: Mark,
        text: String,
        advice: Option<String>,
        cause: Option<Cause>,
    ) {
        self.0.push(Finding { check, result, text, advice, cause });
    }
}
