//! Repeated measurement of how many messages wait in a queue.

use lapin::{Channel, Connection, options::QueueDeclareOptions, types::FieldTable};

use super::{Frames, Topology, connect};
use crate::{config::Broker, lane::QueueLane};

/// Measures the depth of one queue on a connection of its own. It connects at the first use, and again after a failure.
pub struct QueueDepth {
    broker: Broker,
    queue: String,
    link: Option<(Connection, Channel)>,
}

impl QueueDepth {
    /// For the queue of `lane`.
    pub fn of(broker: Broker, lane: QueueLane) -> Self {
        let queue = Topology::new(broker.namespace.clone()).queue(lane);
        Self { broker, queue, link: None }
    }

    /// Messages ready for delivery; `None` if the broker does not answer now.
    pub async fn ready(&mut self) -> Option<u32> {
        let ready = self.ask().await;
        if ready.is_none() {
            self.link = None;
        }
        ready
    }

    async fn ask(&mut self) -> Option<u32> {
        let open = self.link.take().filter(|(_, channel)| channel.status().connected());
        let link = if let Some(link) = open {
            link
        } else {
            let connection = connect(&self.broker, "queue depth", Frames::Small).await.ok()?;
            let channel = connection.create_channel().await.ok()?;
            (connection, channel)
        };
        let (_, channel) = self.link.insert(link);
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::durable() };
        let declared =
            channel.queue_declare(self.queue.as_str().into(), passive, FieldTable::default()).await;
        declared.ok().map(|queue| queue.message_count())
    }
}
