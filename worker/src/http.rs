//! What listens: Twilio's callbacks, the stop page, probes and metrics, the dashboard.

pub(crate) mod client_address;
pub(crate) mod dashboard;
pub(crate) mod exposition;
pub(crate) mod heartbeat;
pub(crate) mod inbound;
pub(crate) mod listener;
pub(crate) mod ops;
pub(crate) mod signed;
pub(crate) mod status_callbacks;
pub(crate) mod stop_page;
