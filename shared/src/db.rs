//! Connections to Postgres, and the classification of database errors.

use std::time::Duration;

use sqlx::{
    Connection as _, Executor as _, PgConnection, PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::config::DatabaseUrl;

/// Every schema change, oldest first. Migrations only go forward.
pub static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// A connection that was returned within this time is reused without a ping.
const FRESH: Duration = Duration::from_secs(1);

/// Time limits for a statement and for its wait for a lock.
#[derive(Debug, Clone, Copy)]
pub enum Limits {
    /// 30 s and 10 s.
    Work,
    /// 10 s and 5 s, for a page or command that a person is waiting for.
    Look,
    /// None, for migrations.
    Unlimited,
}

impl Limits {
    fn statements(self) -> &'static str {
        match self {
            Self::Work => "SET statement_timeout = '30s'; SET lock_timeout = '10s';",
            Self::Look => "SET statement_timeout = '10s'; SET lock_timeout = '5s';",
            Self::Unlimited => "",
        }
    }
}

/// A commit returns only after it is on the server's disk and on that of a synchronous standby, whatever the server's
/// default. Otherwise a crash of the server could lose a claim, and the claim would be made again. A stricter setting of
/// the server is kept.
const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false) \
                       WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply');";

/// Postgres keeps a plan until it analyses the tables again. A plan that was made for empty tables scans them completely
/// at every execution, even after they have grown.
const BY_INDEX: &str = "SET enable_seqscan = off; SET jit = off;";

/// A pool that connects at its first use. The server limits statements to 30 s.
pub fn pool(url: &DatabaseUrl, name: &str, connections: u32) -> Result<PgPool, sqlx::Error> {
    if url.unverified() {
        tracing::warn!(
            "the certificate of the Postgres server is not checked: use sslmode=verify-full instead of require"
        );
    }
    Ok(connect_with(url.options(name)?, connections, ""))
}

/// A pool for statements that select a few rows. The planner uses an index wherever one exists.
pub fn pool_by_index(url: &DatabaseUrl, name: &str, connections: u32) -> Result<PgPool, sqlx::Error> {
    Ok(connect_with(url.options(name)?, connections, BY_INDEX))
}

/// One connection with these limits.
pub async fn connect(url: &DatabaseUrl, name: &str, limits: Limits) -> Result<PgConnection, sqlx::Error> {
    let mut connection = PgConnection::connect_with(&url.options(name)?).await?;
    begin_session(&mut connection, limits, "").await?;
    Ok(connection)
}

/// Sends the settings of a session as statements, because a pooler such as PgBouncer refuses them in the startup packet.
/// A pooler must run in `session` mode, which keeps them.
async fn begin_session(connection: &mut PgConnection, limits: Limits, more: &str) -> Result<(), sqlx::Error> {
    let statements = [limits.statements(), DURABLE, more].concat();
    connection.execute(statements.as_str()).await.map(|_| ())
}

fn connect_with(options: PgConnectOptions, connections: u32, more: &'static str) -> PgPool {
    PgPoolOptions::new()
        .after_connect(move |connection, _| Box::pin(begin_session(connection, Limits::Work, more)))
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(10))
        .max_lifetime(Duration::from_secs(30 * 60))
        // sqlx pings a connection when it is returned and, by default, again when it is acquired.
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for <= FRESH {
                    return Ok(true);
                }
                // A session keeps the default of its beginning: after a time without writes, an old one would still refuse them.
                let lasting = "SELECT NOT current_setting('default_transaction_read_only')::boolean";
                sqlx::query_scalar(lasting).fetch_one(connection).await
            })
        })
        .connect_lazy_with(options)
}

/// Whether the database has every migration that this program knows.
pub async fn is_migrated(pool: &PgPool) -> Result<bool, sqlx::Error> {
    Ok(missing_migrations(&mut *pool.acquire().await?).await? == 0)
}

/// The number of this program's migrations that the database lacks.
pub async fn missing_migrations(connection: &mut PgConnection) -> Result<usize, sqlx::Error> {
    let exists = sqlx::query_scalar!(r#"SELECT to_regclass('_sqlx_migrations') IS NOT NULL AS "exists!""#)
        .fetch_one(&mut *connection)
        .await?;
    if !exists {
        return Ok(MIGRATIONS.iter().count());
    }
    // Not checked at compile time: the table belongs to sqlx and is not part of our schema.
    let applied: Vec<i64> = sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success")
        .fetch_all(connection)
        .await?;
    Ok(MIGRATIONS.iter().filter(|m| !applied.contains(&m.version)).count())
}

/// Whether a failed statement is worth repeating.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The connection, the server's state, a deadlock or a timeout. The same statement may succeed later.
    Passing,
    /// The data of a row is invalid and can never be stored.
    Data,
}

/// A text that is safe to log. The error's own text can quote a row.
pub fn sqlstate(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(db) => format!("SQLSTATE {}", db.code().unwrap_or_default()),
        sqlx::Error::PoolTimedOut => "no connection within the time limit".to_owned(),
        sqlx::Error::Io(error) => error.to_string(),
        _ => "connection trouble".to_owned(),
    }
}

/// What an operator should check if the connection failed.
pub fn advice(error: &sqlx::Error) -> &'static str {
    let sqlx::Error::Database(db) = error else { return "Is it running?" };
    match db.code().as_deref() {
        Some("53300") => "It has no connection left: raise max_connections, or stop a program that uses it.",
        Some("28P01" | "28000") => "It refuses this user or password.",
        Some("3D000") => "It has no database of this name.",
        _ => "Its log says more.",
    }
}

/// Classifies an error by its SQLSTATE class (PostgreSQL docs, appendix A).
pub fn trouble(error: &sqlx::Error) -> Trouble {
    let sqlx::Error::Database(db) = error else {
        return match error {
            sqlx::Error::Encode(_) => Trouble::Data,
            _ => Trouble::Passing,
        };
    };
    // 22 data exception, 23 integrity constraint violation, P0001 raised by a trigger.
    match db.code().as_deref() {
        Some(code) if code.starts_with("22") || code.starts_with("23") || code == "P0001" => Trouble::Data,
        _ => Trouble::Passing,
    }
}
