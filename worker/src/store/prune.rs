//! Retention: deletes old tries, callbacks, bodies of settled dead letters, budgets and messages. Never welcomes.

use std::time::Duration;

use sqlx::{PgConnection, PgPool};

use super::audit::{self, NewEntry};

/// The kinds of data that retention deletes, once they are older than their period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Counts of redelivered messages.
    DeliveryTries,
    /// Status callbacks as they came; what they changed stays in the attempt.
    StatusCallbacks,
    /// Bodies and headers of dead letters that were replayed; the rows stay.
    DeadLetterBodies,
    /// Messages claimed per day.
    DailyBudget,
    /// Messages of other kinds than the welcome, with their attempts, by month.
    Messages,
}

impl Kind {
    /// In the order of the report.
    pub(crate) const ALL: [Self; 5] = [
        Self::DeliveryTries,
        Self::StatusCallbacks,
        Self::DeadLetterBodies,
        Self::DailyBudget,
        Self::Messages,
    ];

    /// The name in reports and in the audit log.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::DeliveryTries => "delivery tries",
            Self::StatusCallbacks => "status callbacks",
            Self::DeadLetterBodies => "bodies of replayed dead letters",
            Self::DailyBudget => "daily budgets",
            Self::Messages => "months of messages",
        }
    }
}

/// Rows that one transaction forgets.
const BATCH: i64 = 5_000;
/// A batch takes milliseconds. One that takes longer waits for a lock or for a disk, and may be tried again later.
const LIMIT: &str = "30s";

/// Deletes rows older than `period` and returns their number. Each batch is one transaction with its audit entry, so
/// batches before an error stay deleted and audited. With `dry_run` it only counts the rows.
pub(crate) async fn prune(
    pool: &PgPool,
    kind: Kind,
    period: Duration,
    dry_run: bool,
    (actor, reason): (&str, &str),
) -> Result<u64, sqlx::Error> {
    let seconds = period.as_secs_f64();
    if dry_run {
        return count(pool, kind, seconds).await;
    }
    if kind == Kind::Messages {
        delete_expired_keys(pool).await?;
    }
    let mut rows = 0;
    loop {
        let mut tx = pool.begin().await?;
        sqlx::query!("SELECT set_config('statement_timeout', $1, true)", LIMIT).fetch_one(&mut *tx).await?;
        let batch = forget(&mut tx, kind, seconds).await?;
        if batch > 0 {
            let subject = format!("{batch} {} older than {}", kind.label(), in_words(period));
            audit::note(&mut tx, &NewEntry { actor, action: "prune", subject: &subject, reason }).await?;
        }
        tx.commit().await?;
        rows += batch;
        let more = if kind == Kind::Messages { batch > 0 } else { batch == BATCH.unsigned_abs() };
        if !more {
            return Ok(rows);
        }
    }
}

/// In days, where it is that long.
pub(crate) fn in_words(period: Duration) -> String {
    match period.as_secs() / 86_400 {
        0 => humantime::format_duration(period).to_string(),
        days => format!("{days} days"),
    }
}

/// Only reads, so that it may take as long as it takes.
async fn count(pool: &PgPool, kind: Kind, seconds: f64) -> Result<u64, sqlx::Error> {
    let mut tx = pool.begin().await?;
    sqlx::query!("SELECT set_config('statement_timeout', '0', true)").fetch_one(&mut *tx).await?;
    let rows = match kind {
        Kind::DeliveryTries => {
            sqlx::query_scalar!(
                r#"SELECT count(*) AS "rows!" FROM delivery_tries
                   WHERE last_at < (SELECT calendar_now()) - make_interval(secs => $1)"#,
                seconds,
            )
            .fetch_one(&mut *tx)
            .await?
        }
        Kind::StatusCallbacks => {
            sqlx::query_scalar!(
                r#"SELECT count(*) AS "rows!" FROM status_callbacks
                   WHERE received_at < (SELECT calendar_now()) - make_interval(secs => $1)"#,
                seconds,
            )
            .fetch_one(&mut *tx)
            .await?
        }
        Kind::DeadLetterBodies => {
            sqlx::query_scalar!(
                r#"SELECT count(*) AS "rows!" FROM dead_letters
                   WHERE replayed_at < (SELECT calendar_now()) - make_interval(secs => $1) AND body <> ''"#,
                seconds,
            )
            .fetch_one(&mut *tx)
            .await?
        }
        Kind::DailyBudget => {
            sqlx::query_scalar!(
                r#"SELECT count(*) AS "rows!" FROM daily_budget
                   WHERE day < (((SELECT calendar_now()) - make_interval(secs => $1)) AT TIME ZONE 'Asia/Kathmandu')::date"#,
                seconds,
            )
            .fetch_one(&mut *tx)
            .await?
        }
        Kind::Messages => {
            sqlx::query_scalar!(
                r#"SELECT count(*) AS "months!" FROM message_months_before(calendar_now() - make_interval(secs => $1))"#,
                seconds,
            )
            .fetch_one(&mut *tx)
            .await?
        }
    };
    tx.rollback().await?;
    Ok(rows.unsigned_abs())
}

