//! RabbitMQ: connecting, our topology, publishing with confirms.

mod connection;
mod inspect;
mod outgoing;
mod publisher;
mod queue_depth;
mod route;
mod screen;
mod server_properties;
mod topology;
mod unconfirmed;

pub use connection::{ConnectError, Frames, connect, install_crypto};
pub use inspect::{Condition, Part};
pub use outgoing::Outgoing;
pub use publisher::{PublishError, Publisher, StartError};
pub use queue_depth::QueueDepth;
pub use route::{PeopleEvent, Route};
pub use screen::Screened;
pub use server_properties::{ServerProperties, server_properties};
pub use topology::{Named, Topology, TopologyError};
