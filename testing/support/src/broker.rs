//! Our names on the broker, and the portal's way to publish.

use anyhow::{Context as _, ensure};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ExchangeKind,
    options::{
        BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions,
        ExchangeDeleteOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions, QueuePurgeOptions,
    },
    types::FieldTable,
};
use shared::{
    amqp::{Frames, Topology, connect, install_crypto},
    config::{self, Env},
    events::{self, Event},
    lane::QueueLane,
};

use crate::{EventBody, PATIENCE, services::Server, until};

/// Confirms that are awaited together.
const WINDOW: usize = 200;

/// One scenario's exchange and queues.
pub struct Broker {
    server: Server,
    namespace: String,
    topology: Topology,
    connection: Connection,
    publishing: Channel,
}

impl Broker {
    /// Connects, beside every proxy, and declares the topology within `namespace`.
    pub(crate) async fn connect(server: Server, namespace: &str) -> anyhow::Result<Self> {
        let broker = Self::open(server, namespace).await?;
        broker.topology.declare(&broker.publishing).await?;
        Ok(broker)
    }

    /// Connects without a proxy and does not declare the topology.
    pub(crate) async fn open(server: Server, namespace: &str) -> anyhow::Result<Self> {
        install_crypto();
        let mut env =
            Env::of([("AMQP_URL", server.url().to_owned()), ("AMQP_NAMESPACE", namespace.to_owned())]);
        let broker = config::Broker::read(&mut env, &config::Insecure::Everywhere);
        let broker = env.finish(broker)?;
        let topology = Topology::new(broker.namespace.clone());
        let connection = connect(&broker, "fault harness", Frames::Large).await?;
        let publishing = connection.create_channel().await?;
        publishing.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(Self { server, namespace: namespace.to_owned(), topology, connection, publishing })
    }

    /// Connects again to a broker that was away, and declares the topology again.
    pub async fn reconnect(&mut self) -> anyhow::Result<()> {
        *self = until("the harness is connected again", PATIENCE, async || {
            let again = Self::connect(self.server.clone(), &self.namespace).await;
            Ok(again.map_err(|error| format!("{error:#}")))
        })
        .await?;
        Ok(())
    }

    /// The URL of its server, beside every proxy.
    pub fn url(&self) -> &str {
        self.server.url()
    }

    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    pub(crate) fn topology(&self) -> &Topology {
        &self.topology
    }

    /// What `AMQP_NAMESPACE` is to be.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Publishes one body; `Ok` once the broker has confirmed it.
    pub async fn publish(&self, lane: QueueLane, body: &[u8]) -> anyhow::Result<()> {
        self.publish_with(lane, body, BasicProperties::default().with_delivery_mode(2)).await
    }

    /// Publishes one body with these properties.
    pub async fn publish_with(
        &self,
        lane: QueueLane,
        body: &[u8],
        properties: BasicProperties,
    ) -> anyhow::Result<()> {
        self.publish_by_key(Topology::routing_key(lane), body, properties).await
    }

    async fn publish_by_key(
        &self,
        key: &str,
        body: &[u8],
        properties: BasicProperties,
    ) -> anyhow::Result<()> {
        let exchange = self.topology.exchange();
        let mandatory = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let publish =
            self.publishing.basic_publish(exchange.as_str().into(), key.into(), mandatory, body, properties);
        let confirm = publish.await?.await?;
        ensure!(matches!(confirm, Confirmation::Ack(None)), "the broker did not store it: {confirm:?}");
        Ok(())
    }

    /// Publishes one event about a person; `Ok` once the broker has confirmed it.
    pub async fn publish_people(&self, key: &str, body: &[u8]) -> anyhow::Result<()> {
        self.publish_by_key(key, body, BasicProperties::default().with_delivery_mode(2)).await
    }

    /// Publishes events on the live lane, many at a time.
    pub async fn publish_all(&self, events: &[EventBody]) -> anyhow::Result<()> {
        let bodies: Vec<Vec<u8>> = events.iter().map(EventBody::bytes).collect();
        let publishes = bodies.iter().map(|body| self.publish(QueueLane::Live, body));
        stream::iter(publishes).buffer_unordered(WINDOW).try_collect::<Vec<()>>().await?;
        Ok(())
    }

    /// Messages ready in every queue of ours; a queue that is gone counts as empty.
    pub async fn ready(&self) -> anyhow::Result<u32> {
        let mut ready = 0;
        for queue in self.queues() {
            let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
            let channel = self.connection.create_channel().await?;
            if let Ok(state) =
                channel.queue_declare(queue.as_str().into(), passive, FieldTable::default()).await
            {
                ready += state.message_count();
                channel.close(200, "done".into()).await?;
            }
        }
        Ok(ready)
    }

    /// Messages ready in a lane's queue. None if the queue does not exist.
    pub async fn ready_in(&self, lane: QueueLane) -> anyhow::Result<Option<u32>> {
        let channel = self.connection.create_channel().await?;
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let queue = self.topology.queue(lane);
        let declared = channel.queue_declare(queue.as_str().into(), passive, FieldTable::default()).await;
        Ok(declared.ok().map(|queue| queue.message_count()))
    }

