//! What commands share that compare many messages at Twilio with the database.

use chrono::{DateTime, Utc};

use super::{ask, moment::Moment, open, output::Output};
use crate::cli::exit::Failure;

#[derive(Debug, clap::Args)]
pub(super) struct Bulk {
    /// From this time on: 2026-11-25 (midnight in Nepal), 2026-11-25T18:00:00+05:45, or `3h` ago
    #[arg(long, value_name = "TIME", help_heading = "Selection")]
    since: Moment,
    /// Only look; change nothing
    #[arg(long, short = 'n', help_heading = "Safety")]
    pub(super) dry_run: bool,
    /// Do not ask
    #[arg(long, short, help_heading = "Safety")]
    yes: bool,
    /// Why; kept in the audit log
    #[arg(long, required_unless_present = "dry_run", help_heading = "Safety")]
    reason: Option<String>,
    /// Who decided [default: the login name]
    #[arg(long, help_heading = "Safety")]
    actor: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value = "human", help_heading = "Output")]
    pub(super) output: Output,
}

impl Bulk {
    pub(super) fn since(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.since.back_from(now)
    }

    pub(super) fn actor(&self) -> String {
        open::actor(self.actor.as_deref())
    }

    /// Empty in a dry run without one.
    pub(super) fn reason(&self) -> &str {
        self.reason.as_deref().unwrap_or_default()
    }

    /// Whether the changes may be made: `--yes` was given, or the person at the terminal agrees.
    pub(super) fn confirmed(&self, question: &str, deed: &str) -> Result<bool, Failure> {
        Ok(self.yes || ask::confirmed(question, deed)?)
    }
}
