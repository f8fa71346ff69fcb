//! Checks the topology at the broker without declaring it.

use lapin::{
    Channel, Connection, ErrorKind, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueDeclareOptions},
    types::FieldTable,
};

use super::topology::{CLASH, Named, Topology, TopologyError, dead_arguments};
use crate::lane::QueueLane;

/// The condition of an exchange or a queue at the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// The exchange exists as we declare it.
    Exchange,
    /// The queue exists as we declare it.
    Queue {
        /// Messages ready for delivery.
        ready: u32,
        /// Number of consumers.
        consumers: u32,
    },
    /// The name does not exist.
    Missing,
    /// It exists with other properties than ours.
    Clash(Named),
}

/// An exchange or a queue of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its name at the broker.
    pub name: String,
    /// Its condition.
    pub condition: Condition,
}

impl Topology {
    /// Checks the exchange and every queue. Missing ones are not declared.
    pub async fn inspect(&self, connection: &Connection) -> Result<Vec<Part>, TopologyError> {
        let mut parts = vec![self.inspect_exchange(connection).await?];
        let lanes = QueueLane::ALL.into_iter().map(|lane| self.queue(lane));
        for queue in lanes.chain([self.people_queue()]) {
            parts.push(inspect_queue(connection, queue, self.consumed_arguments()).await?);
        }
        parts.push(inspect_queue(connection, self.dead_queue(), dead_arguments()).await?);
        Ok(parts)
    }

    async fn inspect_exchange(&self, connection: &Connection) -> Result<Part, TopologyError> {
        let name = self.exchange();
        // A passive declaration shows whether the exchange exists. Only then a full declaration compares the properties,
        // because it would create a missing exchange.
        for passive in [true, false] {
            let channel = channel(connection, Named::Exchange, &name).await?;
            let options = ExchangeDeclareOptions { passive, durable: true, ..Default::default() };
            let declared = channel
                .exchange_declare(name.as_str().into(), ExchangeKind::Topic, options, FieldTable::default())
                .await;
            if let Err(error) = declared {
                return refused(Named::Exchange, name, error);
            }
            close(&channel).await;
        }
        Ok(Part { name, condition: Condition::Exchange })
    }
}

async fn inspect_queue(
    connection: &Connection,
    name: String,
    arguments: FieldTable,
) -> Result<Part, TopologyError> {
    let mut condition = Condition::Missing;
    for passive in [true, false] {
        let channel = channel(connection, Named::Queue, &name).await?;
        let options = QueueDeclareOptions { passive, ..QueueDeclareOptions::durable() };
        match channel.queue_declare(name.as_str().into(), options, arguments.clone()).await {
            Ok(queue) => {
                let (ready, consumers) = (queue.message_count(), queue.consumer_count());
                condition = Condition::Queue { ready, consumers };
            }
            Err(error) => return refused(Named::Queue, name, error),
        }
        close(&channel).await;
    }
    Ok(Part { name, condition })
}

/// Opens a channel for one check: a refusal closes it.
async fn channel(connection: &Connection, what: Named, name: &str) -> Result<Channel, TopologyError> {
    connection.create_channel().await.map_err(|error| TopologyError::of(what, name, error))
}

async fn close(channel: &Channel) {
    // Err: the next check fails as well and reports it.
    let _ = channel.close(200, "seen".into()).await;
}

fn refused(what: Named, name: String, error: lapin::Error) -> Result<Part, TopologyError> {
    let code = match error.kind() {
        ErrorKind::ProtocolError(e) => e.get_id(),
        _ => 0,
    };
    match code {
        // NOT_FOUND
        404 => Ok(Part { name, condition: Condition::Missing }),
        clash if CLASH.contains(&clash) => Ok(Part { name, condition: Condition::Clash(what) }),
        _ => Err(TopologyError::of(what, &name, error)),
    }
}
