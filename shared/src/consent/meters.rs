//! Counters of what the doors did, in the worker's metrics. Commands export none.

use super::Source;
use crate::domain::{ConsentAction, Purpose};

/// Entries that were added to the ledger.
pub(super) fn consents(added: &[(Purpose, ConsentAction)], source: Source) {
    for (purpose, action) in added {
        metrics::counter!(
            "onboarding_consents_total",
            "purpose" => purpose.as_str(),
            "action" => action.as_str(),
            "source" => source.as_str()
        )
        .increment(1);
    }
}

/// A person gets no more messages.
pub(super) fn stop(door: Source) {
    metrics::counter!("onboarding_stops_total", "door" => door.as_str()).increment(1);
}

/// A reported loss.
pub(super) fn loss(door: Source) {
    metrics::counter!("onboarding_losses_total", "door" => door.as_str()).increment(1);
}

/// Messages that were claimed before a stop was in force, and may still be sent.
pub(super) fn raced(messages: u64) {
    metrics::counter!("onboarding_raced_messages_total").increment(messages);
}
