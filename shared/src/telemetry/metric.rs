//! The table of all metrics that our programs export. `docs/metrics.md`, the help texts and the buckets come from it.

mod catalogue;

pub use catalogue::{all, of, page};

/// The type of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// It only grows, from 0 at the start of the process.
    Counter,
    /// It can increase and decrease.
    Gauge,
    /// Observations by upper bound.
    Histogram(&'static [f64]),
}

impl Kind {
    /// Prometheus' name of the type.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
        }
    }
}

/// Upper bounds in seconds for durations of milliseconds (OpenTelemetry's advice for HTTP).
pub const SHORT: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
/// Upper bounds in seconds for calls to Twilio, which may take half a minute.
pub const CALLS: &[f64] = &[0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0];
/// Upper bounds in seconds for the time from a signup to its message.
pub const LONG: &[f64] = &[1.0, 5.0, 15.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0];

/// The processes that export a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exporter {
    /// Every worker, for its own part. Sum over the workers.
    Worker,
    /// One worker at a time, the leader, for the whole service. Use `max` to cover a change of the leader.
    Leader,
    /// `signup relay`, if it listens.
    Relay,
    /// Every program that publishes: the worker and the relay.
    Publisher,
    /// Every process, by the conventions of Prometheus' client libraries.
    Process,
}

/// The values that a label may take.
#[derive(Debug, Clone, Copy)]
pub enum Words {
    /// Exactly these.
    Listed(&'static [&'static str]),
    /// The names of an enum of the domain.
    Derived(fn() -> Vec<&'static str>),
    /// A bounded set that is only described.
    Described(&'static str),
}

impl Words {
    /// All values, if they can be listed.
    pub fn list(self) -> Option<Vec<&'static str>> {
        match self {
            Words::Listed(words) => Some(words.to_vec()),
            Words::Derived(words) => Some(words()),
            Words::Described(_) => None,
        }
    }

    /// Whether `value` is one of them.
    pub fn allow(self, value: &str) -> bool {
        self.list().is_none_or(|words| words.contains(&value))
    }
}

/// A label and its values.
#[derive(Debug, Clone, Copy)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    /// Its values. Never a user, a number, a SID, an id or free text.
    pub words: Words,
}

/// One metric.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Its name, with the unit as its suffix.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// The processes that export it.
    pub exporter: Exporter,
    /// Its labels.
    pub labels: &'static [Label],
    /// Its help text: what it counts or measures.
    pub help: &'static str,
    /// Whether its series exist with 0 before the first event, so that the first event is visible as an increase.
    pub from_start: bool,
}

impl Metric {
    const fn new(name: &'static str, kind: Kind, exporter: Exporter, help: &'static str) -> Self {
        Self { name, kind, exporter, labels: &[], help, from_start: matches!(kind, Kind::Counter) }
    }

    const fn labels(mut self, labels: &'static [Label]) -> Self {
        self.labels = labels;
        self
    }

    /// Its series appear with their first event, because most of them never occur.
    const fn on_first_event(mut self) -> Self {
        self.from_start = false;
        self
    }

    /// The unit, by the suffix of its name (Prometheus docs, naming).
    pub fn unit(&self) -> Option<metrics::Unit> {
        let stem = self.name.strip_suffix("_total").unwrap_or(self.name);
        match stem.rsplit('_').next() {
            Some("seconds") => Some(metrics::Unit::Seconds),
            Some("bytes") => Some(metrics::Unit::Bytes),
            _ => None,
        }
    }

    /// Every combination of its labels' values; `None` if the values of a label are only described.
    pub fn combinations(&self) -> Option<Vec<Vec<(&'static str, &'static str)>>> {
        let mut rows = vec![Vec::new()];
        for label in self.labels {
            let words = label.words.list()?;
            rows = rows
                .iter()
                .flat_map(|row| words.iter().map(move |word| [&row[..], &[(label.name, *word)]].concat()))
                .collect();
        }
        Some(rows)
    }
}

/// Registers the help texts of these metrics, and starts their counters at 0.
pub fn describe(metrics: impl IntoIterator<Item = &'static Metric>) {
    for metric in metrics {
        let unit = metric.unit().unwrap_or(metrics::Unit::Count);
        match metric.kind {
            Kind::Counter => metrics::describe_counter!(metric.name, unit, metric.help),
            Kind::Gauge => metrics::describe_gauge!(metric.name, unit, metric.help),
            Kind::Histogram(_) => metrics::describe_histogram!(metric.name, unit, metric.help),
        }
        if !metric.from_start {
            continue;
        }
        for labels in metric.combinations().unwrap_or_default() {
            metrics::counter!(metric.name, &labels).increment(0);
        }
    }
}

#[cfg(test)]
mod tests;
