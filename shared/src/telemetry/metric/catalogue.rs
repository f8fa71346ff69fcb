//! The table of metrics, and the page `docs/metrics.md` that is made from it.

mod events;
mod infrastructure;
mod labels;
mod service;
mod twilio;

use std::fmt::Write as _;

use super::{Exporter, Kind, Label, Metric, Words};

const INTRODUCTION: &str = include_str!("page.md");

/// Headline and metrics of each part, in the order of the page.
const PARTS: [(&str, &[Metric]); 6] = [
    ("Events", events::EVENTS),
    ("Twilio", twilio::TWILIO),
    ("Callbacks and delivery", twilio::DELIVERY),
    ("Queues, database, process", infrastructure::INFRASTRUCTURE),
    ("The whole service", service::SERVICE),
    ("The portal's outbox", service::OUTBOX),
];

/// Every metric.
pub fn all() -> impl Iterator<Item = &'static Metric> {
    PARTS.iter().flat_map(|(_, metrics)| metrics.iter())
}

/// The metrics that `exporters` export.
pub fn of(exporters: &[Exporter]) -> impl Iterator<Item = &'static Metric> {
    all().filter(move |metric| exporters.contains(&metric.exporter))
}

/// The content of `docs/metrics.md`.
pub fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for (headline, metrics) in PARTS {
        let _infallible =
            write!(page, "\n## {headline}\n\n| metric | kind | labels | from | |\n|---|---|---|---|---|\n");
        for metric in metrics {
            page.push_str(&row(metric));
        }
    }
    page
}

fn row(metric: &Metric) -> String {
    let labels: Vec<String> = metric.labels.iter().map(label).collect();
    let from = match metric.exporter {
        Exporter::Worker => "worker",
        Exporter::Leader => "leader",
        Exporter::Relay => "relay",
        Exporter::Publisher => "worker, relay",
        Exporter::Process => "all",
    };
    let kind = match metric.kind {
        Kind::Histogram(bounds) => format!("histogram to {} s", bounds.last().copied().unwrap_or_default()),
        other => other.as_str().to_owned(),
    };
    format!("| `{}` | {kind} | {} | {from} | {} |\n", metric.name, labels.join("; "), metric.help)
}

fn label(label: &Label) -> String {
    let words = match (label.words, label.words.list()) {
        (Words::Described(how), _) => how.to_owned(),
        (_, words) => words.unwrap_or_default().iter().map(|w| quoted(w)).collect::<Vec<_>>().join(" "),
    };
    format!("`{}`: {words}", label.name)
}

fn quoted(word: &str) -> String {
    if word.is_empty() { "empty".to_owned() } else { format!("`{word}`") }
}
