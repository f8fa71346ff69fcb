//! The terms that all parts of the service share: what is sent, to whom, and how it ended.

mod message;

pub use message::{Channel, MessageKind, UnknownChannel, UnknownMessageKind};
