//! One more attempt, allowed by an operator, only if every earlier attempt was definitely refused, or was accepted and
//! ended `failed`. A user who may have been texted is never texted again.

use sqlx::PgPool;

use super::{
    audit::{self, NewEntry},
    number,
};

/// Users that ended with this reason and that are safe to try again.
pub(crate) async fn candidates(pool: &PgPool, reason: &str) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT s.user_id AS "user_id!" FROM onboarding_status s
           WHERE s.reason = $1 AND (s.state = 'failed' OR s.welcome_status = 'failed')
             AND NOT EXISTS (
                 SELECT FROM attempts a WHERE a.user_id = s.user_id AND a.phone_e164 = s.phone_e164
                   AND NOT (a.outcome IN ('refused', 'deferred', 'unwritten')
                            OR (a.outcome = 'accepted' AND a.twilio_status = 'failed')))
           ORDER BY s.user_id"#,
        reason,
    )
    .fetch_all(pool)
    .await
}

/// Allows one more attempt for each of `users`; returns how many were reopened. Where an earlier message to the number
/// proved sent, none is.
pub(crate) async fn reopen(
    pool: &PgPool,
    users: &[String],
    reason: &str,
    actor: &str,
    why: &str,
) -> Result<usize, sqlx::Error> {
    let mut tx = pool.begin().await?;
    // Refused users get no row here, since none of their attempts blocks.
    let freed = sqlx::query_scalar!(
        "UPDATE attempts a SET blocks = false, reopened_at = now(), updated_at = now() FROM users u
         WHERE u.user_id = ANY($1) AND a.message_id = u.attempt_id
           AND a.outcome = 'accepted' AND a.twilio_status = 'failed'
         RETURNING a.message_id",
        users,
    )
    .fetch_all(&mut *tx)
    .await?;
    let numbers = sqlx::query_scalar!(
        "UPDATE users u SET state = 'received', reason = NULL, next_attempt_at = now(), retry_since = NULL,
                            retries = 0, updated_at = now()
         WHERE u.user_id = ANY($1) AND NOT EXISTS (
             SELECT FROM attempts a WHERE a.message_id = u.attempt_id AND a.blocks)
         RETURNING u.phone_e164",
        users,
    )
    .fetch_all(&mut *tx)
    .await?;
    let proved_sent = number::released(&mut tx, &freed).await?;
    let reopened = numbers.iter().filter(|n| !n.as_ref().is_some_and(|n| proved_sent.contains(n))).count();
    let subject = format!("{reopened} users with reason {reason}");
    audit::note(&mut tx, &NewEntry { actor, action: "reopen", subject: &subject, reason: why }).await?;
    tx.commit().await?;
    Ok(reopened)
}
