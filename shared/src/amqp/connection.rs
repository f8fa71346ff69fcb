//! One connection attempt. The caller repeats it in a supervised loop, because lapin's own recovery can stay silent
//! permanently after a channel error or a long outage.

use std::time::Duration;

use lapin::{
    Connection, ConnectionProperties, ErrorKind,
    protocol::{AMQPErrorKind, AMQPHardError},
};

use super::screen;
use crate::config::Broker;

/// Limit for the connection and the TLS handshake.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The largest frame of a connection. lapin keeps 64 of them as buffers: 8 MiB at RabbitMQ's usual 128 KiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frames {
    /// 8 KiB: enough for reasonable headers. A larger body arrives in several frames.
    Small,
    /// The broker's maximum, for headers that do not fit into small frames.
    Large,
}

impl Frames {
    /// The frames to use after this error. A header that did not fit is delivered again.
    #[must_use]
    pub fn after(self, error: &lapin::Error) -> Self {
        let ErrorKind::ProtocolError(error) = error.kind() else { return self };
        match error.kind() {
            AMQPErrorKind::Hard(AMQPHardError::FRAMEERROR) => Self::Large,
            _ => self,
        }
    }
}

/// Why the connection failed. The text never contains the URL.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The connection was refused or broke, or the host is unreachable.
    #[error("RabbitMQ cannot be reached: {0}")]
    Amqp(#[from] lapin::Error),
    /// The broker did not answer in time.
    #[error("RabbitMQ did not answer within {} s", CONNECT_TIMEOUT.as_secs())]
    Timeout,
}

/// Installs ring as the TLS provider of this process. Call it before the first connection.
pub fn install_crypto() {
    // Err: a provider is installed already.
    let _already_set = rustls::crypto::ring::default_provider().install_default();
}

/// Connects once. The broker shows `name` in its list of connections. lapin reads through the screen, so no message can
/// end the connection.
pub async fn connect(broker: &Broker, name: &str, frames: Frames) -> Result<Connection, ConnectError> {
    let properties = ConnectionProperties::default().with_connection_name(name.into());
    let url = broker.url.expose(frames == Frames::Small);
    match tokio::time::timeout(CONNECT_TIMEOUT, screen::connect(&url, properties)).await {
        Ok(connected) => Ok(connected?),
        Err(_) => Err(ConnectError::Timeout),
    }
}
