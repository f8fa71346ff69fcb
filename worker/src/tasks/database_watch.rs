//! Watches whether Postgres can be used: whether it answers, takes writes, and has every migration.

use std::{sync::Arc, time::Duration};

use shared::db;
use sqlx::PgPool;
use tokio::time::timeout;

use super::driver::{Failed, Next, Task};
use crate::{
    health::{Database, Health},
    store::server,
};

const INTERVAL: Duration = Duration::from_secs(1);
const TIMEOUT: Duration = Duration::from_secs(3);

pub(crate) struct DatabaseWatch {
    pool: PgPool,
    health: Arc<Health>,
    /// Migrations were found complete, and are not looked at again while Postgres answers.
    migrated: bool,
}

impl DatabaseWatch {
    pub(crate) fn new(pool: PgPool, health: Arc<Health>) -> Self {
        Self { pool, health, migrated: false }
    }

    async fn look(&self) -> Result<Database, sqlx::Error> {
        Ok(if !server::is_writable(&self.pool).await? {
            Database::ReadOnly
        } else if self.migrated || db::is_migrated(&self.pool).await? {
            Database::Ready
        } else {
            Database::NotMigrated
        })
    }
}

impl Task for DatabaseWatch {
    const NAME: &'static str = "database_watch";

    fn interval(&self) -> Duration {
        INTERVAL
    }

    fn needs_database(&self) -> bool {
        false
    }

    /// Never fails: a database that does not answer is what this looks for.
    async fn step(&mut self) -> Result<Next, Failed> {
        let seen = match timeout(TIMEOUT, self.look()).await {
            Ok(Ok(seen)) => seen,
            _ => Database::Away,
        };
        self.migrated = seen == Database::Ready || self.migrated && seen != Database::NotMigrated;
        self.health.database(seen);
        Ok(Next::AfterInterval)
    }
}
