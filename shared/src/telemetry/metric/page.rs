//! `docs/metrics.md`.

use std::fmt::Write as _;

use super::{Exporter, Kind, Label, Metric, Words, catalogue::PARTS};

const INTRODUCTION: &str = include_str!("page.md");

/// The page, as it is to be in `docs/`.
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
