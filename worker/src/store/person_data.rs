//! Everything that is stored about one person: shown whole, counted, erased.
//!
//! A test compares these modules with the tables of the database, so that a new table with a user id or a number is not forgotten.

mod audit_rows;
mod erase;
mod export;
mod letters;
#[cfg(test)]
mod tests;

pub(crate) use erase::{Erased, erase};
pub(crate) use export::{Part, export};

use shared::{consent::forget, domain::UserId};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// Calls that are being made, or whose outcome is being found out: an erasure waits for them.
pub(crate) async fn in_flight(pool: &PgPool, user_id: &str) -> Result<i64, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    erase::in_flight(&mut connection, user_id).await
}

/// The key under which the audit log keeps a user. An erasure at the same time waits for `tx`, and then deletes the key.
pub(crate) async fn key_of(tx: &mut PgConnection, user: &UserId) -> Result<Uuid, sqlx::Error> {
    let stored =
        sqlx::query_scalar!("SELECT user_id FROM users WHERE user_id = $1 FOR KEY SHARE", user.as_str());
    match stored.fetch_optional(&mut *tx).await? {
        Some(_) => forget::key_of_user(tx, user.as_str()).await,
        None => forget::last_key_of_user(tx, user.as_str()).await,
    }
}
