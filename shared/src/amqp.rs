//! RabbitMQ: connecting, our topology, publishing with confirms.

mod connection;
mod depth;
mod greeting;
mod inspect;
mod outgoing;
mod publisher;
mod screen;
mod topology;
mod window;

pub use connection::{ConnectError, Frames, connect, install_crypto};
pub use depth::Depth;
pub use greeting::{Server, server};
pub use inspect::{Condition, Part};
pub use outgoing::Outgoing;
pub use publisher::{PublishError, Publisher, StartError};
pub use screen::Screened;
pub use topology::{Named, Topology, TopologyError};
