//! Who did what by hand, and why. Append-only; written in the transaction of the deed.

use sqlx::PgConnection;

/// One deed.
pub(crate) struct Deed<'a> {
    pub(crate) actor: &'a str,
    pub(crate) action: &'a str,
    /// Ids and masked numbers only.
    pub(crate) subject: &'a str,
    pub(crate) reason: &'a str,
}

/// Writes it down.
pub(crate) async fn note(tx: &mut PgConnection, deed: &Deed<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO audit_log (actor, action, subject, reason) VALUES ($1, $2, $3, $4)",
        deed.actor,
        deed.action,
        deed.subject,
        deed.reason,
    )
    .execute(tx)
    .await?;
    Ok(())
}
