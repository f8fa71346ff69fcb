//! Information about the Postgres server, and the permission check.

use chrono::{DateTime, Utc};
use sqlx::{Connection as _, PgConnection, PgPool};
use uuid::Uuid;

/// The server.
pub(crate) struct Server {
    /// As in `server_version_num`: 170006 is 17.6.
    pub(crate) version: i32,
    /// Seconds that this machine's clock is ahead of the server's.
    pub(crate) clock_ahead: f64,
}

pub(crate) async fn ask(connection: &mut PgConnection) -> Result<Server, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT current_setting('server_version_num')::int AS "version!", clock_timestamp() AS "now!: DateTime<Utc>""#
    )
    .fetch_one(connection)
    .await?;
    let ahead = (Utc::now() - row.now).as_seconds_f64();
    Ok(Server { version: row.version, clock_ahead: ahead })
}

/// Whether the server takes writes. A standby does not, and neither does a primary that was set read-only.
pub(crate) async fn is_writable(pool: &PgPool) -> Result<bool, sqlx::Error> {
    // Without an explicit transaction it is the default of the session, and always on during recovery.
    let read_only = sqlx::query_scalar!(
        r#"SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool AS "read_only!""#
    );
    Ok(!read_only.fetch_one(pool).await?)
}

/// What becomes of a commit when the server crashes or a standby takes over.
pub(crate) struct Durability {
    /// The server is a standby: it only repeats what its primary did.
    pub(crate) standby: bool,
    /// New sessions may only read.
    pub(crate) read_only: bool,
    /// Settings that a crash of the server is survived with, and that are off.
    pub(crate) off: Vec<String>,
    /// `synchronous_standby_names` is set.
    pub(crate) waits_for_standbys: bool,
    /// Who copies the server's log.
    pub(crate) standbys: i64,
    /// Those of them that a commit waits for; none where this user may not see it.
    pub(crate) synchronous: Option<i64>,
}

pub(crate) async fn durability(connection: &mut PgConnection) -> Result<Durability, sqlx::Error> {
    sqlx::query_as!(
        Durability,
        r#"SELECT pg_is_in_recovery() AS "standby!",
                  current_setting('transaction_read_only')::bool AS "read_only!",
                  ARRAY(SELECT name FROM pg_settings
                        WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off' ORDER BY name) AS "off!",
                  current_setting('synchronous_standby_names') <> '' AS "waits_for_standbys!",
                  (SELECT count(*) FROM pg_stat_replication) AS "standbys!",
                  -- Null where the rows show their states to nobody but members of pg_monitor.
                  (SELECT count(*) FILTER (WHERE sync_state IN ('sync', 'quorum'))
                   FROM pg_stat_replication HAVING count(*) = count(sync_state)) AS synchronous"#
    )
    .fetch_one(connection)
    .await
}

/// How many connections there may be.
pub(crate) struct Connections {
    /// For users that are not superusers.
    pub(crate) usable: i64,
    /// In use at the moment, by whomever.
    pub(crate) used: i64,
}

pub(crate) async fn connections(connection: &mut PgConnection) -> Result<Connections, sqlx::Error> {
    sqlx::query_as!(
        Connections,
        r#"SELECT current_setting('max_connections')::bigint
                      - current_setting('superuser_reserved_connections')::bigint
                      -- Since PostgreSQL 16.
                      - coalesce(current_setting('reserved_connections', true)::bigint, 0) AS "usable!",
                  -- The server's own processes belong to no user.
                  (SELECT count(*) FROM pg_stat_activity WHERE usesysid IS NOT NULL) AS "used!""#
    )
    .fetch_one(connection)
    .await
}

/// Inserts and updates a user and an attempt, and rolls back, so no other transaction sees them. The row that all
/// workers lease the rate from is not locked, only the permission is checked, so no worker waits for this.
pub(crate) async fn try_writing(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let mut tx = connection.begin().await?;
    let id = Uuid::now_v7();
    let user = format!("doctor-{id}");
    sqlx::query!(
        "INSERT INTO users (user_id, phone_raw, source, changed_at) VALUES ($1, '', 'doctor', now())",
        user
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!("UPDATE users SET updated_at = now() WHERE user_id = $1", user).execute(&mut *tx).await?;
    // The id replaces the number, so that no claim of a real number ever waits for this row.
    sqlx::query!(
        "INSERT INTO attempts (message_id, user_id, phone_e164, lane, worker_id, language, body_sha256, segments,
                               lease_until)
         VALUES ($1, $2, $2, 'live', 'doctor', '', '', 0, now())",
        id,
        user
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!("UPDATE attempts SET updated_at = now() WHERE message_id = $1", id)
        .execute(&mut *tx)
        .await?;
    sqlx::query!(
        "INSERT INTO send_rate AS line (leased_until) SELECT now() WHERE false
         ON CONFLICT (singleton) DO UPDATE SET leased_until = line.leased_until"
    )
    .execute(&mut *tx)
    .await?;
    tx.rollback().await
}
