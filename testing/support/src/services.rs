//! Where the real services are.

/// The broker: `TEST_AMQP_URL`, or RabbitMQ on this machine.
pub fn amqp_url() -> String {
    std::env::var("TEST_AMQP_URL").unwrap_or_else(|_| "amqp://guest:guest@127.0.0.1:5672".to_owned())
}

/// A database whose server is used: `TEST_DATABASE_URL`, or Postgres on this machine.
pub fn database_url() -> String {
    std::env::var("TEST_DATABASE_URL")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned())
}

/// A server that a scenario uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Server {
    /// Found running: what a scenario makes there is removed again.
    Shared(String),
    /// The scenario's own, at this URL: it goes away with everything on it.
    Private(String),
}

impl Server {
    pub(crate) fn url(&self) -> &str {
        match self {
            Self::Shared(url) | Self::Private(url) => url,
        }
    }

    pub(crate) fn is_private(&self) -> bool {
        matches!(self, Self::Private(_))
    }
}
