//! One connection attempt. Whoever needs the connection repeats it in a supervised loop: lapin's own
//! recovery can stay silent for ever after a channel error or a long outage.

use std::time::Duration;

use lapin::{
    Connection, ConnectionProperties, ErrorKind,
    protocol::{AMQPErrorKind, AMQPHardError},
};

use super::screen;
use crate::config::Broker;

/// A connect or TLS handshake that takes longer has failed.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The largest frame of a connection. lapin keeps 64 of them as buffers: 8 MiB at RabbitMQ's usual 128 KiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frames {
    /// 8 KiB: room for every header that is sensible; a larger body comes in pieces.
    Small,
    /// What the broker allows: for headers that do not fit.
    Large,
}

impl Frames {
    /// The frames to use after this error: a header that did not fit comes again.
    #[must_use]
    pub fn after(self, error: &lapin::Error) -> Self {
        let ErrorKind::ProtocolError(error) = error.kind() else { return self };
        match error.kind() {
            AMQPErrorKind::Hard(AMQPHardError::FRAMEERROR) => Self::Large,
            _ => self,
        }
    }
}

/// Why there is no connection. The text never holds the URL.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Refused, unreachable, or broken on the way.
    #[error("RabbitMQ cannot be reached: {0}")]
    Amqp(#[from] lapin::Error),
    /// No answer in time.
    #[error("RabbitMQ did not answer within {} s", CONNECT_TIMEOUT.as_secs())]
    Timeout,
}

/// Makes ring the TLS provider of this process. Call it before the first connection.
pub fn install_crypto() {
    // Err: one is installed already, which is as good.
    let _already_set = rustls::crypto::ring::default_provider().install_default();
}

/// Connects once; `name` is shown in the broker's list of connections. No message ends the connection: lapin reads
/// through a screen.
pub async fn connect(broker: &Broker, name: &str, frames: Frames) -> Result<Connection, ConnectError> {
    let properties = ConnectionProperties::default().with_connection_name(name.into());
    let url = broker.url.expose(frames == Frames::Small);
    match tokio::time::timeout(CONNECT_TIMEOUT, screen::connect(&url, properties)).await {
        Ok(connected) => Ok(connected?),
        Err(_) => Err(ConnectError::Timeout),
    }
}