    /// Takes every body out of a lane's queue, in its order.
    pub async fn bodies(&self, lane: QueueLane) -> anyhow::Result<Vec<Vec<u8>>> {
        let messages = self.messages(&self.topology.queue(lane)).await?;
        Ok(messages.into_iter().map(|(_, body)| body).collect())
    }

    /// Takes routing key and body of every message out of the queue of events about people, in its order.
    pub async fn people(&self) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
        self.messages(&self.topology.people_queue()).await
    }

    /// Binds a queue of the portal to the events that workers publish for it. It goes with this connection.
    pub async fn bind_portal(&self) -> anyhow::Result<()> {
        let (queue, exchange) = (self.portal_queue(), self.topology.exchange());
        let exclusive = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        let (channel, none) = (self.connection.create_channel().await?, FieldTable::default);
        channel.queue_declare(queue.as_str().into(), exclusive, none()).await?;
        let options = QueueBindOptions::default();
        channel
            .queue_bind(
                queue.as_str().into(),
                exchange.as_str().into(),
                "onboarding.#".into(),
                options,
                none(),
            )
            .await?;
        Ok(())
    }

    /// Takes routing key and body of every message out of the portal's queue.
    pub async fn portal(&self) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
        self.messages(&self.portal_queue()).await
    }

    fn portal_queue(&self) -> String {
        format!("{}.portal", self.namespace)
    }

    async fn messages(&self, queue: &str) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
        let channel = self.connection.create_channel().await?;
        let no_ack = BasicGetOptions { no_ack: true };
        let mut messages = Vec::new();
        while let Some(message) = channel.basic_get(queue.into(), no_ack).await? {
            messages.push((message.delivery.routing_key.to_string(), message.delivery.data.clone()));
        }
        Ok(messages)
    }

    /// Takes every event out of a lane's queue, on several channels: each asks for one at a time.
    pub async fn drain(&self, lane: QueueLane) -> anyhow::Result<Vec<Event>> {
        let drained = futures::future::try_join_all((0..8).map(|_| self.bodies(lane))).await?;
        drained.concat().iter().map(|body| Ok(events::decode(body)?)).collect()
    }

    /// Removes the binding of a lane's queue.
    pub async fn unbind(&self, lane: QueueLane) -> anyhow::Result<()> {
        let channel = self.connection.create_channel().await?;
        let (queue, exchange) = (self.topology.queue(lane), self.topology.exchange());
        let (queue, exchange, key) = (queue.as_str(), exchange.as_str(), Topology::routing_key(lane));
        channel.queue_unbind(queue.into(), exchange.into(), key.into(), FieldTable::default()).await?;
        Ok(())
    }

    /// Discards the ready messages of a lane's queue and returns their number.
    pub async fn purge(&self, lane: QueueLane) -> anyhow::Result<u32> {
        let channel = self.connection.create_channel().await?;
        let queue = self.topology.queue(lane);
        Ok(channel.queue_purge(queue.as_str().into(), QueuePurgeOptions::default()).await?)
    }

    /// Deletes a lane's queue with everything in it, consumers or not.
    pub async fn delete_queue(&self, lane: QueueLane) -> anyhow::Result<()> {
        let channel = self.connection.create_channel().await?;
        let queue = self.topology.queue(lane);
        channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await?;
        Ok(())
    }

    /// Puts a classic queue in the place of the live lane's, or a direct exchange in the place of ours; returns its name.
    pub async fn replace_with_another_kind(&self, queue: bool) -> anyhow::Result<String> {
        let channel = self.connection.create_channel().await?;
        if queue {
            let name = self.topology.queue(QueueLane::Live);
            channel.queue_delete(name.as_str().into(), QueueDeleteOptions::default()).await?;
            let options = QueueDeclareOptions::durable();
            channel.queue_declare(name.as_str().into(), options, FieldTable::default()).await?;
            return Ok(name);
        }
        let name = self.topology.exchange();
        channel.exchange_delete(name.as_str().into(), ExchangeDeleteOptions::default()).await?;
        let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
        channel
            .exchange_declare(name.as_str().into(), ExchangeKind::Direct, options, FieldTable::default())
            .await?;
        Ok(name)
    }

    /// Declares everything again.
    pub async fn declare(&self) -> anyhow::Result<()> {
        let channel = self.connection.create_channel().await.context("a channel")?;
        Ok(self.topology.declare(&channel).await?)
    }

    /// Removes every name of ours; a private server is removed as a whole, by its owner.
    pub(crate) async fn delete(server: Server, namespace: &str) -> anyhow::Result<()> {
        if server.is_private() {
            return Ok(());
        }
        Self::connect(server, namespace).await?.delete_all().await
    }

    pub(crate) async fn delete_all(&self) -> anyhow::Result<()> {
        for queue in self.queues() {
            let channel = self.connection.create_channel().await?;
            channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await?;
        }
        let channel = self.connection.create_channel().await?;
        let exchange = self.topology.exchange();
        channel.exchange_delete(exchange.as_str().into(), ExchangeDeleteOptions::default()).await?;
        Ok(())
    }

    fn queues(&self) -> [String; 4] {
        let [live, backfill] = QueueLane::ALL.map(|lane| self.topology.queue(lane));
        [live, backfill, self.topology.people_queue(), self.topology.dead_queue()]
    }
}
