//! A database and queue names of one scenario's own, gone when it ends.

use std::{
    path::Path,
    str::FromStr as _,
    sync::atomic::{AtomicU32, Ordering},
};

use sqlx::{
    Connection as _, Executor as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tempfile::TempDir;
use url::Url;

use crate::{queue::Queues, services::Services, usage};

static NEXT: AtomicU32 = AtomicU32::new(0);
/// The name of our own connections, whose work is not counted.
const OURSELVES: &str = "aamcare bench";

/// Dropping it removes database, queues and logs.
pub(crate) struct Stage {
    pub(crate) services: Services,
    pub(crate) name: String,
    /// URL of the database.
    pub(crate) database: String,
    pub(crate) pool: PgPool,
    pub(crate) queues: Queues,
    folder: TempDir,
}

impl Stage {
    /// An empty, migrated database and empty queues.
    pub(crate) async fn open(services: &Services) -> anyhow::Result<Self> {
        let name = format!("bench_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let queues = Queues::declare(services, &name).await?;
        let database = create(&services.database, &name).await?;
        let options = PgConnectOptions::from_str(&database)?.application_name(OURSELVES);
        let pool = PgPoolOptions::new().max_connections(4).connect_lazy_with(options);
        let folder = TempDir::with_prefix("bench-")?;
        let stage = Self { services: services.clone(), name, database, pool, queues, folder };
        shared::db::MIGRATIONS.run(&stage.pool).await?;
        Ok(stage)
    }

    /// Where logs go.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// One number, such as a count.
    pub(crate) async fn number(&self, sql: &str) -> anyhow::Result<i64> {
        Ok(sqlx::query_scalar(sql).fetch_one(&self.pool).await?)
    }

    /// Runs statements.
    pub(crate) async fn execute(&self, sql: &str) -> anyhow::Result<()> {
        self.pool.execute(sql).await?;
        Ok(())
    }

    /// Stored users `from..to`, imported and never enqueued.
    pub(crate) async fn store_users(&self, from: u32, to: u32) -> anyhow::Result<()> {
        let people = people(from, to);
        let sql = format!(
            "INSERT INTO users (user_id, phone_raw, phone_e164, language, source, changed_at)
             SELECT id, number, '+977' || number, 'ne', 'portal', now() FROM {people}"
        );
        self.execute(&sql).await?;
        self.execute("VACUUM ANALYZE users").await
    }

    /// Server processes that work for this database, where they run on this machine.
    pub(crate) async fn backends(&self) -> anyhow::Result<Vec<u32>> {
        let sql =
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name <> $1";
        let pids: Vec<i32> = sqlx::query_scalar(sql).bind(OURSELVES).fetch_all(&self.pool).await?;
        let pids = pids.into_iter().filter_map(|pid| u32::try_from(pid).ok());
        Ok(pids.filter(|pid| usage::is_named(*pid, "postgres")).collect())
    }
}

/// The ids and the numbers without country code of users `from..to`, in the order of the ids.
pub(crate) fn people(from: u32, to: u32) -> String {
    format!(
        "(SELECT n::text AS id, (ARRAY['984','985','986','980','981','982'])[n / 10000000 + 1]
                                || lpad((n % 10000000)::text, 7, '0') AS number
          FROM generate_series({from}, {to} - 1) n ORDER BY n::text COLLATE \"C\") AS people"
    )
}

/// Creates an empty database; returns its URL.
pub(crate) async fn create(server: &str, name: &str) -> anyhow::Result<String> {
    let mut admin = PgConnection::connect(server).await?;
    admin.execute(format!("CREATE DATABASE \"{name}\"").as_str()).await?;
    let mut url = Url::parse(server)?;
    url.set_path(name);
    Ok(url.into())
}

impl Drop for Stage {
    fn drop(&mut self) {
        let (services, name, queues) = (self.services.clone(), self.name.clone(), self.queues.names());
        // A thread of its own: the runtime cannot be waited for here.
        let cleaning = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
                let mut admin = PgConnection::connect(&services.database).await?;
                for database in [name.clone(), format!("{name}_portal")] {
                    admin
                        .execute(format!("DROP DATABASE IF EXISTS \"{database}\" WITH (FORCE)").as_str())
                        .await?;
                }
                queues.delete(&services).await
            })
        });
        match cleaning.join() {
            Ok(Ok(())) => {}
            _ => eprintln!("database or queues {} are left behind", self.name),
        }
    }
}
