//! Table `backfill_runs`, and the lock that lets one backfill run at a time.

use producer::cli::Failure;
use shared::audit::{self, NewEntry};
use sqlx::{PgPool, Postgres, pool::PoolConnection, types::Json};
use uuid::Uuid;

use crate::{
    counts::Counts,
    options::{RunName, RunOptions, short_id},
};

/// The key of the advisory lock. No other program uses it.
const KEY: i64 = i64::from_be_bytes(*b"backfill");

/// A stored run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) id: Uuid,
    pub(crate) options: RunOptions,
    /// The run has processed the users up to this id.
    pub(crate) cursor: String,
    /// The counts of these users.
    pub(crate) counts: Counts,
    pub(crate) canary_passed: bool,
}

/// The state of a run that has stopped or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// A signal stopped it, or it failed or was killed.
    Interrupted,
    /// Every selected user is processed.
    Finished,
    /// The broker refused events, or the canary failed.
    Halted,
}

impl End {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            End::Interrupted => "interrupted",
            End::Finished => "finished",
            End::Halted => "halted",
        }
    }
}

/// Stores a run that has not begun.
pub(crate) async fn create(pool: &PgPool, options: RunOptions, actor: &str) -> Result<Run, sqlx::Error> {
    let counts = Counts::default();
    let id = sqlx::query_scalar!(
        "INSERT INTO backfill_runs (actor, filters, counts) VALUES ($1, $2, $3) RETURNING id",
        actor,
        Json(&options) as _,
        Json(&counts) as _,
    )
    .fetch_one(pool)
    .await?;
    Ok(Run { id, options, cursor: String::new(), counts, canary_passed: false })
}

/// Marks killed runs as interrupted: while the caller holds the lock, no other run is `running`.
pub(crate) async fn note_killed(pool: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE backfill_runs SET state = 'interrupted', ended_at = updated_at WHERE state = 'running'"
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// The run with this name. Fails if the run is finished or the name is ambiguous.
pub(crate) async fn find(pool: &PgPool, name: &RunName) -> Result<Run, Failure> {
    let prefix = match name {
        RunName::Last => "",
        RunName::Prefix(prefix) => prefix,
    };
    let found = sqlx::query!(
        r#"SELECT id, state, cursor, canary_passed, filters AS "options: Json<RunOptions>", counts AS "counts: Json<Counts>"
           FROM backfill_runs WHERE starts_with(id::text, $1) ORDER BY started_at DESC LIMIT 2"#,
        prefix,
    )
    .fetch_all(pool)
    .await?;
    if *name != RunName::Last && found.len() > 1 {
        return Err(Failure::usage(format!("run id {name} is ambiguous: give more characters")));
    }
    let Some(run) = found.into_iter().next() else {
        return Err(Failure::usage(format!("there is no run {name}; look into the table backfill_runs")));
    };
    if run.state == End::Finished.as_str() {
        let id = short_id(run.id);
        return Err(Failure::usage(format!("run {id} is finished; `backfill --dry-run` shows what is left")));
    }
    let (options, counts) = (run.options.0, run.counts.0);
    Ok(Run { id: run.id, options, cursor: run.cursor, counts, canary_passed: run.canary_passed })
}

/// Marks the run as running and writes the audit entry.
pub(crate) async fn begin(
    pool: &PgPool,
    run: &Run,
    selected: u64,
    deed: &NewEntry<'_>,
) -> Result<(), sqlx::Error> {
    let mut tx = pool.begin().await?;
    sqlx::query!(
        "UPDATE backfill_runs SET state = 'running', ended_at = NULL, updated_at = now(), selected = $2, filters = $3
         WHERE id = $1",
        run.id,
        i64::try_from(selected).unwrap_or(i64::MAX),
        Json(&run.options) as _,
    )
    .execute(&mut *tx)
    .await?;
    audit::note(&mut tx, deed).await?;
    tx.commit().await
}

/// Records that the canary passed.
pub(crate) async fn canary_passed(pool: &PgPool, run: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE backfill_runs SET canary_passed = true, updated_at = now() WHERE id = $1", run)
        .execute(pool)
        .await?;
    Ok(())
}

/// Stores the final state. The ids of a finished run are deleted.
pub(crate) async fn close(pool: &PgPool, run: Uuid, end: End) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE backfill_runs SET state = $2, updated_at = now(), ended_at = now() WHERE id = $1",
        run,
        end.as_str(),
    )
    .execute(pool)
    .await?;
    if end == End::Finished {
        sqlx::query!("DELETE FROM backfill_ids WHERE run_id = $1", run).execute(pool).await?;
    }
    Ok(())
}

/// Deletes a run that never began.
pub(crate) async fn forget(pool: &PgPool, run: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM backfill_runs WHERE id = $1", run).execute(pool).await?;
    Ok(())
}

/// The lock of a backfill. Postgres releases it when the connection ends, also after a crash.
pub(crate) struct Lock {
    _session: PoolConnection<Postgres>,
}

/// Takes the lock, or fails at once.
pub(crate) async fn lock(pool: &PgPool) -> Result<Lock, Failure> {
    let mut session = pool.acquire().await?;
    let taken = sqlx::query_scalar!(r#"SELECT pg_try_advisory_lock($1) AS "taken!""#, KEY)
        .fetch_one(&mut *session)
        .await?;
    if taken {
        Ok(Lock { _session: session })
    } else {
        Err(Failure::unreachable(
            "another backfill is running on this database: wait for its end, or stop it",
        ))
    }
}
