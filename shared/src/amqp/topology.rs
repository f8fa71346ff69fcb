//! Our exchange and queues. Each process declares the ones that it needs. Declaring is idempotent.

use std::fmt;

use lapin::{
    Channel, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable, LongString},
};

use crate::{config::Namespace, lane::QueueLane};

/// Far above any series of crashes. A crash counts against every prefetched message, and RabbitMQ 4 would otherwise
/// dead-letter a message after 20.
const DELIVERY_LIMIT: i64 = 1_000_000;

/// 405 RESOURCE_LOCKED: an exclusive queue of another connection. 406 PRECONDITION_FAILED: another type or other
/// arguments.
pub(super) const CLASH: [u16; 2] = [405, 406];

/// The names of our exchange and queues in one namespace.
#[derive(Debug, Clone)]
pub struct Topology {
    namespace: Namespace,
}

/// The topology could not be declared.
#[derive(Debug, thiserror::Error)]
pub enum TopologyError {
    /// The name exists with other properties.
    #[error("{what} {name} exists with other properties than ours: {}; broker says: {source}", what.advice())]
    Clash {
        /// Whether it is an exchange or a queue.
        what: Named,
        /// Its name.
        name: String,
        /// The broker's answer.
        source: lapin::Error,
    },
    /// Any other failure of the broker.
    #[error("declaring {name} failed: {source}")]
    Failed {
        /// The exchange or queue.
        name: String,
        /// The cause.
        source: lapin::Error,
    },
}

/// Whether a name is an exchange or a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// An exchange.
    Exchange,
    /// A queue.
    Queue,
}

impl Named {
    /// What an operator should do if it exists with other properties.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Exchange => {
                "stop its publishers and delete it (management page, or `rabbitmqadmin delete exchange`; queues and \
                 their messages stay), or set AMQP_NAMESPACE"
            }
            Self::Queue => "drain and delete it (`rabbitmqctl delete_queue`), or set AMQP_NAMESPACE",
        }
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exchange => "exchange",
            Self::Queue => "queue",
        })
    }
}

impl TopologyError {
    /// Whether an operator must fix it.
    pub fn is_clash(&self) -> bool {
        matches!(self, TopologyError::Clash { .. })
    }

    pub(super) fn of(what: Named, name: &str, source: lapin::Error) -> Self {
        let name = name.to_owned();
        let clash =
            matches!(source.kind(), lapin::ErrorKind::ProtocolError(e) if CLASH.contains(&e.get_id()));
        if clash { Self::Clash { what, name, source } } else { Self::Failed { name, source } }
    }
}

impl Topology {
    /// The topology within `namespace`.
    pub fn new(namespace: Namespace) -> Self {
        Self { namespace }
    }

    /// The exchange that events are published to.
    pub fn exchange(&self) -> String {
        self.namespace.name("aamcare.events")
    }

    /// The queue of a lane.
    pub fn queue(&self, lane: QueueLane) -> String {
        self.namespace.name(match lane {
            QueueLane::Live => "onboarding.live",
            QueueLane::Backfill => "onboarding.backfill",
        })
    }

    /// The queue of messages that the broker dead-lettered.
    pub fn dead_queue(&self) -> String {
        self.namespace.name("onboarding.dead")
    }

    /// The routing key of a lane.
    pub fn routing_key(lane: QueueLane) -> &'static str {
        match lane {
            QueueLane::Live => "user.signed_up.v1",
            QueueLane::Backfill => "user.backfill.v1",
        }
    }

    /// Declares exchange, queues and bindings. After an error the channel is closed.
    pub async fn declare(&self, channel: &Channel) -> Result<(), TopologyError> {
        let exchange = self.exchange();
        let durable = ExchangeDeclareOptions { durable: true, ..Default::default() };
        channel
            .exchange_declare(exchange.as_str().into(), ExchangeKind::Topic, durable, FieldTable::default())
            .await
            .map_err(|e| TopologyError::of(Named::Exchange, &exchange, e))?;
        self.declare_queue(channel, &self.dead_queue(), dead_arguments()).await?;
        for lane in QueueLane::ALL {
            let queue = self.queue(lane);
            self.declare_queue(channel, &queue, self.lane_arguments()).await?;
            let key = Self::routing_key(lane);
            channel
                .queue_bind(
                    queue.as_str().into(),
                    exchange.as_str().into(),
                    key.into(),
                    QueueBindOptions::default(),
                    FieldTable::default(),
                )
                .await
                .map_err(|e| TopologyError::of(Named::Queue, &queue, e))?;
        }
        Ok(())
    }

    async fn declare_queue(
        &self,
        channel: &Channel,
        name: &str,
        args: FieldTable,
    ) -> Result<(), TopologyError> {
        channel
            .queue_declare(name.into(), QueueDeclareOptions::durable(), args)
            .await
            .map(|_| ())
            .map_err(|e| TopologyError::of(Named::Queue, name, e))
    }

    pub(super) fn lane_arguments(&self) -> FieldTable {
        let mut args = dead_arguments();
        let mut text = |key: &str, value: &str| {
            args.insert(key.into(), AMQPValue::LongString(LongString::from(value)));
        };
        text("x-dead-letter-exchange", "");
        text("x-dead-letter-routing-key", &self.dead_queue());
        // Dead-lettering at least once requires reject-publish. With drop-head the broker falls back to at most once.
        text("x-dead-letter-strategy", "at-least-once");
        text("x-overflow", "reject-publish");
        args
    }
}

pub(super) fn dead_arguments() -> FieldTable {
    let mut args = FieldTable::default();
    args.insert("x-queue-type".into(), AMQPValue::LongString(LongString::from("quorum")));
    args.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(DELIVERY_LIMIT));
    args
}
