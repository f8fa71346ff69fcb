//! An event in a queue, or in the hands of a worker.

use chrono::{DateTime, Utc};
use serde_json::json;
use shared::{
    amqp::{Outgoing, Screened, Topology},
    events::{self, Kind},
    lane::QueueLane,
};
use tokio::time::Instant;
use uuid::Uuid;

use crate::{facts::Arrival, pipeline::Inbound};

/// One message of a queue.
pub(super) struct Delivery {
    pub(super) lane: QueueLane,
    pub(super) id: String,
    pub(super) body: Vec<u8>,
    pub(super) published_at: DateTime<Utc>,
    redelivered: bool,
    /// How often it may have been counted. From the second time on it runs alone.
    tries: u32,
}

impl Delivery {
    /// A signup as of `at`; one that is not timed says so by its AMQP timestamp alone.
    pub(super) fn signup(user: &str, raw: &str, at: DateTime<Utc>, timed: bool) -> Self {
        let (id, data) = (Uuid::now_v7().to_string(), json!({ "user_id": user, "phone_number": raw }));
        let body = if timed {
            json!({ "specversion": "1.0", "id": id, "type": events::SIGNED_UP, "time": at, "data": data })
        } else {
            data
        };
        let body = body.to_string().into_bytes();
        Self { lane: QueueLane::Live, id, body, published_at: at, redelivered: false, tries: 0 }
    }

    /// What goes out, as the broker has it.
    pub(super) fn of(event: &Outgoing) -> Self {
        let seconds = event.properties().timestamp().unwrap_or_default();
        let published_at = DateTime::from_timestamp(i64::try_from(seconds).unwrap(), 0).unwrap();
        let (id, body) = (event.id.clone(), event.body().to_vec());
        // A replay may have been counted before.
        Self { lane: event.route.lane().unwrap(), id, body, published_at, redelivered: false, tries: 2 }
    }

    /// The user of the event, and its time, if it has one.
    pub(super) fn event(&self) -> (String, Option<DateTime<Utc>>) {
        let event = events::decode(&self.body).unwrap();
        match event.kind {
            Kind::SignedUp(signup) => {
                (signup.user_id.to_string(), Some(event.time.at().unwrap_or(self.published_at)))
            }
            Kind::Stored(user) => (user.to_string(), None),
            other => panic!("not an event of a lane: {other:?}"),
        }
    }

    pub(super) fn given_back(self) -> Self {
        Self { redelivered: true, tries: self.tries + 1, ..self }
    }

    /// Whether a worker may take it up beside no other of its lane.
    pub(super) fn alone(&self) -> bool {
        self.redelivered && self.tries > 1
    }

    pub(super) fn inbound(&self) -> Inbound {
        Inbound {
            lane: self.lane,
            body: self.body.clone(),
            routing_key: Topology::routing_key(self.lane).to_owned(),
            message_id: Some(self.id.clone()),
            screened: Screened::default(),
            published_at: Some(self.published_at.min(Utc::now())),
            arrival: Arrival { at: Instant::now(), redelivered: self.redelivered },
            traceparent: None,
            headers: json!({}),
        }
    }
}
