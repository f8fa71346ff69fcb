//! `--cause` selects by a code, `--reason` justifies the change in the audit log.
//!
//! Older versions wrote `--reason CODE` for the selection and `--because TEXT` for the justification. This release
//! still accepts that, says how to write it now, and never selects more than the older version did.

use shared::{cli::Failure, domain::Reason};

/// The codes of dead letters; docs/outcome.md describes them.
const DEAD_LETTER_CODES: [&str; 9] = [
    "malformed",
    "schema",
    "too_large",
    "unreadable_properties",
    "unknown_type",
    "unknown_user",
    "data_error",
    "crash_loop",
    "broker",
];

/// The three options as typed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Typed<'a> {
    pub(super) cause: Option<&'a str>,
    pub(super) reason: Option<&'a str>,
    pub(super) because: Option<&'a str>,
}

/// What the options mean.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Meaning<'a> {
    /// The code to select by; none selects by no code.
    pub(super) cause: Option<&'a str>,
    /// The justification.
    pub(super) reason: Option<&'a str>,
    /// How to write it now, if an older spelling was used.
    pub(super) notice: Option<String>,
}

impl<'a> Typed<'a> {
    /// Fails if the options could mean two things.
    pub(super) fn meaning(self) -> Result<Meaning<'a>, Failure> {
        let Self { cause, reason, because } = self;
        match (cause, reason, because) {
            (Some(_), Some(_), Some(_)) => Err(Failure::usage(
                "--because is the older spelling of --reason: give the justification once, as --reason",
            )),
            (None, Some(code), because) if is_code(code) => {
                Ok(Meaning { cause: Some(code), reason: because, notice: Some(write_cause(code)) })
            }
            (None, Some(_), Some(_)) => Err(Failure::usage(
                "--reason does not name a known code, and --because already is the justification: \
                 select with --cause CODE and justify with --reason TEXT. Nothing was changed",
            )),
            (cause, None, Some(because)) => {
                Ok(Meaning { cause, reason: Some(because), notice: Some(WRITE_REASON.to_owned()) })
            }
            (cause, reason, None) => Ok(Meaning { cause, reason, notice: None }),
        }
    }
}

impl Meaning<'_> {
    /// Prints the notice to standard error.
    pub(super) fn give_notice(&self) {
        if let Some(notice) = &self.notice {
            eprintln!("notice: {notice}");
        }
    }
}

/// The notice for an older `--because TEXT`.
pub(super) const WRITE_REASON: &str =
    "--because is now --reason; the next release no longer accepts --because";

/// The notice for an older `--reason CODE`.
pub(super) fn write_cause(code: &str) -> String {
    format!(
        "--reason {code} was read as --cause {code}; write --cause for the code and --reason for the justification, \
         because the next release no longer accepts this"
    )
}

/// Whether an older version could select something by this word.
fn is_code(word: &str) -> bool {
    DEAD_LETTER_CODES.contains(&word) || word.parse::<Reason>().is_ok()
}

#[cfg(test)]
mod tests;
