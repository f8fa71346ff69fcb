//! The command line of `backfill`.

use std::num::NonZeroU32;

use clap::Parser;
use producer::cli::{Actor, Confirmation, EXIT_CODES, Output, TEMPLATE, formats};

use crate::{
    options::{Filters, RunName, RunOptions},
    outcomes::{Canary, Share},
};

const EXAMPLES: &str = "\
Examples
  backfill --dry-run                   count, validate, price; publishes nothing, changes nothing
  backfill                             shows the count, asks, then enqueues
  backfill --canary 50                 50 first; the rest only if they arrive
  backfill --resume last               continue a run that was stopped or killed
  backfill --yes --output json         for scripts

";

/// Enqueue a welcome for every stored user who needs one. Safe to repeat: no number is texted twice.
///
/// Enqueued means that RabbitMQ has stored the event; the worker sends the message. One backfill runs at a time.
#[derive(Debug, Parser)]
#[command(name = "backfill", version, help_template = TEMPLATE, before_help = EXAMPLES, after_help = notes())]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) filters: Filters,
    /// Continue this run where it stopped, with its own options: the beginning of its id, or `last`.
    #[arg(long, value_name = "RUN", help_heading = "Selection", conflicts_with_all = ORDERED)]
    pub(crate) resume: Option<RunName>,
    #[command(flatten)]
    pub(crate) safety: Safety,
    #[command(flatten)]
    pub(crate) pace: PaceArgs,
    #[command(flatten)]
    pub(crate) showing: Showing,
}

impl Args {
    /// The options of a new run.
    pub(crate) fn run_options(&self) -> RunOptions {
        let share = self.safety.canary_share.unwrap_or_default();
        let canary = self.safety.canary.map(|users| Canary { users, share });
        RunOptions { filters: self.filters.clone(), canary }
    }
}

/// The options that a resumed run keeps.
const ORDERED: [&str; 7] = ["kind", "language", "state", "since", "ids_file", "limit", "canary"];

/// Safeguards of a run.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Safety")]
pub(crate) struct Safety {
    /// Run the same plan without publishing.
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
    /// Enqueue N users to be welcomed first, and the rest only if enough of them are reached.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) canary: Option<u64>,
    /// The share of the canary's messages that must be delivered [default: 0.9].
    #[arg(long, value_name = "SHARE")]
    pub(crate) canary_share: Option<Share>,
    /// How long the canary may take, counted while BACKFILL_WINDOW is open. Then `sent` counts as delivered.
    #[arg(long, value_name = "TIME", default_value = "10m")]
    pub(crate) canary_wait: humantime::Duration,
    #[command(flatten)]
    pub(crate) confirmation: Confirmation,
    #[command(flatten)]
    pub(crate) actor: Actor,
    /// The justification, for the audit log.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) reason: String,
}

/// How fast events are published.
#[derive(Debug, Clone, Copy, clap::Args)]
#[command(next_help_heading = "Pace")]
pub(crate) struct PaceArgs {
    /// Enqueue at most N users a second [default: as fast as the broker confirms].
    #[arg(long, value_name = "N")]
    pub(crate) rate: Option<NonZeroU32>,
    /// Wait while more than N events are ready in the queue; 0: never.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub(crate) max_depth: u32,
}

/// The output of a run.
#[derive(Debug, Clone, Copy, clap::Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Showing {
    /// Follow the outcomes of the run until each is final.
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) watch: bool,
    /// How the report is written.
    #[arg(long, value_name = "FORMAT", default_value = "human", value_parser = formats([Output::Text, Output::Json, Output::Jsonl]))]
    pub(crate) output: Output,
    /// No progress on standard error.
    #[arg(long)]
    pub(crate) no_progress: bool,
}

fn notes() -> String {
    format!(
        "{SETTINGS}{EXIT_CODES}\n            5 stopped by the canary, 69 also while another backfill is running"
    )
}

const SETTINGS: &str = "\
Settings    DATABASE_URL, AMQP_URL (not for a dry run), AMQP_NAMESPACE, DEFAULT_REGION,
            ALLOWED_COUNTRIES, DEFAULT_LANGUAGE, SEND_RATE [default: 10], BACKFILL_WINDOW
            [default: 08:00-20:00 Asia/Kathmandu], CONSENT_FOR_ONBOARDING [default: off],
            SMS_PRICE_USD [default: 0.30], CHANNELS [default: welcome=sms], and where that lists
            whatsapp: WHATSAPP_RATE [default: 10], WHATSAPP_MAX_PEOPLE_PER_DAY [default: 225],
            WHATSAPP_PRICE_USD, FALLBACK_WITHIN [default: 4h], STOP_LINK_BASE, HELP_LINE
";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
        let args = Args::try_parse_from(["backfill", "-n", "--output", "json"]).unwrap();
        assert!(
            args.safety.dry_run && !args.safety.confirmation.yes() && args.showing.output == Output::Json
        );
    }

    #[test]
    fn a_resumed_run_takes_no_other_filters() {
        for flags in ["--language ne", "--limit 5", "--canary 5", "--ids-file -", "--since 2026-11-01"] {
            let line = format!("backfill --resume last {flags}");
            assert!(Args::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
        assert!(
            Args::try_parse_from("backfill --resume last --canary-share 0.5 --rate 5".split(' ')).is_ok()
        );
    }

    #[test]
    fn help_begins_with_examples() {
        let help = Args::command().render_long_help().to_string();
        let at = |word: &str| help.find(word).unwrap();
        assert!(at("Examples") < at("Usage") && at("Usage") < at("Exit codes"));
    }
}
