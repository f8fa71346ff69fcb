//! `worker prune`: deletes rows older than the configured periods.

use std::{process::ExitCode, time::Duration};

use serde::Serialize;
use shared::{
    cli::{
        Actor, Failure,
        output::{self, Output, Record},
    },
    config::{Env, any_base_url, settings},
};

use super::{clock, open};
use crate::{
    config::Retention,
    store::prune::{self, Kind},
};

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
    let retention = Retention::read(&mut env);
    let twilio = any_base_url(&mut env, &settings::TWILIO_API_BASE_URL);
    let pool = open::database(env).await?;
    // A calendar that a test left ahead would delete what is young.
    if let Some(twilio) = twilio {
        clock::refuse_offset(&pool, &twilio).await?;
    }
    let (actor, reason) = (arguments.actor.name(), arguments.reason.as_str());
    let mut all = Vec::new();
    for kind in Kind::ALL {
        let (period, setting) = kind.period(&retention);
        let rows = if period.is_zero() {
            None
        } else if arguments.dry_run {
            Some(prune::count(&pool, kind, period).await.map_err(Failure::statement)?)
        } else {
            Some(prune::prune(&pool, kind, period, (&actor, reason)).await.map_err(Failure::statement)?)
        };
        let row = Pruned {
            kind: kind.label(),
            setting: setting.name,
            period_seconds: period.as_secs(),
            rows,
            dry_run: arguments.dry_run,
        };
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
