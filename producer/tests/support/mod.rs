//! A separate environment for each test: databases and broker names that are deleted afterwards.

// Every test program uses another part of it.
#![allow(dead_code, unreachable_pub)]

pub mod broker;
pub mod command;
pub mod database;
pub mod door;
pub mod truth;

use std::time::{Duration, Instant};

use broker::Broker;
use command::{Command, Program};
use database::Database;
use tokio::runtime::Runtime;

/// Our database, the portal's, and a namespace on the broker.
pub struct World {
    runtime: Runtime,
    pub database: Database,
    pub portal: Database,
    pub broker: Broker,
}

impl World {
    /// With our migrations applied, an empty portal and no queues yet.
    pub fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let (database, portal, broker) = runtime
            .block_on(async { (Database::create().await, Database::create().await, Broker::new().await) });
        runtime.block_on(database.migrate());
        Self { runtime, database, portal, broker }
    }

    /// With the sample portal.
    pub fn with_portal() -> Self {
        let world = Self::new();
        world.run(world.portal.execute(include_str!("../../../deploy/demo/portal.sql")));
        world
    }

    pub fn run<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// A command with this world's settings.
    pub fn command(&self, program: Program) -> Command {
        Command::new(program)
            .env("DATABASE_URL", &self.database.url)
            .env("PORTAL_DATABASE_URL", &self.portal.url)
            .env("OUTBOX_DATABASE_URL", &self.portal.url)
            .env("AMQP_URL", &self.broker.url)
            .env("AMQP_NAMESPACE", &self.broker.namespace)
            .env("BACKFILL_WINDOW", "")
    }

    /// Repeats `check` until it holds.
    pub fn wait_for(&self, what: &str, mut check: impl AsyncFnMut(&Self) -> bool) {
        let deadline = Instant::now() + Duration::from_mins(1);
        self.run(async {
            while !check(self).await {
                assert!(Instant::now() < deadline, "waited in vain for {what}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.runtime.block_on(async {
            self.broker.delete().await;
            self.database.drop().await;
            self.portal.drop().await;
        });
    }
}
