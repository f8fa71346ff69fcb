//! Random keys, under which the ledger and the audit log keep people. The row is the only link to the person, and erasure
//! deletes it.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::phone::E164;

/// The key of a user, of a number in E.164, or of a user at a number. The same pair always has the same key.
pub(super) async fn key_of(
    tx: &mut PgConnection,
    user: Option<&str>,
    phone: Option<&str>,
) -> Result<Uuid, sqlx::Error> {
    loop {
        let known = sqlx::query_scalar!(
            "SELECT person_key FROM person_keys
             WHERE coalesce(user_id, '') = coalesce($1, '') AND coalesce(phone_e164, '') = coalesce($2, '')",
            user,
            phone,
        );
        if let Some(key) = known.fetch_optional(&mut *tx).await? {
            return Ok(key);
        }
        // No row: another transaction added it meanwhile, and it is found now.
        let added = sqlx::query_scalar!(
            "INSERT INTO person_keys (user_id, phone_e164) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING person_key",
            user,
            phone,
        );
        if let Some(key) = added.fetch_optional(&mut *tx).await? {
            return Ok(key);
        }
    }
}

/// How the audit log names the person of a number in E.164.
pub async fn subject_of_number(tx: &mut PgConnection, phone: &E164) -> Result<String, sqlx::Error> {
    Ok(format!("person {}", key_of(tx, None, Some(phone.as_str())).await?))
}
