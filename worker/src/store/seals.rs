//! Seals of the ledger of consents: each minute's entries under a digest that includes the seal before. A change of the
//! ledger by hand breaks the seals. No entry waits for a seal, and no writer for another.
//!
//! A minute is sealed once no transaction can still add an entry to it. An entry gets its time and then its transaction's
//! id, so all entries from before a [`Mark`] belong to transactions with lower ids, or come some instructions later, which
//! [`SETTLE`] covers. Once those transactions have ended, all their entries can be seen.

pub(crate) mod check;
mod digest;

use std::{fmt::Write as _, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgPool};

use digest::Entry;

/// A lock key that no other code uses: `onb_seal` in ASCII.
const LOCK: i64 = 0x6f6e_625f_7365_616c;
/// How long before a mark a minute must have ended. Covers small corrections of the server's clock as well.
pub(crate) const SETTLE: TimeDelta = TimeDelta::minutes(2);
const MINUTE: TimeDelta = TimeDelta::minutes(1);

/// A moment of the database, and the id of a transaction of that moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    pub(crate) at: DateTime<Utc>,
    xid: i64,
}

/// Marks this moment.
pub(crate) async fn mark(pool: &PgPool) -> Result<Mark, sqlx::Error> {
    // The statement gets an id of its own. The upper bound of a snapshot would not do: ids of running transactions lie
    // beyond it.
    let mark =
        sqlx::query!(r#"SELECT clock_timestamp() AS "at!", pg_current_xact_id()::text::bigint AS "xid!""#);
    let mark = mark.fetch_one(pool).await?;
    Ok(Mark { at: mark.at, xid: mark.xid })
}

/// Whether every transaction that ran at the mark has ended.
pub(crate) async fn is_settled(pool: &PgPool, mark: Mark) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint > $1 AS "settled!""#,
        mark.xid,
    )
    .fetch_one(pool)
    .await
}

/// A seal that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seal {
    pub(crate) minute: DateTime<Utc>,
    pub(crate) rows: i32,
    /// In hex.
    pub(crate) digest: String,
}

/// Seals the next minute that has entries and ended [`SETTLE`] before a settled mark. None: there is none, or another
/// worker seals now.
pub(crate) async fn seal_next(pool: &PgPool, settled: Mark) -> Result<Option<Seal>, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let got = sqlx::query_scalar!(r#"SELECT pg_try_advisory_xact_lock($1) AS "got!""#, LOCK);
    if !got.fetch_one(&mut *tx).await? {
        return Ok(None);
    }
    let last = sqlx::query!("SELECT minute, digest FROM consent_seals ORDER BY minute DESC LIMIT 1");
    let last = last.fetch_optional(&mut *tx).await?;
    let minute = sqlx::query_scalar!(
        "SELECT date_trunc('minute', min(recorded_at), 'UTC') FROM consent_ledger
         WHERE recorded_at >= coalesce($1::timestamptz + interval '1 minute', '-infinity')",
        last.as_ref().map(|last| last.minute),
    );
    let Some(minute) = minute.fetch_one(&mut *tx).await? else { return Ok(None) };
    let end = minute + MINUTE;
    if end + SETTLE > settled.at {
        return Ok(None);
    }
    let entries: Vec<[u8; 64]> = entries(&mut tx, minute, end).await?.iter().map(Entry::sealed).collect();
    let rows = i32::try_from(entries.len()).unwrap_or(i32::MAX);
    let previous = last.map(|last| last.digest);
    let digest = digest::of_seal(minute, &entries, previous.as_deref());
    sqlx::query!(
        "INSERT INTO consent_seals (minute, rows, entries, previous, digest) VALUES ($1, $2, $3, $4, $5)",
        minute,
        rows,
        &entries.concat(),
        previous,
        &digest,
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(Some(Seal { minute, rows, digest: hex(&digest) }))
}

/// The entries recorded in this span, in the order of their keys.
async fn entries(
    connection: &mut PgConnection,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<Entry>, sqlx::Error> {
    sqlx::query_as!(
        Entry,
        "SELECT entry_key AS key, person_key, purpose, channel, action, source, actor, wording_id, wording_sha256, said_at,
                recorded_at
         FROM consent_ledger WHERE recorded_at >= $1 AND recorded_at < $2 ORDER BY entry_key",
        from,
        to,
    )
    .fetch_all(connection)
    .await
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Err: writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// How long ago the oldest entry was recorded that no seal holds. None: every entry is sealed.
pub(crate) async fn waiting(connection: &mut PgConnection) -> Result<Option<Duration>, sqlx::Error> {
    let seconds = sqlx::query_scalar!(
        "SELECT extract(epoch FROM clock_timestamp() - min(recorded_at))::float8 FROM consent_ledger
         WHERE recorded_at >= coalesce((SELECT max(minute) FROM consent_seals) + interval '1 minute', '-infinity')"
    );
    Ok(seconds.fetch_one(connection).await?.map(|seconds| Duration::from_secs_f64(seconds.max(0.0))))
}

#[cfg(test)]
mod tests;
