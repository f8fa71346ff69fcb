//! What one scenario's world is to be.

use std::{sync::atomic::AtomicUsize, time::Instant};

use anyhow::Context as _;
use tempfile::TempDir;
use uuid::Uuid;

use super::settings::settings;
use crate::{
    Broker, Database, PrivateBroker, PrivatePostgres, Proxies, Simulator, TestEnv, amqp_url, database_url,
    report, room::Room, services::Server,
};

/// What a test environment is built of, where it differs from the ordinary.
#[derive(Debug, Default)]
pub struct TestEnvBuilder {
    simulator: Vec<String>,
    env: Vec<(String, Option<String>)>,
    unmigrated: bool,
    broker: Option<Server>,
    database: Option<Server>,
}

impl TestEnvBuilder {
    /// With one more argument of the simulator.
    #[must_use]
    pub fn simulator(mut self, args: &[&str]) -> Self {
        self.simulator.extend(args.iter().map(|a| (*a).to_owned()));
        self
    }

    /// With this variable for every worker.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), Some(value.to_owned())));
        self
    }

    /// Without this variable.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.env.push((name.to_owned(), None));
        self
    }

    /// With one sender instead of a Messaging Service, so that Twilio refuses at once.
    #[must_use]
    pub fn sender(self) -> Self {
        self.without("TWILIO_MESSAGING_SERVICE_SID").env("TWILIO_FROM", "+15005550006")
    }

    /// Without tables.
    #[must_use]
    pub fn unmigrated(mut self) -> Self {
        self.unmigrated = true;
        self
    }

    /// On a broker of its own.
    #[must_use]
    pub fn private_broker(mut self, broker: &PrivateBroker) -> Self {
        self.broker = Some(Server::Private(broker.url().to_owned()));
        self
    }

    /// On a Postgres of its own.
    #[must_use]
    pub fn private_database(mut self, postgres: &PrivatePostgres) -> Self {
        self.database = Some(Server::Private(postgres.url().to_owned()));
        self
    }

    /// Builds it, once there is room for it on the servers; no worker runs yet.
    pub async fn build(self) -> anyhow::Result<TestEnv> {
        let postgres = self.database.unwrap_or_else(|| Server::Shared(database_url()));
        let room = Room::take(&postgres).await.context("Postgres")?;
        let began = Instant::now();
        let name = format!("faults_{}", Uuid::now_v7().simple());
        let folder = TempDir::with_prefix("faults-")?;
        let server = self.broker.unwrap_or_else(|| Server::Shared(amqp_url()));
        let broker = Broker::connect(server, &name).await.context("RabbitMQ")?;
        let database = if self.unmigrated {
            Database::create(postgres, &name).await
        } else {
            Database::create_migrated(postgres, &name).await
        };
        let database = database.context("Postgres")?;
        if !self.unmigrated {
            database.watch_unknown().await?;
        }
        let args: Vec<&str> = self.simulator.iter().map(String::as_str).collect();
        let simulator = Simulator::start(&args, folder.path()).await?;
        let proxies = Proxies::build(broker.server().url(), database.url(), simulator.url()).await?;
        let mut env = settings(&database, &broker, &proxies)?;
        for (name, value) in self.env {
            match value {
                Some(value) => env.insert(name, value),
                None => env.remove(&name),
            };
        }
        let workers = Vec::new();
        Ok(TestEnv {
            folder: Some(folder),
            database,
            broker,
            simulator,
            proxies,
            env,
            workers,
            started: 0,
            began,
            signups: AtomicUsize::new(0),
            report: report::file(),
            reported: false,
            _room: room,
        })
    }

    /// Builds it and starts one worker.
    pub async fn with_worker(self) -> anyhow::Result<TestEnv> {
        let mut test = self.build().await?;
        test.start_worker().await?;
        Ok(test)
    }

    /// Builds it and starts two workers.
    pub async fn with_two_workers(self) -> anyhow::Result<TestEnv> {
        let mut test = self.with_worker().await?;
        test.start_worker().await?;
        Ok(test)
    }
}
