//! Where the real services are.

/// RabbitMQ and Postgres.
#[derive(Debug, Clone)]
pub(crate) struct Services {
    pub(crate) amqp: String,
    pub(crate) database: String,
}

impl Services {
    /// `BENCH_AMQP_URL` and `BENCH_DATABASE_URL`, or the servers of this machine.
    pub(crate) fn of_process() -> Self {
        let read = |name: &str, local: &str| std::env::var(name).unwrap_or_else(|_| local.to_owned());
        Self {
            amqp: read("BENCH_AMQP_URL", "amqp://guest:guest@127.0.0.1:5672"),
            database: read("BENCH_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres"),
        }
    }
}
