//! The arguments of commands that compare many messages at Twilio with the database.

use chrono::{DateTime, Utc};

use shared::cli::{Actor, Confirmation, Failure, Output, TimeArgument};

#[derive(Debug, clap::Args)]
pub(super) struct Bulk {
    /// Only messages of this time or later: 2026-11-25 (midnight in Nepal), 2026-11-25T18:00:00+05:45, or `3h` ago
    #[arg(long, value_name = "TIME", help_heading = "Selection")]
    since: TimeArgument,
    /// Change nothing; show what would be done
    #[arg(long, short = 'n', help_heading = "Safety")]
    pub(super) dry_run: bool,
    #[command(flatten, next_help_heading = "Safety")]
    confirmation: Confirmation,
    /// Why; kept in the audit log
    #[arg(long, value_name = "TEXT", required_unless_present = "dry_run", help_heading = "Safety")]
    reason: Option<String>,
    #[command(flatten, next_help_heading = "Safety")]
    actor: Actor,
    /// Output format
    #[arg(long, value_enum, default_value = "human", help_heading = "Output")]
    pub(super) output: Output,
}

impl Bulk {
    pub(super) fn since(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.since.before(now)
    }

    pub(super) fn actor(&self) -> String {
        self.actor.name()
    }

    /// The justification; may be empty in a dry run.
    pub(super) fn reason(&self) -> &str {
        self.reason.as_deref().unwrap_or_default()
    }

    /// Whether the operator agrees to the change.
    pub(super) fn confirmed(&self, question: &str, change: &str) -> Result<bool, Failure> {
        self.confirmation.given(question, change)
    }
}
