use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::repository::{check_page, code};

#[test]
fn the_page_of_metrics_is_made_from_the_table() {
    check_page("metrics.md", &page(), "METRICS_PAGE");
}

#[test]
fn names_follow_the_conventions() {
    let mut seen = BTreeSet::new();
    for metric in all() {
        let name = metric.name;
        assert!(seen.insert(name), "{name} is there twice");
        assert!(name.starts_with("onboarding_") || name.starts_with("process_"), "{name}");
        assert_eq!(name.ends_with("_total"), metric.kind == Kind::Counter, "{name}");
        if let Kind::Histogram(bounds) = metric.kind {
            assert!(name.ends_with("_seconds") && bounds.windows(2).all(|w| w[0] < w[1]), "{name}");
        }
        assert!(!metric.help.is_empty() && !metric.help.ends_with('.'), "{name}: {:?}", metric.help);
    }
}

#[test]
fn few_series_exist_from_the_start() {
    let series: usize = all()
        .filter(|m| m.from_start)
        .map(|m| m.combinations().unwrap_or_else(|| panic!("{} has no closed labels", m.name)).len())
        .sum();
    assert!(series < 220, "{series}");
}

/// A metric as the code records it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Recorded {
    kind: &'static str,
    labels: BTreeSet<String>,
}

/// Every `counter!`, `gauge!` and `histogram!` with one of our names, outside tests.
fn recorded() -> BTreeMap<String, Recorded> {
    let mut found = BTreeMap::new();
    for (file, code) in code() {
        for (name, this) in ["counter", "gauge", "histogram"].into_iter().flat_map(|kind| calls(&code, kind))
        {
            let first = found.entry(name.clone()).or_insert_with(|| this.clone());
            assert_eq!(*first, this, "{name} in {}", file.display());
        }
    }
    found
}

/// The calls of one macro: the name, and the label before each `=>`.
fn calls(code: &str, kind: &'static str) -> Vec<(String, Recorded)> {
    let opening = format!("{kind}!(");
    let calls = code.split(opening.as_str()).skip(1).map(arguments);
    calls
        .filter_map(|call| {
            let name = call.split('"').nth(1).filter(|n| n.starts_with("onboarding_"))?;
            let keys = call.match_indices("=>").filter_map(|(at, _)| call[..at].rsplit('"').nth(1));
            Some((name.to_owned(), Recorded { kind, labels: keys.map(str::to_owned).collect() }))
        })
        .collect()
}

/// The text up to the bracket that closes the macro.
fn arguments(rest: &str) -> &str {
    let mut open = 1;
    let end = rest.find(|c| {
        open += i32::from(c == '(') - i32::from(c == ')');
        open == 0
    });
    &rest[..end.unwrap_or(rest.len())]
}

#[test]
fn the_code_records_the_metrics_of_the_table() {
    let recorded = recorded();
    let ours: BTreeMap<&str, &Metric> =
        all().filter(|m| m.exporter != Exporter::Process).map(|m| (m.name, m)).collect();
    for (name, found) in &recorded {
        let metric = ours
            .get(name.as_str())
            .unwrap_or_else(|| panic!("{name} is not in shared/src/telemetry/metric/"));
        let labels: BTreeSet<String> = metric.labels.iter().map(|l| l.name.to_owned()).collect();
        assert_eq!((metric.kind.as_str(), &labels), (found.kind, &found.labels), "{name}");
    }
    for name in ours.keys() {
        assert!(recorded.contains_key(*name), "{name} is in the table, and nothing records it");
    }
}
