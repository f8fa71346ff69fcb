//! What the worker shows of itself: series of metrics, hashes of people for log lines, traces.

pub(crate) mod log_refs;
pub(crate) mod metric_handles;
pub(crate) mod recorder;
pub(crate) mod traces;
