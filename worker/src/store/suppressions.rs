//! The numbers that get no message. The doors of the consent ledger write them.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

/// A number on the list.
pub(crate) struct Suppressed {
    pub(crate) phone_e164: String,
    /// `all`, or what a number does not get that gets other messages: `sms` or `tips`.
    pub(crate) scope: String,
    pub(crate) source: String,
    pub(crate) actor: String,
    pub(crate) reason: String,
    pub(crate) created_at: DateTime<Utc>,
}

/// Everything on the list, newest first.
pub(crate) async fn list(pool: &PgPool) -> Result<Vec<Suppressed>, sqlx::Error> {
    sqlx::query_as!(
        Suppressed,
        r#"SELECT phone_e164 AS "phone_e164!", scope AS "scope!", source AS "source!", actor AS "actor!",
                  reason AS "reason!", created_at AS "created_at!"
           FROM (SELECT phone_e164, CASE channel WHEN 'any' THEN 'all' ELSE channel END AS scope, source, actor, reason, created_at
                 FROM suppressions WHERE lifted_at IS NULL
                 UNION ALL
                 SELECT t.phone_e164, 'tips', t.source, t.actor, t.reason, t.created_at
                 FROM tip_suppressions t
                 WHERE NOT EXISTS (SELECT FROM suppressions s WHERE s.phone_e164 = t.phone_e164 AND s.lifted_at IS NULL)) l
           ORDER BY created_at DESC"#,
    )
    .fetch_all(pool)
    .await
}
