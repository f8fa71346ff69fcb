//! Numbers that no tip goes to: `tip_suppressions`, derived from the ledger in the transaction that changes it.

use sqlx::PgConnection;

use super::Door;
use crate::domain::ConsentChannel;

/// Makes the table agree with the ledger for one number. True: it holds more tips than before, and is to be put into force.
pub(super) async fn derive(tx: &mut PgConnection, phone: &str, door: &Door<'_>) -> Result<bool, sqlx::Error> {
    let held = sqlx::query_scalar!(
        r#"WITH held AS (
             SELECT CASE count(*) WHEN 1 THEN min(channel) ELSE 'any' END AS channel
             FROM newest_consents(ARRAY(SELECT person_key FROM person_keys WHERE phone_e164 = $1))
             WHERE purpose = 'tips' AND action = 'withdraw'
             HAVING count(*) > 0
         ), lifted AS (
             DELETE FROM tip_suppressions WHERE phone_e164 = $1 AND NOT EXISTS (SELECT FROM held)
         )
         INSERT INTO tip_suppressions AS t (phone_e164, channel, source, actor, reason)
         SELECT $1, channel, $2, $3, $4 FROM held
         ON CONFLICT (phone_e164) DO UPDATE SET
             channel = EXCLUDED.channel, in_force_at = CASE WHEN t.channel = 'any' THEN t.in_force_at END
         WHERE t.channel <> EXCLUDED.channel
         RETURNING in_force_at IS NULL AS "held!""#,
        phone,
        door.source.as_str(),
        door.actor,
        door.reason,
    );
    Ok(held.fetch_optional(tx).await?.unwrap_or(false))
}

/// The channel on which tips, and nothing else, were stopped. None: they were not, or a stop of everything stopped them.
pub(super) async fn stopped_alone(
    tx: &mut PgConnection,
    phone: &str,
) -> Result<Option<ConsentChannel>, sqlx::Error> {
    let channel = sqlx::query_scalar!(
        "WITH said AS (SELECT l.* FROM consent_ledger l JOIN person_keys k USING (person_key) WHERE k.phone_e164 = $1)
         SELECT t.channel FROM tip_suppressions t
         WHERE t.phone_e164 = $1 AND EXISTS (
             SELECT FROM said w WHERE w.purpose = 'tips' AND w.action = 'withdraw'
               AND NOT EXISTS (SELECT FROM said s WHERE s.purpose = 'onboarding' AND s.action = 'withdraw'
                               AND s.person_key = w.person_key AND s.said_at = w.said_at)
               AND NOT EXISTS (SELECT FROM said g WHERE g.purpose = 'tips' AND g.action = 'grant'
                               AND g.said_at > w.said_at))",
        phone,
    );
    Ok(channel.fetch_optional(tx).await?.map(|channel| channel.parse().unwrap_or(ConsentChannel::Any)))
}
