//! The environment of a test of the producer's commands: databases and broker names that are deleted afterwards.

mod command;

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::{Broker, Database, PATIENCE, amqp_url, database_url, services::Server};

pub use command::{Command, Ended, Program, Running};

/// Short, so that a test can act in the middle of a batch.
const POLL: Duration = Duration::from_millis(20);

/// The service's database, the portal's, and a namespace on the broker. Its methods wait for what they start.
pub struct CommandEnv {
    runtime: Runtime,
    /// The service's database, migrated.
    pub database: Database,
    /// The portal's database.
    pub portal: Database,
    /// Broker names without queues.
    pub broker: Broker,
}

impl CommandEnv {
    /// With all migrations applied, an empty portal and no queues yet.
    #[expect(clippy::new_without_default, reason = "it creates databases")]
    pub fn new() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let built = runtime.block_on(async {
            let server = || Server::Shared(database_url());
            let name = || format!("test_{}", Uuid::now_v7().simple());
            let database = Database::create_migrated(server(), &name()).await.context("Postgres")?;
            let portal = Database::create(server(), &name()).await.context("Postgres")?;
            let namespace = format!("test-{}", Uuid::now_v7().simple());
            let broker = Broker::open(Server::Shared(amqp_url()), &namespace).await.context("RabbitMQ")?;
            anyhow::Ok((database, portal, broker))
        });
        let (database, portal, broker) = built.expect("Postgres and RabbitMQ are there");
        Self { runtime, database, portal, broker }
    }

    /// With the sample portal.
    pub fn with_portal() -> Self {
        let env = Self::new();
        env.run(env.portal.execute(include_str!("../../../deploy/demo/portal.sql")));
        env
    }

    /// Waits for `future`; fails the test if it fails.
    #[track_caller]
    pub fn run<T>(&self, future: impl Future<Output = anyhow::Result<T>>) -> T {
        match self.runtime.block_on(future) {
            Ok(value) => value,
            Err(error) => panic!("{error:#}"),
        }
    }

    /// A command with the settings of this environment.
    pub fn command(&self, program: Program) -> Command {
        Command::new(program)
            .env("DATABASE_URL", self.database.url())
            .env("PORTAL_DATABASE_URL", self.portal.url())
            .env("OUTBOX_DATABASE_URL", self.portal.url())
            .env("AMQP_URL", self.broker.server().url())
            .env("AMQP_NAMESPACE", self.broker.namespace())
            .env("BACKFILL_WINDOW", "")
    }

    /// Repeats `check` until it holds.
    #[track_caller]
    pub fn wait_for(&self, what: &str, mut check: impl AsyncFnMut(&Self) -> anyhow::Result<bool>) {
        let deadline = Instant::now() + PATIENCE;
        self.run(async {
            while !check(self).await? {
                ensure!(Instant::now() < deadline, "waited in vain for {what}");
                tokio::time::sleep(POLL).await;
            }
            Ok(())
        });
    }
}

impl Drop for CommandEnv {
    fn drop(&mut self) {
        self.runtime.block_on(async {
            if let Err(error) = self.broker.delete_all().await {
                eprintln!("{} is left behind: {error:#}", self.broker.namespace());
            }
            for database in [&self.database, &self.portal] {
                database.pool.close().await;
                if let Err(error) = Database::drop(database.server(), database.name()).await {
                    eprintln!("{} is left behind: {error:#}", database.name());
                }
            }
        });
    }
}
