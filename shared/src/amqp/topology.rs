//! Our exchange and queues. Each process declares the ones that it needs. Declaring is idempotent.

use std::fmt;

use lapin::{
    Channel, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable, LongString},
};

use super::{PeopleEvent, Route};
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
    /// The routing keys of the queue of events about people.
    pub const PEOPLE_KEYS: [&str; PeopleEvent::ALL.len()] = {
        let mut keys = [""; PeopleEvent::ALL.len()];
        let mut n = 0;
        while n < keys.len() {
            keys[n] = PeopleEvent::ALL[n].routing_key();
            n += 1;
        }
        keys
    };

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

    /// The queue of events about people. Workers of older releases do not consume it.
    pub fn people_queue(&self) -> String {
        self.namespace.name("onboarding.people")
    }

    /// The queue of messages that the broker dead-lettered.
    pub fn dead_queue(&self) -> String {
        self.namespace.name("onboarding.dead")
    }

    /// The routing key of a lane.
    pub fn routing_key(lane: QueueLane) -> &'static str {
        Route::Lane(lane).routing_key()
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
            self.declare_bound(channel, &self.queue(lane), &[Self::routing_key(lane)]).await?;
        }
        self.declare_bound(channel, &self.people_queue(), &Self::PEOPLE_KEYS).await
    }

    /// Declares a queue that workers consume, and binds it to our exchange.
    async fn declare_bound(
        &self,
        channel: &Channel,
        queue: &str,
        keys: &[&str],
    ) -> Result<(), TopologyError> {
        self.declare_queue(channel, queue, self.consumed_arguments()).await?;
        let exchange = self.exchange();
        for &key in keys {
            let options = QueueBindOptions::default();
            channel
                .queue_bind(
                    queue.into(),
                    exchange.as_str().into(),
                    key.into(),
                    options,
                    FieldTable::default(),
                )
                .await
                .map_err(|e| TopologyError::of(Named::Queue, queue, e))?;
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

    /// The arguments of a queue that workers consume: of a lane, or of events about people.
    pub(super) fn consumed_arguments(&self) -> FieldTable {
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
