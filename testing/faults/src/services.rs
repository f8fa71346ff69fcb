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
