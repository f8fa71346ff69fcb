//! Messages that were claimed before a stop was in force: their calls may still be made, and nothing takes them back.

use sqlx::PgConnection;

use super::{meters, numbers::Found};

/// Counts and logs the claims to these people that have no outcome yet, after the stop has waited for claims that were being
/// written.
pub(super) async fn note(tx: &mut PgConnection, people: &[Found]) -> Result<(), sqlx::Error> {
    let phones: Vec<&str> = people.iter().filter_map(|found| found.phone_e164.as_deref()).collect();
    if phones.is_empty() {
        return Ok(());
    }
    let raced = sqlx::query_scalar!(
        r#"SELECT message_id::text AS "attempt!" FROM attempts
           WHERE phone_e164 = ANY ($1) AND blocks AND outcome = 'sending'
           UNION ALL
           SELECT attempt_id::text FROM message_attempts
           WHERE phone_e164 = ANY ($1) AND outcome = 'sending' AND kind <> 'reply'"#,
        &phones as &[&str],
    )
    .fetch_all(tx)
    .await?;
    for attempt in &raced {
        tracing::warn!(attempt, raced = true, "a message was claimed before the stop, and may still be sent");
    }
    meters::raced(raced.len() as u64);
    Ok(())
}
