//! How a relay fails.

use shared::db;

use crate::StartError;

/// Why a relay did not start, or stopped. The texts hold no number, name or secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database of the outbox cannot be reached.
    #[error("the outbox cannot be reached: {}. {}", db::sqlstate(.0), db::advice(.0))]
    Unreachable(#[source] sqlx::Error),
    /// The table `onboarding_outbox` is missing, or its role may not use it.
    #[error("{0}")]
    NoTable(String),
    /// RabbitMQ cannot be used.
    #[error(transparent)]
    Broker(StartError),
    /// RabbitMQ did not confirm a batch of [`run_once`].
    #[error("{0}")]
    BrokerLost(String),
    /// A statement on the outbox failed.
    #[error("a statement on the outbox failed: {}", db::sqlstate(.0))]
    Database(#[source] sqlx::Error),
}
