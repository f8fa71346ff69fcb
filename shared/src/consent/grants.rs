//! What the people of a number agree to, by channel: `channel_grants`, derived from the ledger in the transaction that
//! changes it. Claims on channels that need a consent read that table.

use sqlx::PgConnection;

/// Makes the table agree with the ledger for one number. True: something is not agreed to any more.
pub(super) async fn derive(tx: &mut PgConnection, phone: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"WITH granted AS (
               SELECT channel, array_agg(purpose ORDER BY purpose) AS purposes
               FROM newest_consents(ARRAY(SELECT person_key FROM person_keys WHERE phone_e164 = $1))
               WHERE action = 'grant' GROUP BY channel
           ), put AS (
               INSERT INTO channel_grants AS g (phone_e164, channel, purposes)
               SELECT $1, channel, purposes FROM granted
               ON CONFLICT (phone_e164, channel) DO UPDATE SET purposes = EXCLUDED.purposes
               WHERE g.purposes <> EXCLUDED.purposes
           ), gone AS (
               DELETE FROM channel_grants
               WHERE phone_e164 = $1 AND channel NOT IN (SELECT channel FROM granted)
           )
           SELECT EXISTS (
               SELECT FROM channel_grants before LEFT JOIN granted USING (channel)
               WHERE before.phone_e164 = $1 AND NOT before.purposes <@ coalesce(granted.purposes, '{}')) AS "narrowed!""#,
        phone,
    )
    .fetch_one(tx)
    .await
}
