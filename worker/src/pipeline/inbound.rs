//! A delivery, as far as the pipeline needs it.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use shared::{amqp::Screened, lane::QueueLane, telemetry::loggable};

use crate::{
    facts::{Arrival, Origin},
    store::tries,
};

/// One delivery. `Debug` shows no body.
pub(crate) struct Inbound {
    pub(crate) lane: QueueLane,
    pub(crate) body: Vec<u8>,
    pub(crate) routing_key: String,
    pub(crate) message_id: Option<String>,
    /// What the connection had to change of it.
    pub(crate) screened: Screened,
    /// The AMQP timestamp, or when the broker dead-lettered it; never in the future.
    pub(crate) published_at: Option<DateTime<Utc>>,
    pub(crate) arrival: Arrival,
    pub(crate) traceparent: Option<String>,
    pub(crate) headers: serde_json::Value,
}

impl Inbound {
    /// The identity of the message: its id, or a digest of its content.
    pub(super) fn key(&self) -> String {
        tries::key(self.message_id.as_deref(), &self.body)
    }

    pub(super) fn origin(&self) -> Origin {
        Origin {
            lane: self.lane,
            arrival: self.arrival,
            traceparent: self.traceparent.clone(),
            event_id: self.message_id.clone(),
        }
    }

    /// Its id for log lines. The publisher chooses the id.
    pub(crate) fn shown_id(&self) -> Option<Cow<'_, str>> {
        self.message_id.as_deref().map(loggable)
    }

    /// The metric label for the publisher of this lane.
    pub(crate) fn source(&self) -> &'static str {
        match self.lane {
            QueueLane::Live => "portal",
            QueueLane::Backfill => "backfill",
        }
    }
}

impl std::fmt::Debug for Inbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inbound")
            .field("lane", &self.lane)
            .field("message_id", &self.shown_id())
            .finish_non_exhaustive()
    }
}
