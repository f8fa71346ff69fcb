//! What the stop page may take back.

use sqlx::PgConnection;

use super::ledger;

/// Whether the stop page may lift the stop of a number. Only its live link stopped it, within 30 days, and no loss holds it.
pub async fn may_undo(connection: &mut PgConnection, phone: &str) -> Result<bool, sqlx::Error> {
    let by_link = sqlx::query_scalar!(
        "SELECT s.id FROM suppressions s JOIN stop_links l ON l.phone_e164 = s.phone_e164 AND l.revoked_at IS NULL
         WHERE s.phone_e164 = $1 AND s.lifted_at IS NULL AND s.source = 'link' AND NOT s.loss
           AND s.created_at >= l.created_at AND s.created_at > calendar_now() - interval '30 days'",
        phone,
    );
    if by_link.fetch_optional(&mut *connection).await?.is_none() {
        return Ok(false);
    }
    Ok(!ledger::is_stopped_elsewhere(connection, phone).await?)
}
