//! The table, in the order of the page.

mod events;
mod plumbing;
mod service;
mod twilio;
mod words;

use super::{Exporter, Metric};

/// Headline and metrics of each part.
pub(super) const PARTS: [(&str, &[Metric]); 6] = [
    ("Events", events::EVENTS),
    ("Twilio", twilio::TWILIO),
    ("Callbacks and delivery", twilio::DELIVERY),
    ("Queues, database, process", plumbing::PLUMBING),
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
