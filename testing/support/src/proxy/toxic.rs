//! What a proxy does to the bytes that pass.

use std::time::Duration;

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the server.
    ToServer,
    /// From the server back to the client.
    ToClient,
}

/// How all connections of a proxy are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Toxics {
    /// Nothing moves, in either direction.
    pub(crate) frozen: bool,
    /// How long every chunk waits.
    pub(crate) delay: Duration,
    /// Bytes of this direction vanish.
    pub(crate) dropped: Option<Direction>,
}
