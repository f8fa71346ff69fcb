//! RabbitMQ: connecting, our topology, publishing with confirms.

mod connection;
mod outgoing;
mod publisher;
mod topology;
mod window;

pub use connection::{ConnectError, connect, install_crypto};
pub use outgoing::Outgoing;
pub use publisher::{PublishError, Publisher, StartError};
pub use topology::{Topology, TopologyError};
