//! The users behind a number that wrote to us.

use sqlx::PgConnection;

/// The user whose welcome the number had.
pub(crate) struct WriterRow {
    pub(crate) user_id: String,
    pub(crate) language: Option<String>,
}

/// The user of a number, if the user still has it.
pub(crate) async fn of_number(tx: &mut PgConnection, phone: &str) -> Result<Option<WriterRow>, sqlx::Error> {
    sqlx::query_as!(
        WriterRow,
        "SELECT u.user_id, u.language FROM attempts a JOIN users u ON u.user_id = a.user_id AND u.phone_e164 = a.phone_e164
         WHERE a.phone_e164 = $1 AND a.blocks",
        phone,
    )
    .fetch_optional(tx)
    .await
}

/// The number of a user. None: there is no such user.
pub(crate) async fn number_of(
    tx: &mut PgConnection,
    user_id: &str,
) -> Result<Option<Option<String>>, sqlx::Error> {
    sqlx::query_scalar!("SELECT phone_e164 FROM users WHERE user_id = $1", user_id).fetch_optional(tx).await
}

/// The user wants one tip a week.
pub(crate) async fn weekly(tx: &mut PgConnection, user_id: &str) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE users SET cadence = 'weekly', updated_at = now() WHERE user_id = $1", user_id)
        .execute(tx)
        .await
        .map(drop)
}
