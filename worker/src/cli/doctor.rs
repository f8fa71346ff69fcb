//! `worker doctor`: checks everything the worker needs and changes nothing. Each section is one file; each result comes
//! from a real call.

mod catalogue;
mod configuration;
mod database;
mod durability;
mod erasure;
mod events_out;
mod finding;
mod hours;
mod http_client;
mod inbox;
mod postgres;
mod rabbitmq;
mod report;
mod round_trip;
mod seals;
mod stop_page;
mod stored;
mod templates;
mod text;
mod twilio;
mod webhook;
mod whatsapp;

use std::{process::ExitCode, time::Duration};

use finding::Findings;
use report::{Report, SCHEMA, Section};
use shared::{
    amqp::install_crypto,
    cli::{
        Failure,
        output::{self, Output},
    },
};
use text::Style;

/// The time limit of a section. Sections run at the same time.
const LIMIT: Duration = Duration::from_secs(25);

const EXAMPLES: &str = "\
Examples:
  worker doctor                 check everything; changes nothing, sends no message
  worker doctor --strict        warnings count as failures, for example before a release
  worker doctor --output json   one JSON document, schema doctor/1

Exit codes: 0 no failures, 3 warnings with --strict, 69 something cannot be reached, 78 configuration.";

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Output format; jsonl and csv have one line per check
    #[arg(long, value_enum, default_value = "human")]
    output: Output,
    /// The same as `--output json`
    #[arg(long, conflicts_with = "output")]
    json: bool,
    /// Warnings count as failures
    #[arg(long)]
    strict: bool,
}

pub(super) async fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    install_crypto();
    let report = Report::new(examine().await, arguments.strict);
    let text = match arguments.output {
        _ if arguments.json => output::json(&report)?,
        Output::Text => text::lines(&report, Style::of_stdout()),
        Output::Json => output::json(&report)?,
        Output::Jsonl => output::json_lines(SCHEMA, &report.rows()),
        Output::Csv => output::csv(&report.rows())?,
    };
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
        // All sections together are too large for the stack.
        Box::pin(limited("templates", templates::check)),
        Box::pin(limited("whatsapp", whatsapp::check)),
        limited("time", hours::check),
        limited("stored", stored::check),
    );
    let (configuration, postgres, rabbitmq, twilio, webhook, catalogue, templates, whatsapp, time, stored) =
        sections;
    vec![configuration, postgres, rabbitmq, twilio, webhook, catalogue, templates, whatsapp, time, stored]
}

/// Runs the checks of a section. At the time limit it keeps the results so far.
async fn limited(name: &'static str, check: impl AsyncFnOnce(&mut Findings)) -> Section {
    let mut findings = Findings::default();
    if tokio::time::timeout(LIMIT, check(&mut findings)).await.is_err() {
        let advice = "it accepts connections and does not answer: see its own logs";
        findings.unreachable("time limit", format!("not finished within {} s", LIMIT.as_secs()), advice);
    }
    Section { name, findings: findings.into_vec() }
}
