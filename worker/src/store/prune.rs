//! Forgets what nobody needs any more: tries, callbacks, bodies of settled dead letters, old budgets. Never attempts.

use std::time::Duration;

use sqlx::{PgConnection, PgPool};

use super::audit::{self, Deed};

/// What is forgotten, once it is older than its period.
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
}

impl Kind {
    /// In the order of the report.
    pub(crate) const ALL: [Self; 4] =
        [Self::DeliveryTries, Self::StatusCallbacks, Self::DeadLetterBodies, Self::DailyBudget];

    /// The word for it in reports and the audit log.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::DeliveryTries => "delivery tries",
            Self::StatusCallbacks => "status callbacks",
            Self::DeadLetterBodies => "bodies of replayed dead letters",
            Self::DailyBudget => "daily budgets",
        }
    }
}

/// Forgets what is older than `period`, in one transaction with its line in the audit log; returns how many rows.
/// With `dry_run` it only counts them.
pub(crate) async fn prune(
    pool: &PgPool,
    kind: Kind,
    period: Duration,
    dry_run: bool,
    (actor, reason): (&str, &str),
) -> Result<u64, sqlx::Error> {
    let mut tx = pool.begin().await?;
    // The first run may have years to forget; the rows it locks are in nobody's way.
    sqlx::query!("SELECT set_config('statement_timeout', '0', true)").fetch_one(&mut *tx).await?;
    let rows = forget(&mut tx, kind, period.as_secs_f64()).await?;
    if dry_run {
        tx.rollback().await?;
        return Ok(rows);
    }
    if rows > 0 {
        let subject = format!("{rows} {} older than {}", kind.label(), in_words(period));
        audit::note(&mut tx, &Deed { actor, action: "prune", subject: &subject, reason }).await?;
    }
    tx.commit().await?;
    Ok(rows)
}

/// In days, where it is that long.
pub(crate) fn in_words(period: Duration) -> String {
    match period.as_secs() / 86_400 {
        0 => humantime::format_duration(period).to_string(),
        days => format!("{days} days"),
    }
}

async fn forget(tx: &mut PgConnection, kind: Kind, seconds: f64) -> Result<u64, sqlx::Error> {
    let done = match kind {
        Kind::DeliveryTries => {
            sqlx::query!(
                "DELETE FROM delivery_tries WHERE last_at < now() - make_interval(secs => $1)",
                seconds
            )
            .execute(tx)
            .await?
        }
        Kind::StatusCallbacks => {
            sqlx::query!(
                "DELETE FROM status_callbacks WHERE received_at < now() - make_interval(secs => $1)",
                seconds,
            )
            .execute(tx)
            .await?
        }
        Kind::DeadLetterBodies => {
            sqlx::query!(
                "UPDATE dead_letters SET body = '', headers = '{}'
                 WHERE replayed_at < now() - make_interval(secs => $1) AND body <> ''",
                seconds,
            )
            .execute(tx)
            .await?
        }
        Kind::DailyBudget => {
            sqlx::query!(
                "DELETE FROM daily_budget
                 WHERE day < ((now() - make_interval(secs => $1)) AT TIME ZONE 'Asia/Kathmandu')::date",
                seconds,
            )
            .execute(tx)
            .await?
        }
    };
    Ok(done.rows_affected())
}
