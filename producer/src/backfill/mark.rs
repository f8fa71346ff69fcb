//! Table `users`: evidence that an event is in a queue.

use producer::UserId;
use sqlx::PgPool;

/// Records that the events of `users` were confirmed. The worker may have been faster: only who is still
/// `stored` becomes `received`.
pub(crate) async fn enqueued(pool: &PgPool, users: &[UserId]) -> Result<(), sqlx::Error> {
    let ids: Vec<String> = users.iter().map(ToString::to_string).collect();
    sqlx::query!(
        "WITH waiting AS (
             SELECT user_id FROM users WHERE user_id = ANY ($1) AND state = 'stored' ORDER BY user_id FOR UPDATE
         )
         UPDATE users
         SET state = 'received', lane = 'backfill', enqueued_at = now(), updated_at = now()
         FROM waiting
         WHERE users.user_id = waiting.user_id",
        &ids,
    )
    .execute(pool)
    .await?;
    Ok(())
}
