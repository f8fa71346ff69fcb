//! Numbers that nothing blocks although a message was sent to them, or although users are linked to them as
//! `shared_phone`. Workers of the previous release leave such numbers. Only this module looks at them again.

use sqlx::PgPool;
use uuid::Uuid;

use super::number;

/// Numbers that were looked at.
pub(crate) struct Page {
    /// The last of these numbers. None: no number follows.
    pub(crate) last: Option<String>,
    /// The numbers to fix.
    pub(crate) numbers: Vec<String>,
}

/// Looks at the numbers of about `limit` linked users after the number `after`: at those that nothing blocks. A page holds all
/// rows of its numbers.
pub(crate) async fn linked(pool: &PgPool, after: &str, limit: i64) -> Result<Page, sqlx::Error> {
    sqlx::query_as!(
        Page,
        r#"WITH page AS MATERIALIZED (
               SELECT phone_e164, state FROM users WHERE reason = 'shared_phone' AND phone_e164 > $1
               ORDER BY phone_e164 FETCH FIRST ($2) ROWS WITH TIES
           )
           SELECT max(phone_e164) AS last, coalesce(array_agg(DISTINCT phone_e164) FILTER (
               -- Never EXISTS: that may be planned as a hash of the whole table.
               WHERE state = 'registered' AND (
                   SELECT a.message_id FROM attempts a WHERE a.phone_e164 = page.phone_e164 AND a.blocks) IS NULL
           ), '{}') AS "numbers!" FROM page"#,
        after,
        limit,
    )
    .fetch_one(pool)
    .await
}

/// Looks at the numbers of about `limit` freed attempts after the number `after`: at those that a message was sent to after
/// all, and that nothing blocks.
pub(crate) async fn freed(pool: &PgPool, after: &str, limit: i64) -> Result<Page, sqlx::Error> {
    sqlx::query_as!(
        Page,
        r#"WITH page AS MATERIALIZED (
               SELECT phone_e164, outcome = 'accepted' AND twilio_status IS DISTINCT FROM 'failed'
                      AND NOT (channel = 'whatsapp' AND twilio_status IS NOT DISTINCT FROM 'undelivered') AS sent
               FROM attempts WHERE NOT blocks AND phone_e164 > $1 ORDER BY phone_e164 FETCH FIRST ($2) ROWS WITH TIES
           )
           SELECT max(phone_e164) AS last, coalesce(array_agg(DISTINCT phone_e164) FILTER (
               WHERE sent AND (
                   SELECT a.message_id FROM attempts a WHERE a.phone_e164 = page.phone_e164 AND a.blocks) IS NULL
           ), '{}') AS "numbers!" FROM page"#,
        after,
        limit,
    )
    .fetch_one(pool)
    .await
}

/// Lets the earliest message that was sent to the number block it, or lets the users that are linked to it go on. This
/// should have followed when the last attempt freed the number. False: another transaction holds the number.
pub(crate) async fn fix(pool: &PgPool, number: &str) -> Result<bool, sqlx::Error> {
    let mut tx = pool.begin().await?;
    // A claim or an outcome in flight is neither waited for nor made to fail by a deadlock. It may change everything.
    sqlx::query!("SELECT set_config('lock_timeout', '200ms', true)").fetch_one(&mut *tx).await?;
    let last: Option<Uuid> = sqlx::query_scalar!(
        "SELECT message_id FROM attempts WHERE phone_e164 = $1 AND NOT blocks ORDER BY claimed_at DESC LIMIT 1",
        number,
    )
    .fetch_optional(&mut *tx)
    .await?;
    match number::released(&mut tx, last.as_slice()).await {
        Ok(_) => tx.commit().await.map(|()| true),
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(LOCK_NOT_AVAILABLE) => Ok(false),
        Err(error) => Err(error),
    }
}

/// PostgreSQL documentation, appendix A.
const LOCK_NOT_AVAILABLE: &str = "55P03";

#[cfg(test)]
mod tests;