/// Forgets one batch. Rows that another run of this command or a webhook has locked are left to the next run.
async fn forget(tx: &mut PgConnection, kind: Kind, seconds: f64) -> Result<u64, sqlx::Error> {
    let done = match kind {
        Kind::DeliveryTries => {
            sqlx::query!(
                "DELETE FROM delivery_tries WHERE ctid = ANY(ARRAY(
                     SELECT ctid FROM delivery_tries WHERE last_at < (SELECT calendar_now()) - make_interval(secs => $1)
                     LIMIT $2 FOR UPDATE SKIP LOCKED))",
                seconds,
                BATCH,
            )
            .execute(tx)
            .await?
        }
        Kind::StatusCallbacks => {
            sqlx::query!(
                "DELETE FROM status_callbacks WHERE ctid = ANY(ARRAY(
                     SELECT ctid FROM status_callbacks WHERE received_at < (SELECT calendar_now()) - make_interval(secs => $1)
                     LIMIT $2 FOR UPDATE SKIP LOCKED))",
                seconds,
                BATCH,
            )
            .execute(tx)
            .await?
        }
        Kind::DeadLetterBodies => {
            sqlx::query!(
                "UPDATE dead_letters SET body = '', headers = '{}' WHERE id IN (
                     SELECT id FROM dead_letters
                     WHERE replayed_at < (SELECT calendar_now()) - make_interval(secs => $1) AND body <> ''
                     LIMIT $2 FOR UPDATE SKIP LOCKED)",
                seconds,
                BATCH,
            )
            .execute(tx)
            .await?
        }
        Kind::DailyBudget => {
            sqlx::query!(
                "DELETE FROM daily_budget WHERE day IN (
                     SELECT day FROM daily_budget
                     WHERE day < (((SELECT calendar_now()) - make_interval(secs => $1)) AT TIME ZONE 'Asia/Kathmandu')::date
                     LIMIT $2 FOR UPDATE SKIP LOCKED)",
                seconds,
                BATCH,
            )
            .execute(tx)
            .await?
        }
        Kind::Messages => return months(tx, seconds).await,
    };
    Ok(done.rows_affected())
}

/// Drops the oldest month of messages, so that each is a transaction of its own.
async fn months(tx: &mut PgConnection, seconds: f64) -> Result<u64, sqlx::Error> {
    let dropped = sqlx::query!(
        r#"SELECT drop_message_partitions(month)::text AS done
           FROM (SELECT month FROM message_months_before(calendar_now() - make_interval(secs => $1)) AS m(month)
                 ORDER BY month LIMIT 1) oldest"#,
        seconds,
    )
    .fetch_all(tx)
    .await?;
    Ok(dropped.len() as u64)
}

/// Deletes the keys of messages that have expired, a batch at a time.
async fn delete_expired_keys(pool: &PgPool) -> Result<(), sqlx::Error> {
    loop {
        let deleted = sqlx::query!(
            "DELETE FROM message_keys WHERE ctid = ANY(ARRAY(
                 SELECT ctid FROM message_keys
                 WHERE expires_on < ((SELECT calendar_now()) AT TIME ZONE 'Asia/Kathmandu')::date
                 LIMIT $1 FOR UPDATE SKIP LOCKED))",
            BATCH,
        );
        if deleted.execute(pool).await?.rows_affected() < BATCH.unsigned_abs() {
            return Ok(());
        }
    }
}
