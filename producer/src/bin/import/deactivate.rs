//! Table `users`: accounts that the portal has closed since they were stored.

use producer::UserId;
use sqlx::PgPool;

use crate::upsert::Terms;

/// Marks those of `users` that are stored as inactive, so that no backfill enqueues them; gives their
/// count. Without `write` the same statement only counts.
pub(crate) async fn deactivate(pool: &PgPool, users: &[UserId], terms: Terms) -> Result<u64, sqlx::Error> {
    let ids: Vec<String> = users.iter().map(ToString::to_string).collect();
    let count = sqlx::query_scalar!(
        r#"
        WITH closed AS (
            SELECT user_id FROM users WHERE user_id = ANY ($1) AND active AND changed_at <= $2
        ), written AS (
            UPDATE users SET active = false, source = 'import', changed_at = $2, updated_at = now()
            FROM closed
            WHERE users.user_id = closed.user_id AND $3
        )
        SELECT count(*) AS "count!" FROM closed
        "#,
        &ids,
        terms.taken_at,
        terms.write,
    )
    .fetch_one(pool)
    .await?;
    Ok(u64::try_from(count).unwrap_or(0))
}
