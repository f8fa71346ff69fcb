//! Whether we may write, tried and taken back.

use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

/// Inserts and updates a user and an attempt, and rolls back, so no other transaction sees them. The row that all
/// workers lease the rate from is not locked, only the permission is checked, so no worker waits for this.
pub(crate) async fn try_writing(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let mut tx = connection.begin().await?;
    let id = Uuid::now_v7();
    let user = format!("doctor-{id}");
    sqlx::query!(
        "INSERT INTO users (user_id, phone_raw, source, changed_at) VALUES ($1, '', 'doctor', now())",
        user
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!("UPDATE users SET updated_at = now() WHERE user_id = $1", user).execute(&mut *tx).await?;
    // The id replaces the number, so that no claim of a real number ever waits for this row.
    sqlx::query!(
        "INSERT INTO attempts (message_id, user_id, phone_e164, lane, worker_id, language, body_sha256, segments,
                               lease_until)
         VALUES ($1, $2, $2, 'live', 'doctor', '', '', 0, now())",
        id,
        user
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!("UPDATE attempts SET updated_at = now() WHERE message_id = $1", id)
        .execute(&mut *tx)
        .await?;
    sqlx::query!(
        "INSERT INTO send_rate AS line (leased_until) SELECT now() WHERE false
         ON CONFLICT (singleton) DO UPDATE SET leased_until = line.leased_until"
    )
    .execute(&mut *tx)
    .await?;
    tx.rollback().await
}
