//! What `replay` and `drop` have in common: which dead letters, who decided and why.

use shared::cli::{Actor, Confirmation, Failure};

use super::filter::Filter;
use crate::{
    cli::cause::{Meaning, Typed},
    store::dead_letters::{find::Selection, settle::Verdict},
};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Change {
    #[command(flatten)]
    filter: Filter,
    /// Why; kept in the audit log
    #[arg(long, value_name = "TEXT", help_heading = "Safety")]
    reason: Option<String>,
    /// The older spelling of `--reason`
    #[arg(long, value_name = "TEXT", hide = true)]
    because: Option<String>,
    #[command(flatten, next_help_heading = "Safety")]
    actor: Actor,
    #[command(flatten, next_help_heading = "Safety")]
    pub(super) confirmation: Confirmation,
    /// Change nothing; show what would be done
    #[arg(long, short = 'n', help_heading = "Safety")]
    pub(super) dry_run: bool,
}

/// A change that was read from the command line.
pub(super) struct Decision {
    pub(super) selection: Selection,
    actor: String,
    reason: String,
}

impl Decision {
    /// For the audit log.
    pub(super) fn verdict(&self) -> Verdict<'_> {
        Verdict { actor: &self.actor, because: &self.reason }
    }
}

impl Change {
    /// Reads standard input where an id is `-`.
    pub(super) fn decide(&self) -> Result<Decision, Failure> {
        let meaning = self.meaning()?;
        meaning.give_notice();
        Ok(Decision {
            selection: self.filter.selection(meaning.cause)?,
            actor: self.actor.name(),
            reason: meaning.reason.unwrap_or_default().to_owned(),
        })
    }

    /// Fails without a justification, and where an older version would have selected by `--reason`.
    pub(in crate::cli) fn meaning(&self) -> Result<Meaning<'_>, Failure> {
        let cause = self.filter.cause.as_deref();
        let typed = Typed { cause, reason: self.reason.as_deref(), because: self.because.as_deref() };
        let meaning = typed.meaning()?;
        if meaning.cause.is_none() && self.reason.as_deref().is_some_and(|reason| self.may_select(reason)) {
            return Err(Failure::usage(
                "--reason is one word and not a known code, and --cause is missing: name the letters by id or with \
                 --cause CODE, or justify with more than one word. Nothing was changed",
            ));
        }
        if meaning.reason.is_none() && !self.dry_run {
            return Err(Failure::usage(match meaning.cause {
                Some(code) if self.filter.cause.is_none() => format!(
                    "the justification is missing: write --cause {code} --reason TEXT. Nothing was changed"
                ),
                _ => "--reason is missing: say why, for the audit log. Nothing was changed".to_owned(),
            }));
        }
        Ok(meaning)
    }

    /// A mistyped code selected nothing in older versions; as a justification it would select every letter.
    fn may_select(&self, reason: &str) -> bool {
        let one_word = !reason.trim().contains(char::is_whitespace);
        one_word && (self.dry_run || !self.filter.has_ids())
    }
}
