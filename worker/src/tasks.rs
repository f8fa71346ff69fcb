//! What runs again and again, beside the deliveries.

pub(crate) mod census;
pub(crate) mod history;
pub(crate) mod poller;
pub(crate) mod probe;
pub(crate) mod reconciler;
pub(crate) mod sweeper;
mod unblocked_numbers;
