//! The gate between claims and stops: a claim either commits before a stop, or sees it.

use std::time::Duration;

use sqlx::{Connection as _, Executor as _, PgConnection, PgPool, Postgres, Transaction};

/// How long one try to be alone with the numbers takes at most: claims wait meanwhile.
const ALONE_WITHIN: &str = "SET LOCAL lock_timeout = '300ms'";
/// Claims wait from here to the commit, in one round trip. This mode does not conflict with a backup, which reads every
/// table, nor with others who silence numbers.
const ALONE: &str = "LOCK TABLE claim_gate IN SHARE MODE; SET LOCAL lock_timeout = '10s'";
/// Claims take some milliseconds. One that takes longer than all tries is of a worker that hangs.
const TRIES: usize = 4;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// PostgreSQL documentation, "Asynchronous Commit": the locks are free before the commit is on the disk.
const NOT_FLUSHED: &str = "SET LOCAL synchronous_commit = off";
/// A commit that is flushed takes every earlier one with it. The message makes this one write something.
const FLUSH: &str = "SELECT pg_logical_emit_message(true, 'aamcare', '')";

/// How claims are kept from passing what a transaction writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claims {
    /// Not yet: they are waited for.
    Wait,
    /// The transaction holds them off already, or is never committed.
    Held,
}

/// Commits what a door or a claim did, and returns once it is on the disk. Others pass the gate from the commit on and do not wait
/// for the disk, which takes longer than everything else they wait for. A caller that finds the change made already commits here as
/// well, so that no stop is confirmed, and no call made for a claim, that could still be lost.
pub async fn commit(mut tx: Transaction<'_, Postgres>, pool: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::query(NOT_FLUSHED).execute(&mut *tx).await?;
    tx.commit().await?;
    sqlx::query(FLUSH).execute(pool).await.map(drop)
}

/// Waits for the claims that are being written, as far as they end in time, and has later ones wait for the commit.
pub(super) async fn hold_claims(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    if !wait_for_claims(tx).await? {
        tracing::warn!("a claim is taking long, the stop does not wait for it");
    }
    Ok(())
}

/// A worker that hangs in the middle of a claim must not hold up every other claim, nor this change: after some tries the
/// change goes on. That worker makes no call that late (`call_before`). False: a claim may still be in the middle.
pub(super) async fn wait_for_claims(tx: &mut PgConnection) -> Result<bool, sqlx::Error> {
    for attempt in 0..TRIES {
        if attempt > 0 {
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
        let mut savepoint = tx.begin().await?;
        sqlx::query(ALONE_WITHIN).execute(&mut *savepoint).await?;
        match savepoint.execute(ALONE).await {
            Ok(_) => {
                savepoint.commit().await?;
                return Ok(true);
            }
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("55P03") => {
                savepoint.rollback().await?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}
