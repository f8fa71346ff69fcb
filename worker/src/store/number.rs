//! What follows for a number and its users when an attempt lets go of the number, or proves to have been sent after it
//! had let go.

use sqlx::{Acquire, PgConnection};
use uuid::Uuid;

/// Lets an accepted attempt that does not block its number block it, and finishes its user, unless another attempt
/// blocks the number. A message that failed was not received, so it does not replace a further attempt. True: the
/// attempt blocks now.
pub(super) async fn reclaim(tx: &mut PgConnection, message_id: Uuid) -> Result<bool, sqlx::Error> {
    // A claim of the number that commits meanwhile violates the unique index: then that claim holds the number, and
    // only this step is undone.
    let mut step = tx.begin().await?;
    let blocking = sqlx::query!(
        "UPDATE attempts a SET blocks = true, updated_at = now()
         WHERE a.message_id = $1 AND a.outcome = 'accepted' AND a.twilio_status IS DISTINCT FROM 'failed' AND NOT a.blocks
           AND NOT (a.channel = 'whatsapp' AND a.twilio_status IS NOT DISTINCT FROM 'undelivered')
           AND NOT EXISTS (SELECT FROM attempts o WHERE o.phone_e164 = a.phone_e164 AND o.blocks)
         RETURNING a.user_id, a.phone_e164",
        message_id,
    )
    .fetch_optional(&mut *step)
    .await;
    let owner = match blocking {
        Ok(Some(owner)) => owner,
        Ok(None) => return Ok(false),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => return Ok(false),
        Err(error) => return Err(error),
    };
    // No row: the user has another number by now, or opted out.
    sqlx::query!(
        "UPDATE users SET state = 'registered', reason = NULL, attempt_id = $1, next_attempt_at = NULL,
                          registration_method = coalesce(registration_method, 'none'),
                          registered_at = coalesce(registered_at, now()), updated_at = now()
         WHERE user_id = $2 AND phone_e164 = $3 AND state <> 'suppressed'",
        message_id,
        owner.user_id,
        owner.phone_e164,
    )
    .execute(&mut *step)
    .await?;
    step.commit().await?;
    Ok(true)
}

/// Attempts `freed` do not block their numbers any more, and their users' rows are written.
///
/// An earlier attempt to such a number that proved to be accepted meanwhile blocks the number in their place. Otherwise
/// the users linked to it as `shared_phone` share its end. They are due when its user is due again, and now if its user
/// has another number by now. A final refusal ends them as well, since Twilio would repeat it.
///
/// Returns the numbers that are blocked again.
pub(super) async fn released(tx: &mut PgConnection, freed: &[Uuid]) -> Result<Vec<String>, sqlx::Error> {
    let mut reclaimed = Vec::new();
    if freed.is_empty() {
        return Ok(reclaimed);
    }
    let accepted = sqlx::query!(
        "SELECT o.message_id, o.phone_e164 FROM attempts f JOIN attempts o ON o.phone_e164 = f.phone_e164 AND NOT o.blocks
         WHERE f.message_id = ANY($1) AND NOT f.blocks
           AND o.outcome = 'accepted' AND o.twilio_status IS DISTINCT FROM 'failed'
           AND NOT (o.channel = 'whatsapp' AND o.twilio_status IS NOT DISTINCT FROM 'undelivered')
         ORDER BY o.phone_e164, o.claimed_at",
        freed,
    )
    .fetch_all(&mut *tx)
    .await?;
    for earlier in accepted {
        if reclaim(tx, earlier.message_id).await? {
            reclaimed.push(earlier.phone_e164);
        }
    }
    // The number of rows is of no interest: most numbers have one user.
    sqlx::query!(
        "WITH freed AS (
             SELECT a.message_id, a.phone_e164, u.state, u.reason, u.next_attempt_at
             FROM attempts a LEFT JOIN users u ON u.user_id = a.user_id AND u.attempt_id = a.message_id
             WHERE a.message_id = ANY($1) AND NOT a.blocks
               AND NOT EXISTS (SELECT FROM attempts o WHERE o.phone_e164 = a.phone_e164 AND o.blocks)
         ), linked AS (
             SELECT l.user_id, f.message_id, f.reason, f.next_attempt_at,
                    CASE WHEN f.state IN ('failed', 'suppressed') THEN f.state ELSE 'received' END AS state
             FROM freed f
             JOIN users l ON l.phone_e164 = f.phone_e164 AND l.reason = 'shared_phone' AND l.state = 'registered'
             ORDER BY l.user_id FOR UPDATE OF l
         )
         UPDATE users u SET state = l.state,
             reason = CASE WHEN l.state <> 'received' THEN l.reason END,
             attempt_id = CASE WHEN l.state = 'failed' THEN l.message_id END,
             next_attempt_at = CASE WHEN l.state = 'received' THEN coalesce(l.next_attempt_at, now()) END,
             updated_at = now()
         FROM linked l WHERE u.user_id = l.user_id",
        freed,
    )
    .execute(tx)
    .await?;
    Ok(reclaimed)
}

#[cfg(test)]
mod tests;
