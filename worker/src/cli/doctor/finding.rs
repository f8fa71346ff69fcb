//! What a check found.

use serde::Serialize;
use shared::db::sqlstate;

use crate::twilio::ReadFault;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Mark {
    Passed,
    Warning,
    Failed,
    Skipped,
}

/// Whose fault a failure is; it decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Cause {
    /// Something that is needed cannot be reached.
    Unreachable,
    /// Something has to be set, made or mended by a person.
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

pub(super) fn failed(found: &mut Findings, check: &'static str, error: Option<sqlx::Error>) {
    let said = error.as_ref().map(sqlstate).unwrap_or_default();
    match error {
        // insufficient_privilege, and a server that may only be read
        Some(sqlx::Error::Database(_)) => {
            let advice = "the user of DATABASE_URL must own the tables or hold SELECT, INSERT and UPDATE on \
                          them, and the server must not be a standby";
            found.misconfigured(check, format!("refused: {said}"), advice);
        }
        _ => found.unreachable(check, said, "start Postgres, or look at its own logs"),
    }
}

/// The credentials are good, so a refusal means that this key may not ask.
pub(super) fn unanswered(found: &mut Findings, check: &'static str, fault: ReadFault) {
    match fault.answer() {
        Some((401 | 403 | 404, _)) => found.skipped(check, "this key may not ask for it"),
        Some((429, _)) => found.skipped(check, "Twilio had no time to answer (HTTP 429)"),
        _ => found.unreachable(check, fault.to_string(), "try again; see status.twilio.com"),
    }
}
