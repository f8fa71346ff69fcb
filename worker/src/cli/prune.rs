//! `worker prune`: deletes rows older than the configured periods.

use std::{process::ExitCode, time::Duration};

use serde::Serialize;
use shared::{
    cli::{
        Actor, Failure,
        output::{self, Output, Record},
    },
    config::{Env, Setting, any_base_url, settings},
};

use super::{clock, open};
use crate::store::prune::{self, Kind};

const EXAMPLES: &str = "\
Examples:
  worker prune --dry-run
  worker prune --reason 'the monthly run'";

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Change nothing; count
    #[arg(long, short = 'n')]
    dry_run: bool,
    #[command(flatten)]
    actor: Actor,
    /// Why; kept in the audit log
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    /// Output format
    #[arg(long, value_enum, default_value = "human")]
    output: Output,
}

pub(super) async fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut env = Env::of_process();
    let periods = Kind::ALL.map(|kind| (kind, env.duration(&setting(kind))));
    let twilio = any_base_url(&mut env, &settings::TWILIO_API_BASE_URL);
    let pool = open::database(env).await?;
    // A calendar that a test left ahead would delete what is young.
    if let Some(twilio) = twilio {
        clock::refuse_offset(&pool, &twilio).await?;
    }
    let (actor, reason) = (arguments.actor.name(), arguments.reason.as_str());
    let mut all = Vec::new();
    for (kind, period) in periods {
        let rows = if period.is_zero() {
            None
        } else {
            let pruned = prune::prune(&pool, kind, period, arguments.dry_run, (&actor, reason)).await;
            Some(pruned.map_err(Failure::statement)?)
        };
        let row = Pruned::new(kind, period, rows, arguments.dry_run);
        if arguments.output == Output::Text {
            println!("{}", row.text(period));
        }
        all.push(row);
    }
    match arguments.output {
        Output::Text if arguments.dry_run => println!("nothing was changed"),
        Output::Text => {}
        output => output::print(&output::records("prune/1", &all, output)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The field names are a published schema: add to it, never rename.
#[derive(Serialize)]
struct Pruned {
    kind: &'static str,
    setting: &'static str,
    period_seconds: u64,
    /// How many rows are older; none if they are kept permanently.
    rows: Option<u64>,
    dry_run: bool,
}

impl Pruned {
    fn new(kind: Kind, period: Duration, rows: Option<u64>, dry_run: bool) -> Self {
        let (kind, setting) = (kind.label(), setting(kind).name);
        Self { kind, setting, period_seconds: period.as_secs(), rows, dry_run }
    }

    fn text(&self, period: Duration) -> String {
        let Some(rows) = self.rows else {
            return format!("{}: kept for ever ({} is 0)", self.kind, self.setting);
        };
        let would = if self.dry_run { "would be " } else { "" };
        format!("{}: {rows} older than {} {would}forgotten", self.kind, prune::in_words(period))
    }
}

impl Record for Pruned {
    const COLUMNS: &'static [&'static str] = &["kind", "setting", "period_seconds", "rows", "dry_run"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.kind.to_owned(),
            self.setting.to_owned(),
            self.period_seconds.to_string(),
            self.rows.map(|rows| rows.to_string()).unwrap_or_default(),
            self.dry_run.to_string(),
        ]
    }
}

fn setting(kind: Kind) -> Setting {
    match kind {
        Kind::DeliveryTries => settings::KEEP_DELIVERY_TRIES,
        Kind::StatusCallbacks => settings::KEEP_STATUS_CALLBACKS,
        Kind::DeadLetterBodies => settings::KEEP_DEAD_LETTER_BODIES,
        Kind::DailyBudget => settings::KEEP_DAILY_BUDGET,
        Kind::Messages => settings::KEEP_MESSAGES,
    }
}
