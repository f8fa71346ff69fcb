//! What listens: Twilio's callbacks, probes and metrics, the dashboard.

pub(crate) mod dashboard;
pub(crate) mod exposition;
pub(crate) mod heartbeat;
pub(crate) mod listener;
pub(crate) mod ops;
pub(crate) mod status_callbacks;
