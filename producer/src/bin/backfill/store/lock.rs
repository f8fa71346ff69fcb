//! One backfill at a time.

use producer::cli::Failure;
use sqlx::{PgPool, Postgres, pool::PoolConnection};

/// Any number that no other program takes.
const KEY: i64 = i64::from_be_bytes(*b"backfill");

/// Held until its connection ends, even by a crash.
pub(crate) struct Lock {
    _session: PoolConnection<Postgres>,
}

/// Takes the lock, or fails at once.
pub(crate) async fn take(pool: &PgPool) -> Result<Lock, Failure> {
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
