//! One accepted message.

use super::lifecycle::{Lifecycle, Status, Step};
use crate::sid::MessageSid;
use crate::time::millis;

/// Where a message comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) from: Option<String>,
    pub(crate) service: Option<String>,
}

/// Everything known of an accepted message. Never changes: its status follows from its age.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) sid: MessageSid,
    /// Position in the ledger, from 0; set when it is stored.
    pub(crate) sequence: u64,
    pub(crate) to: String,
    pub(crate) origin: Origin,
    /// Who sends when a service chose.
    pub(crate) chosen_sender: String,
    pub(crate) body: String,
    pub(crate) media: usize,
    pub(crate) segments: u16,
    pub(crate) created_ms: i64,
    pub(crate) lifecycle: Lifecycle,
    /// As given, fragment included.
    pub(crate) callback: Option<String>,
    /// Milliseconds after creation until lists show it.
    pub(crate) list_lag_ms: i64,
    /// Milliseconds after creation until it can be fetched.
    pub(crate) fetch_lag_ms: i64,
}

impl Message {
    /// The latest change at the time `now_ms`.
    pub(crate) fn at(&self, now_ms: i64) -> Step {
        self.lifecycle.at(now_ms - self.created_ms)
    }

    /// When it was sent, if it was by `now_ms`.
    pub(crate) fn sent_ms(&self, now_ms: i64) -> Option<i64> {
        if now_ms - self.created_ms < millis(self.lifecycle.pace) {
            return None;
        }
        let sent = self.lifecycle.steps().into_iter().find(|step| step.status == Status::Sent)?;
        let at = self.created_ms + sent.after_ms;
        (at <= now_ms).then_some(at)
    }

    /// The sender once one is chosen.
    pub(crate) fn sender(&self, status: Status) -> Option<&str> {
        match (&self.origin.from, status) {
            (Some(from), _) => Some(from),
            (None, Status::Accepted | Status::Failed) => None,
            (None, _) => Some(&self.chosen_sender),
        }
    }
}
