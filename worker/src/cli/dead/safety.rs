//! Who changes dead letters, and why.

use crate::{cli::open, store::dead_letters::settle::Verdict};

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Safety")]
pub(super) struct Safety {
    /// Why; kept in the audit log
    #[arg(long, required_unless_present = "dry_run")]
    because: Option<String>,
    /// Who decided [default: the login name]
    #[arg(long)]
    actor: Option<String>,
    /// Do not ask, even if it is more than one
    #[arg(long, short)]
    pub(super) yes: bool,
}

impl Safety {
    /// Who decides.
    pub(super) fn actor(&self) -> String {
        open::actor(self.actor.as_deref())
    }

    /// What the audit log says of it.
    pub(super) fn verdict<'a>(&'a self, actor: &'a str) -> Verdict<'a> {
        Verdict { actor, because: self.because.as_deref().unwrap_or_default() }
    }
}
