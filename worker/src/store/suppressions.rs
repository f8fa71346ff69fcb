//! Numbers that must never be texted. SMS to Nepal is one-way, so STOP cannot arrive: operators add numbers here.

use chrono::{DateTime, Utc};
use shared::phone::E164;
use sqlx::PgPool;

use super::audit::{self, NewEntry};

/// A number on the list.
pub(crate) struct Suppressed {
    pub(crate) phone_e164: String,
    pub(crate) source: String,
    pub(crate) actor: String,
    pub(crate) reason: String,
    pub(crate) created_at: DateTime<Utc>,
}

/// Adds a number. False: it was there.
pub(crate) async fn add(pool: &PgPool, phone: &E164, actor: &str, reason: &str) -> Result<bool, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let added = sqlx::query!(
        "INSERT INTO suppressions (phone_e164, source, actor, reason) VALUES ($1, 'staff', $2, $3)
         ON CONFLICT DO NOTHING",
        phone.as_str(),
        actor,
        reason,
    )
    .execute(&mut *tx)
    .await?;
    let added = added.rows_affected() == 1;
    if added {
        audit::note(&mut tx, &NewEntry { actor, action: "suppress add", subject: &phone.masked(), reason })
            .await?;
    }
    tx.commit().await?;
    Ok(added)
}

/// Lifts a number. False: it was not there. The next event or backfill of its user may send again, if no
/// attempt was accepted or is unknown.
pub(crate) async fn lift(
    pool: &PgPool,
    phone: &E164,
    actor: &str,
    reason: &str,
) -> Result<bool, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let lifted = sqlx::query!(
        "UPDATE suppressions SET lifted_at = now(), lifted_by = $2 WHERE phone_e164 = $1 AND lifted_at IS NULL",
        phone.as_str(),
        actor,
    )
    .execute(&mut *tx)
    .await?;
    let lifted = lifted.rows_affected() == 1;
    if lifted {
        audit::note(
            &mut tx,
            &NewEntry { actor, action: "suppress remove", subject: &phone.masked(), reason },
        )
        .await?;
    }
    tx.commit().await?;
    Ok(lifted)
}

/// Everything on the list, newest first.
pub(crate) async fn list(pool: &PgPool) -> Result<Vec<Suppressed>, sqlx::Error> {
    sqlx::query_as!(
        Suppressed,
        "SELECT phone_e164, source, actor, reason, created_at FROM suppressions
         WHERE lifted_at IS NULL ORDER BY id DESC",
    )
    .fetch_all(pool)
    .await
}
