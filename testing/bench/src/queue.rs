//! The real topology in a namespace of a scenario's own, and ways to fill it.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use lapin::{
    BasicProperties, Channel, Confirmation, Connection,
    options::{
        BasicPublishOptions, ConfirmSelectOptions, ExchangeDeleteOptions, QueueDeclareOptions,
        QueueDeleteOptions,
    },
    types::FieldTable,
};
use shared::{
    amqp::{Frames, Topology, connect, install_crypto},
    config::{Broker, Env, Insecure},
    events,
    lane::QueueLane,
};

use crate::services::Services;

/// Unconfirmed publishes.
const IN_FLIGHT: usize = 1000;

/// Names of one scenario.
#[derive(Clone)]
pub(crate) struct Names {
    topology: Topology,
}

/// Queues, and a channel to fill them.
pub(crate) struct Queues {
    /// How a program of ours reaches them.
    pub(crate) broker: Broker,
    topology: Topology,
    _connection: Connection,
    channel: Channel,
}

impl Queues {
    pub(crate) async fn declare(services: &Services, namespace: &str) -> anyhow::Result<Self> {
        install_crypto();
        let mut env = Env::of([("AMQP_URL", services.amqp.as_str()), ("AMQP_NAMESPACE", namespace)]);
        let broker = Broker::read(&mut env, &Insecure::Everywhere);
        let broker = env.finish(broker)?;
        let topology = Topology::new(broker.namespace.clone());
        let connection = connect(&broker, "bench", Frames::Large).await?;
        let channel = connection.create_channel().await?;
        topology.declare(&channel).await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(Self { broker, topology, _connection: connection, channel })
    }

    pub(crate) fn names(&self) -> Names {
        Names { topology: self.topology.clone() }
    }

    /// The queue of a lane.
    pub(crate) fn queue(&self, lane: QueueLane) -> String {
        self.topology.queue(lane)
    }

    /// Publishes one event; `Ok` once it is confirmed.
    pub(crate) async fn publish(&self, lane: QueueLane, body: Vec<u8>) -> anyhow::Result<()> {
        let (exchange, key) = (self.topology.exchange(), Topology::routing_key(lane));
        let mandatory = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let properties = BasicProperties::default()
            .with_delivery_mode(2)
            .with_content_type(events::CONTENT_TYPE.into())
            .with_message_id(uuid::Uuid::now_v7().to_string().into());
        let publish =
            self.channel.basic_publish(exchange.as_str().into(), key.into(), mandatory, &body, properties);
        let confirm = publish.await?.await?;
        anyhow::ensure!(matches!(confirm, Confirmation::Ack(None)), "not stored: {confirm:?}");
        Ok(())
    }

    /// Publishes one event for each of `users`.
    pub(crate) async fn fill(
        &self,
        lane: QueueLane,
        users: std::ops::Range<u32>,
        body: fn(u32) -> anyhow::Result<Vec<u8>>,
    ) -> anyhow::Result<()> {
        let publishes = users.map(|n| async move { self.publish(lane, body(n)?).await });
        stream::iter(publishes).buffer_unordered(IN_FLIGHT).try_collect::<()>().await
    }

    /// Ready messages of a lane.
    pub(crate) async fn ready(&self, lane: QueueLane) -> anyhow::Result<u32> {
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let queue = self.queue(lane);
        let state = self.channel.queue_declare(queue.as_str().into(), passive, FieldTable::default()).await?;
        Ok(state.message_count())
    }
}

impl Names {
    /// Deletes exchange and queues.
    pub(crate) async fn delete(&self, services: &Services) -> anyhow::Result<()> {
        let mut env = Env::of([("AMQP_URL", services.amqp.as_str()), ("AMQP_NAMESPACE", "x")]);
        let broker = Broker::read(&mut env, &Insecure::Everywhere);
        let connection = connect(&env.finish(broker)?, "bench", Frames::Large).await?;
        let channel = connection.create_channel().await?;
        let lanes = QueueLane::ALL.into_iter().map(|lane| self.topology.queue(lane));
        for queue in lanes.chain([self.topology.people_queue(), self.topology.dead_queue()]) {
            channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await?;
        }
        let exchange = self.topology.exchange();
        channel.exchange_delete(exchange.as_str().into(), ExchangeDeleteOptions::default()).await?;
        Ok(())
    }
}
