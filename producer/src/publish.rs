//! Publishes events with the broker's confirm.

use futures::future::join_all;
use shared::{
    amqp::{Outgoing, PublishError, Publisher, Route, StartError, install_crypto},
    config::{Broker, Env, Faults, insecure_allowed},
    domain::UserId,
    events::{ConsentChanged, ProfileChanged, ReportedBy, Signup},
    lane::QueueLane,
};
use tokio_util::sync::CancellationToken;

/// A connection to the broker that reconnects by itself. Clones share it.
#[derive(Clone)]
pub struct Producer {
    publisher: Publisher,
}

/// The broker has stored the event on a quorum queue: it survives a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmed {
    /// The CloudEvents `id` of the event.
    pub event_id: String,
}

/// The broker that the environment names: `AMQP_URL` (or its `_FILE`) and `AMQP_NAMESPACE`.
pub fn broker_of_process() -> Result<Broker, Faults> {
    let mut env = Env::of_process();
    let insecure = &insecure_allowed(&mut env);
    let broker = Broker::read(&mut env, insecure);
    env.finish(broker)
}

impl Producer {
    /// Connects and declares the exchange and the queues. Fails at once if the URL is wrong.
    pub async fn connect(broker: Broker) -> Result<Self, StartError> {
        install_crypto();
        Ok(Self { publisher: Publisher::connect(broker, "producer").await? })
    }

    /// Starts without a connection and keeps trying to get one.
    pub(crate) fn start(broker: Broker) -> Self {
        install_crypto();
        // Never cancelled: the task ends when the last clone is gone.
        let (publisher, _task) = Publisher::start(broker, "relay", CancellationToken::new());
        Self { publisher }
    }

    /// Publishes a signup that happened now. On an error, treat the event as not stored and publish it again:
    /// a second event for the same number never sends a second message.
    pub async fn signed_up(&self, signup: &Signup) -> Result<Confirmed, PublishError> {
        self.publish(Outgoing::signed_up(signup, None)).await
    }

    /// As [`Producer::signed_up`], carrying the caller's W3C `traceparent`.
    pub async fn signed_up_traced(
        &self,
        signup: &Signup,
        traceparent: String,
    ) -> Result<Confirmed, PublishError> {
        self.publish(Outgoing::signed_up(signup, Some(traceparent))).await
    }

    /// Enqueues a stored user. The worker reads the number when it processes the event.
    pub async fn stored(&self, user: &UserId) -> Result<Confirmed, PublishError> {
        self.publish(Outgoing::stored(user, QueueLane::Backfill, None)).await
    }

    /// Publishes a change of a user's number or profile that happened now.
    pub async fn profile_changed(&self, changed: &ProfileChanged) -> Result<Confirmed, PublishError> {
        self.publish(Outgoing::profile_changed(changed, None)).await
    }

    /// Publishes consents that a user gave or withdrew now.
    pub async fn consent_changed(&self, changed: &ConsentChanged) -> Result<Confirmed, PublishError> {
        self.publish(Outgoing::consent_changed(changed, None)).await
    }

    /// Publishes a loss that is reported now. `reported_by` names the reporter, and never holds details of the loss.
    pub async fn loss_reported(
        &self,
        user: &UserId,
        reported_by: Option<&ReportedBy>,
    ) -> Result<Confirmed, PublishError> {
        self.publish(Outgoing::loss_reported(user, reported_by, None)).await
    }

    /// Publishes that the portal erased a user.
    pub async fn erased(&self, user: &UserId) -> Result<Confirmed, PublishError> {
        self.publish(Outgoing::erased(user, None)).await
    }

    /// Publishes a full event unchanged, on the route of its type; `id` is the id of the event. An event that does not
    /// decode becomes a dead letter. Its time is kept, so that an old event does not change newer data.
    pub async fn verbatim(&self, id: String, route: Route, body: Vec<u8>) -> Result<Confirmed, PublishError> {
        self.publish(Outgoing::verbatim(id, route, body, None)).await
    }

    /// Publishes a few hundred events at most, in this order. The results have the same order.
    pub(crate) async fn in_order(&self, events: Vec<Outgoing>) -> Vec<Result<Confirmed, PublishError>> {
        let publishing = join_all(events.into_iter().map(|event| self.publish(event)));
        // Without tokio's budget every event is handed over at the first poll, so the order is kept.
        tokio::task::unconstrained(publishing).await
    }

    async fn publish(&self, event: Outgoing) -> Result<Confirmed, PublishError> {
        let event_id = event.id.clone();
        self.publisher.publish(event).await?;
        Ok(Confirmed { event_id })
    }
}
