//! What the worker shows of itself: series of metrics, hashes of numbers for log lines, traces.

pub(crate) mod metric_handles;
pub(crate) mod phone_hash;
pub(crate) mod recorder;
pub(crate) mod traces;
