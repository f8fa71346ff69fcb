//! Retention: deletes old tries, callbacks, bodies of settled dead letters, budgets, closed tasks and messages. Never
//! welcomes.

use std::time::Duration;

use chrono::{DateTime, Utc};
use shared::config::{Setting, settings};
use sqlx::{PgConnection, PgPool};

use super::{
    audit::{self, NewEntry},
    inbound,
};
use crate::config::Retention;

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
    /// Closed tasks for staff.
    Cases,
    /// Texts and authors of inbound messages, and closed conversations; when a message came, and its class, stay.
    Inbox,
    /// Messages of other kinds than the welcome, with their attempts, by month.
    Messages,
}

impl Kind {
    /// In the order of the report.
    pub(crate) const ALL: [Self; 7] = [
        Self::DeliveryTries,
        Self::StatusCallbacks,
        Self::DeadLetterBodies,
        Self::DailyBudget,
        Self::Cases,
        Self::Inbox,
        Self::Messages,
    ];

    /// The name in reports and in the audit log.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::DeliveryTries => "delivery tries",
            Self::StatusCallbacks => "status callbacks",
            Self::DeadLetterBodies => "bodies of replayed dead letters",
            Self::DailyBudget => "daily budgets",
            Self::Cases => "closed tasks",
            Self::Inbox => "texts of inbound messages",
            Self::Messages => "months of messages",
        }
    }

    /// The name in metrics.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::DeliveryTries => "delivery_tries",
            Self::StatusCallbacks => "status_callbacks",
            Self::DeadLetterBodies => "dead_letter_bodies",
            Self::DailyBudget => "daily_budget",
            Self::Cases => "cases",
            Self::Inbox => "inbox",
            Self::Messages => "message_months",
        }
    }

    /// How long it is kept, and the setting that says so. Zero: permanently.
    pub(crate) fn period(self, retention: &Retention) -> (Duration, Setting) {
        match self {
            Self::DeliveryTries => (retention.delivery_tries, settings::KEEP_DELIVERY_TRIES),
            Self::StatusCallbacks => (retention.status_callbacks, settings::KEEP_STATUS_CALLBACKS),
            Self::DeadLetterBodies => (retention.dead_letter_bodies, settings::KEEP_DEAD_LETTER_BODIES),
            Self::DailyBudget => (retention.daily_budget, settings::KEEP_DAILY_BUDGET),
            Self::Cases => (retention.cases, settings::KEEP_CASES),
            Self::Inbox => (retention.inbox, settings::KEEP_INBOX),
            Self::Messages => retention.months(),
        }
    }
}

/// Rows that one transaction forgets.
const BATCH: i64 = 5_000;
/// A batch takes milliseconds. One that takes longer waits for a lock or for a disk, and may be tried again later.
const LIMIT: &str = "30s";

/// What one process may do while another one deletes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Wait until it has finished its batch.
    Wait,
    /// Leave the work to it.
    Leave,
}

/// The result of one batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Batch {
    /// Another process deletes at this moment.
    Left,
    /// So many rows were deleted, or months dropped; there may be more.
    Deleted { rows: u64, more: bool },
}

/// A lock key that no other code uses: `onb_prun` in ASCII.
const LOCK: i64 = 0x6f6e_625f_7072_756e;

/// Deletes rows older than `period` and returns their number. Batches before an error stay deleted and audited.
pub(crate) async fn prune(
    pool: &PgPool,
    kind: Kind,
    period: Duration,
    by: (&str, &str),
) -> Result<u64, sqlx::Error> {
    let mut all = 0;
    while let Batch::Deleted { rows, more } = prune_batch(pool, kind, period, Turn::Wait, by).await? {
        all += rows;
        if !more {
            break;
        }
    }
    Ok(all)
}

/// Deletes one batch of rows older than `period`, in a transaction with its audit entry.
pub(crate) async fn prune_batch(
    pool: &PgPool,
    kind: Kind,
    period: Duration,
    turn: Turn,
    (actor, reason): (&str, &str),
) -> Result<Batch, sqlx::Error> {
    let mut tx = pool.begin().await?;
    if !take_turn(&mut tx, turn).await? {
        return Ok(Batch::Left);
    }
    sqlx::query!("SELECT set_config('statement_timeout', $1, true)", LIMIT).fetch_one(&mut *tx).await?;
    let expired = if kind == Kind::Messages { delete_expired_keys(&mut tx).await? } else { 0 };
    let rows = forget(&mut tx, kind, period.as_secs_f64()).await?;
    if rows > 0 {
        let subject = format!("{rows} {} older than {}", kind.label(), in_words(period));
        audit::note(&mut tx, &NewEntry { actor, action: "prune", subject: &subject, reason }).await?;
    }
    tx.commit().await?;
    let full = BATCH.unsigned_abs();
    let more = if kind == Kind::Messages { rows > 0 || expired == full } else { rows == full };
    Ok(Batch::Deleted { rows, more })
}

