//! `worker doctor`: is everything in place? Every mark comes from a call that was made; nothing is changed.

mod catalogue;
mod configuration;
mod durability;
mod finding;
mod hours;
mod human;
mod look;
mod postgres;
mod rabbitmq;
mod report;
mod round_trip;
mod sender;
mod stored;
mod twilio;
mod webhook;

use std::{process::ExitCode, time::Duration};

use finding::Findings;
use look::Look;
use report::{Report, Section};
use shared::amqp::install_crypto;

use super::output;
use crate::cli::exit::Failure;

/// For everything that concerns one dependency. Sections run side by side.
const LIMIT: Duration = Duration::from_secs(25);

const EXAMPLES: &str = "\
Examples:
  worker doctor                 look at everything; nothing is changed, nobody is texted
  worker doctor --strict        warnings count as failures: for a release
  worker doctor --json          the same as one JSON document, schema doctor/1

Exit codes: 0 all well, 3 warnings with --strict, 69 something cannot be reached, 78 configuration.";

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Arguments {
    /// One JSON document instead of lines to read
    #[arg(long)]
    json: bool,
    /// Warnings count as failures
    #[arg(long)]
    strict: bool,
}

pub(super) async fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    install_crypto();
    let report = Report::new(examine().await, arguments.strict);
    let text = if arguments.json { output::json(&report)? } else { human::lines(&report, Look::of_stdout()) };
    output::print(&text)?;
    Ok(ExitCode::from(report.exit))
}

async fn examine() -> Vec<Section> {
    let sections = tokio::join!(
        limited("configuration", configuration::check),
        limited("postgres", postgres::check),
        limited("rabbitmq", rabbitmq::check),
        limited("twilio", twilio::check),
        limited("webhook", webhook::check),
        limited("catalogue", catalogue::check),
        limited("time", hours::check),
        limited("stored", stored::check),
    );
    let (configuration, postgres, rabbitmq, twilio, webhook, catalogue, time, stored) = sections;
    vec![configuration, postgres, rabbitmq, twilio, webhook, catalogue, time, stored]
}

/// Runs a section's checks; what was found before the time was over is kept.
async fn limited(name: &'static str, check: impl AsyncFnOnce(&mut Findings)) -> Section {
    let mut findings = Findings::default();
    if tokio::time::timeout(LIMIT, check(&mut findings)).await.is_err() {
        let advice = "it accepts connections and does not answer: look at its own logs";
        findings.unreachable("time limit", format!("not finished within {} s", LIMIT.as_secs()), advice);
    }
    Section { name, findings: findings.into_vec() }
}
