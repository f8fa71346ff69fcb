//! Table `backfill_runs`, and the lock that lets one backfill run at a time.

use producer::cli::Failure;
use shared::audit::{self, NewEntry};
use sqlx::{PgPool, Postgres, pool::PoolConnection, types::Json};
use uuid::Uuid;

use crate::{
    counts::Counts,
    options::{RunName, RunOptions, short_id},
};

/// Any number that no other program takes.
const KEY: i64 = i64::from_be_bytes(*b"backfill");

/// A run as stored.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) id: Uuid,
    pub(crate) options: RunOptions,
    /// Users up to this id are behind it.
    pub(crate) cursor: String,
    /// What became of them.
    pub(crate) counts: Counts,
    pub(crate) canary_passed: bool,
}

/// How a run ends, for now or for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Told to stop, failed, or killed.
    Interrupted,
    /// Nobody is left.
    Finished,
    /// Stopped by the broker's refusals or by its canary.
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

/// A run that has not begun.
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

/// Runs that call themselves `running` while the caller holds the lock were killed.
pub(crate) async fn note_killed(pool: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE backfill_runs SET state = 'interrupted', ended_at = updated_at WHERE state = 'running'"
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// The run of that name, if there is something left of it.
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
        return Err(Failure::Usage(format!("several runs begin with {name}; give more of the id")));
    }
    let Some(run) = found.into_iter().next() else {
        return Err(Failure::Usage(format!("there is no run {name}; look into the table backfill_runs")));
    };
    if run.state == End::Finished.as_str() {
        let id = short_id(run.id);
        return Err(Failure::Usage(format!("run {id} is finished; `backfill --dry-run` shows what is left")));
    }
    let (options, counts) = (run.options.0, run.counts.0);
    Ok(Run { id: run.id, options, cursor: run.cursor, counts, canary_passed: run.canary_passed })
}

/// The run begins, or goes on; who decided that is written down with it.
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

/// Its canary was well.
pub(crate) async fn canary_passed(pool: &PgPool, run: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE backfill_runs SET canary_passed = true, updated_at = now() WHERE id = $1", run)
        .execute(pool)
        .await?;
    Ok(())
}

/// The run ends. The ids of a finished one are needed no more.
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

/// The run never began.
pub(crate) async fn forget(pool: &PgPool, run: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM backfill_runs WHERE id = $1", run).execute(pool).await?;
    Ok(())
}

/// Held until its connection ends, even by a crash.
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
        Err(Failure::Busy("another backfill is running on this database; wait for its end, or stop it"))
    }
}
