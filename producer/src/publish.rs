//! Publishing with the broker's confirm.

use shared::{
    amqp::{Outgoing, PublishError, Publisher, StartError, install_crypto},
    config::{Broker, Env, Faults, insecure_allowed},
    event::Signup,
    ids::UserId,
    lane::Lane,
};

/// A connection to the broker that outlives its interruptions. Clones share it.
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
    let insecure = insecure_allowed(&mut env);
    let broker = Broker::read(&mut env, insecure);
    env.finish(broker)
}

impl Producer {
    /// Connects and declares the exchange and the queues, so that a wrong URL shows at once.
    pub async fn connect(broker: Broker) -> Result<Self, StartError> {
        install_crypto();
        Ok(Self { publisher: Publisher::connect(broker, "producer").await? })
    }

    /// Publishes a signup that happened now. An error means: count it as not stored and publish again;
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

    /// Enqueues a user who is stored already; the worker reads her number when her turn comes.
    pub async fn stored(&self, user: &UserId) -> Result<Confirmed, PublishError> {
        self.publish(Outgoing::stored(user, Lane::Backfill, None)).await
    }

    async fn publish(&self, event: Outgoing) -> Result<Confirmed, PublishError> {
        let event_id = event.id.clone();
        self.publisher.publish(event).await?;
        Ok(Confirmed { event_id })
    }
}
