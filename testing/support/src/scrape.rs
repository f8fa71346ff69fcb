//! Prometheus text, taken apart.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};

/// One series and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Of the metric; for a histogram with its suffix.
    pub name: String,
    /// By name.
    pub labels: BTreeMap<String, String>,
    /// At the time of the scrape.
    pub value: f64,
}

impl Sample {
    /// The metric that this is a series of.
    pub fn metric(&self, histogram: impl Fn(&str) -> bool) -> String {
        let parts = ["_bucket", "_sum", "_count"];
        let stem = parts.iter().find_map(|part| self.name.strip_suffix(part)).filter(|stem| histogram(stem));
        stem.unwrap_or(&self.name).to_owned()
    }

    /// As it is written in a query.
    pub fn selector(&self, more: &[(&str, &str)]) -> String {
        let own = self.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let labels: Vec<String> =
            own.chain(more.iter().copied()).map(|(n, v)| format!("{n}={v:?}")).collect();
        format!("{}{{{}}}", self.name, labels.join(","))
    }
}

/// The samples of one scrape.
pub fn samples(text: &str) -> anyhow::Result<Vec<Sample>> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(sample).collect()
}

fn sample(line: &str) -> anyhow::Result<Sample> {
    let (series, value) = line.rsplit_once(' ').with_context(|| format!("no value in {line:?}"))?;
    let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
    let mut rest = labels.strip_suffix('}').with_context(|| format!("no end of labels in {line:?}"))?;
    let mut found = BTreeMap::new();
    // No value of ours holds a quote: each comes from a closed set.
    while !rest.is_empty() {
        let (label, after) = rest.split_once("=\"").with_context(|| format!("no label in {line:?}"))?;
        let (value, after) =
            after.split_once('"').with_context(|| format!("no value of {label} in {line:?}"))?;
        ensure!(!value.contains('\\'), "an escape in {line:?}");
        found.insert(label.to_owned(), value.to_owned());
        rest = after.strip_prefix(',').unwrap_or(after);
    }
    Ok(Sample { name: name.to_owned(), labels: found, value: value.parse()? })
}
