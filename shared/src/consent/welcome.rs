//! The consent to a welcome, where a signup alone is none.

use sqlx::PgConnection;

use super::{numbers::Found, silence};
use crate::domain::Channel;

/// The consent to a welcome on one channel, of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// It is given.
    Granted,
    /// Nothing was said about it.
    Missing,
    /// It was withdrawn, or messages to the number were stopped.
    Withdrawn,
}

/// Reads the consent to a welcome by `channel` to a number in E.164.
pub async fn agreement(
    connection: &mut PgConnection,
    phone: &str,
    channel: Channel,
) -> Result<Agreement, sqlx::Error> {
    let said = sqlx::query!(
        r#"SELECT EXISTS (SELECT FROM suppressions s WHERE s.phone_e164 = $1 AND s.lifted_at IS NULL
                          AND s.channel IN ('any', $2)) AS "stopped!",
                  (SELECT c.action
                   FROM newest_consents(ARRAY(SELECT person_key FROM person_keys WHERE phone_e164 = $1)) c
                   WHERE c.purpose = 'onboarding' AND c.channel = $2) AS action"#,
        phone,
        channel.as_str(),
    )
    .fetch_one(connection)
    .await?;
    Ok(match said.action.as_deref() {
        _ if said.stopped => Agreement::Withdrawn,
        Some("grant") => Agreement::Granted,
        Some(_) => Agreement::Withdrawn,
        None => Agreement::Missing,
    })
}

/// The users of these pairs of user and number who lack a consent to a welcome by SMS. Consents belong to the number; those
/// of a user without a number count at every number. Users silenced by a stop or a loss are not returned: their claim
/// ends the welcome.
pub async fn without_consent(
    connection: &mut PgConnection,
    users: &[&str],
    phones: &[&str],
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT i.user_id AS "user_id!" FROM UNNEST($1::text[], $2::text[]) AS i(user_id, phone)
           WHERE NOT EXISTS (
                     SELECT FROM newest_consents(ARRAY(
                         SELECT person_key FROM person_keys WHERE phone_e164 = i.phone
                         UNION
                         SELECT person_key FROM person_keys WHERE user_id = i.user_id AND phone_e164 IS NULL)) c
                     WHERE c.purpose = 'onboarding' AND c.channel = 'sms' AND c.action = 'grant')
             AND (SELECT s.id FROM suppressions s WHERE s.phone_e164 = i.phone AND s.lifted_at IS NULL) IS NULL
             AND (SELECT q.user_id FROM silenced_users q WHERE q.user_id = i.user_id) IS NULL"#,
        users as &[&str],
        phones as &[&str],
    )
    .fetch_all(connection)
    .await
}

/// Makes the doors of a number wait until the transaction ends: a consent comes either before, or it finds the rows
/// of this transaction.
pub async fn hold_number(tx: &mut PgConnection, phone: &str) -> Result<(), sqlx::Error> {
    silence::hold(tx, phone).await
}

/// A consent to the welcome has come: those who wait for it are enqueued.
pub(super) async fn resume(tx: &mut PgConnection, found: &Found) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE users SET next_attempt_at = now(), updated_at = now()
         WHERE (user_id = $1 OR phone_e164 = $2) AND state = 'received' AND reason = 'no_consent'",
        found.user_id,
        found.phone_e164,
    )
    .execute(tx)
    .await
    .map(drop)
}

/// The number is the right one after all: users whose welcome was rejected for it are enqueued again.
pub(super) async fn resume_rejected(tx: &mut PgConnection, phone: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        // Each arm has an index.
        "UPDATE users SET state = 'received', reason = NULL, next_attempt_at = now(), updated_at = now()
         WHERE user_id IN (SELECT user_id FROM users WHERE phone_e164 = $1 AND attempt_id IS NULL
                           UNION SELECT user_id FROM attempts WHERE phone_e164 = $1 AND blocks
                           UNION SELECT user_id FROM attempts WHERE phone_e164 = $1 AND NOT blocks)
           AND phone_e164 = $1 AND state = 'rejected' AND reason = 'wrong_number'
           AND NOT EXISTS (SELECT FROM silenced_users s WHERE s.user_id = users.user_id)",
        phone,
    )
    .execute(tx)
    .await
    .map(drop)
}