/// Makes this transaction the only one that deletes, until it ends.
async fn take_turn(tx: &mut PgConnection, turn: Turn) -> Result<bool, sqlx::Error> {
    if turn == Turn::Leave {
        return sqlx::query_scalar!(r#"SELECT pg_try_advisory_xact_lock($1) AS "got!""#, LOCK)
            .fetch_one(tx)
            .await;
    }
    // Longer than the batch of another process may take.
    sqlx::query!(
        "SELECT set_config('statement_timeout', '60s', true), set_config('lock_timeout', '60s', true) AS lock"
    )
    .fetch_one(&mut *tx)
    .await?;
    sqlx::query!("SELECT pg_advisory_xact_lock($1)", LOCK).execute(&mut *tx).await?;
    sqlx::query!("SELECT set_config('lock_timeout', '10s', true)").fetch_one(tx).await?;
    Ok(true)
}

/// When the deletions of a release begin: a day after its first start, which this records.
pub(crate) async fn begins(pool: &PgPool, release: &str) -> Result<(DateTime<Utc>, bool), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO retention_starts (release, started_at) VALUES ($1, calendar_now()) ON CONFLICT DO NOTHING",
        release,
    )
    .execute(pool)
    .await?;
    let row = sqlx::query!(
        r#"SELECT started_at + interval '1 day' AS "at!", calendar_now() >= started_at + interval '1 day' AS "due!"
           FROM retention_starts WHERE release = $1"#,
        release,
    )
    .fetch_one(pool)
    .await?;
    Ok((row.at, row.due))
}

/// In days, where it is that long.
pub(crate) fn in_words(period: Duration) -> String {
    match period.as_secs() / 86_400 {
        0 => humantime::format_duration(period).to_string(),
        days => format!("{days} days"),
    }
}

/// How many rows are older than `period`. It only reads, so that it may take as long as it takes.
pub(crate) async fn count(pool: &PgPool, kind: Kind, period: Duration) -> Result<u64, sqlx::Error> {
    let seconds = period.as_secs_f64();
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
        Kind::Cases => {
            sqlx::query_scalar!(
                r#"SELECT count(*) AS "rows!" FROM staff_tasks
                   WHERE closed_at < (SELECT calendar_now()) - make_interval(secs => $1)
                     AND opened_at < (SELECT calendar_now()) - interval '30 days'"#,
                seconds,
            )
            .fetch_one(&mut *tx)
            .await?
        }
        Kind::Inbox => inbound::count_old(&mut tx, seconds).await?,
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
        Kind::Cases => {
            sqlx::query!(
                // A stop request counts for 30 days: it keeps a second one of the number away.
                "DELETE FROM staff_tasks WHERE task_id IN (
                     SELECT task_id FROM staff_tasks
                     WHERE closed_at < (SELECT calendar_now()) - make_interval(secs => $1)
                       AND opened_at < (SELECT calendar_now()) - interval '30 days'
                     LIMIT $2 FOR UPDATE SKIP LOCKED)",
                seconds,
                BATCH,
            )
            .execute(tx)
            .await?
        }
        Kind::Inbox => return inbound::forget_old(tx, seconds, BATCH).await,
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

/// Deletes one batch of the keys of messages that have expired.
async fn delete_expired_keys(tx: &mut PgConnection) -> Result<u64, sqlx::Error> {
    let deleted = sqlx::query!(
        "DELETE FROM message_keys WHERE ctid = ANY(ARRAY(
             SELECT ctid FROM message_keys
             WHERE expires_on < ((SELECT calendar_now()) AT TIME ZONE 'Asia/Kathmandu')::date
             LIMIT $1 FOR UPDATE SKIP LOCKED))",
        BATCH,
    );
    Ok(deleted.execute(tx).await?.rows_affected())
}
