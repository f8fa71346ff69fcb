//! Looks at the topology without making any of it.

use lapin::{
    Channel, Connection, ErrorKind, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueDeclareOptions},
    types::FieldTable,
};

use super::topology::{CLASH, Named, Topology, TopologyError, dead_arguments};
use crate::lane::Lane;

/// What was found of an exchange or a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// An exchange as declared by us.
    Exchange,
    /// A queue as declared by us.
    Queue {
        /// Messages ready for delivery.
        ready: u32,
        /// Who consumes it.
        consumers: u32,
    },
    /// There is none of that name.
    Missing,
    /// It has other properties than ours.
    Clash(Named),
}

/// An exchange or a queue of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its name at the broker.
    pub name: String,
    /// How it is.
    pub condition: Condition,
}

impl Topology {
    /// Looks at the exchange and every queue. What is missing stays missing.
    pub async fn inspect(&self, connection: &Connection) -> Result<Vec<Part>, TopologyError> {
        let mut parts = vec![self.inspect_exchange(connection).await?];
        for lane in Lane::ALL {
            parts.push(inspect_queue(connection, self.queue(lane), self.lane_arguments()).await?);
        }
        parts.push(inspect_queue(connection, self.dead_queue(), dead_arguments()).await?);
        Ok(parts)
    }

    async fn inspect_exchange(&self, connection: &Connection) -> Result<Part, TopologyError> {
        let name = self.exchange();
        // Passive first: it tells whether the exchange exists, but compares nothing. Declaring what exists
        // compares, and makes nothing.
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

/// A refusal closes the channel, so every question has one of its own.
async fn channel(connection: &Connection, what: Named, name: &str) -> Result<Channel, TopologyError> {
    connection.create_channel().await.map_err(|error| TopologyError::of(what, name, error))
}

async fn close(channel: &Channel) {
    // Err: the next question fails as well, and says so.
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
