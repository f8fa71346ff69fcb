//! A namespace on the broker, and the events in its queues.

use lapin::{
    Channel, Connection, ConnectionProperties,
    options::{BasicGetOptions, ExchangeDeleteOptions, QueueDeclareOptions, QueueDeleteOptions},
    types::FieldTable,
};
use shared::{
    amqp::{Topology, install_crypto},
    events::{self, Event},
    lane::QueueLane,
};
use uuid::Uuid;

pub struct Broker {
    pub url: String,
    pub namespace: String,
    topology: Topology,
    connection: Connection,
}

impl Broker {
    pub async fn new() -> Self {
        install_crypto();
        let url =
            std::env::var("TEST_AMQP_URL").unwrap_or_else(|_| "amqp://guest:guest@127.0.0.1:5672".to_owned());
        let namespace = format!("test-{}", Uuid::now_v7().simple());
        let connection = Connection::connect(&url, ConnectionProperties::default()).await.unwrap();
        let topology = Topology::new(namespace.parse().unwrap());
        Self { url, namespace, topology, connection }
    }

    /// Takes every event out of a lane's queue, on several channels: each asks for one at a time.
    pub async fn drain(&self, lane: QueueLane) -> Vec<Event> {
        let drained = futures::future::join_all((0..8).map(|_| self.drain_alone(lane))).await;
        drained.into_iter().flatten().collect()
    }

    async fn drain_alone(&self, lane: QueueLane) -> Vec<Event> {
        let bodies = self.bodies(lane).await;
        bodies.iter().map(|body| events::decode(body).unwrap()).collect()
    }

    /// Takes every body out of a lane's queue, in its order.
    pub async fn bodies(&self, lane: QueueLane) -> Vec<Vec<u8>> {
        let channel = self.channel().await;
        let queue = self.topology.queue(lane);
        let no_ack = BasicGetOptions { no_ack: true };
        let mut bodies = Vec::new();
        while let Some(message) = channel.basic_get(queue.as_str().into(), no_ack).await.unwrap() {
            bodies.push(message.delivery.data);
        }
        bodies
    }

    /// Messages ready in a lane's queue. None if the queue does not exist.
    pub async fn ready(&self, lane: QueueLane) -> Option<u32> {
        let channel = self.channel().await;
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let queue = self.topology.queue(lane);
        let declared = channel.queue_declare(queue.as_str().into(), passive, FieldTable::default()).await;
        declared.ok().map(|queue| queue.message_count())
    }

    /// Removes the binding of a lane's queue.
    pub async fn unbind(&self, lane: QueueLane) {
        let (queue, exchange) = (self.topology.queue(lane), self.topology.exchange());
        let key = Topology::routing_key(lane);
        self.channel()
            .await
            .queue_unbind(queue.as_str().into(), exchange.as_str().into(), key.into(), FieldTable::default())
            .await
            .unwrap();
    }

    pub async fn delete(&self) {
        let queues = [QueueLane::Live, QueueLane::Backfill].map(|lane| self.topology.queue(lane));
        for queue in queues.iter().chain([&self.topology.dead_queue()]) {
            let deleted =
                self.channel().await.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await;
            report(queue, deleted.map(|_| ()));
        }
        let exchange = self.topology.exchange();
        let deleted = self
            .channel()
            .await
            .exchange_delete(exchange.as_str().into(), ExchangeDeleteOptions::default())
            .await;
        report(&exchange, deleted);
    }

    async fn channel(&self) -> Channel {
        self.connection.create_channel().await.unwrap()
    }
}

fn report(name: &str, deleted: Result<(), lapin::Error>) {
    if let Err(error) = deleted {
        eprintln!("{name} is left behind: {error}");
    }
}
