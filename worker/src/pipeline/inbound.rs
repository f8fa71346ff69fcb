//! A delivery, as far as the pipeline needs it.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use shared::{
    amqp::Screened,
    events::{self, Event, Rejected},
    lane::QueueLane,
    telemetry::loggable,
};

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

/// Why a delivery is a dead letter before anything of it is looked up.
pub(crate) enum Unfit {
    Properties(&'static str),
    Body(Rejected),
}

/// Reads the event of a delivery.
pub(crate) fn decode(inbound: &Inbound) -> Result<Event, Unfit> {
    if let Some(fault) = inbound.screened.unreadable {
        return Err(Unfit::Properties(fault));
    }
    if let Some(bytes) = inbound.screened.body_bytes {
        return Err(Unfit::Body(Rejected::TooLarge(usize::try_from(bytes).unwrap_or(usize::MAX))));
    }
    events::decode(&inbound.body).map_err(Unfit::Body)
}

impl std::fmt::Debug for Inbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inbound")
            .field("lane", &self.lane)
            .field("message_id", &self.shown_id())
            .finish_non_exhaustive()
    }
}
