//! The list of users in pages, the most recently enqueued first.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

/// A user in the list.
pub(crate) struct ListedUser {
    pub(crate) user_id: String,
    pub(crate) phone_e164: Option<String>,
    pub(crate) lane: String,
    pub(crate) state: String,
    pub(crate) welcome: String,
    pub(crate) reason: Option<String>,
    pub(crate) attempts: i32,
    pub(crate) enqueued_at: DateTime<Utc>,
}

/// After which user a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) at: DateTime<Utc>,
    pub(crate) user_id: String,
}

/// At most `limit` users, the most recently enqueued first.
pub(crate) async fn page(
    pool: &PgPool,
    after: Option<&Cursor>,
    limit: i64,
) -> Result<Vec<ListedUser>, sqlx::Error> {
    sqlx::query_as!(
        ListedUser,
        r#"SELECT p.user_id, o.phone_e164, p.lane::text AS "lane!", o.state AS "state!",
                  o.welcome_status AS "welcome!", o.reason, o.attempts AS "attempts!", p.enqueued_at AS "enqueued_at!"
           FROM (SELECT user_id, lane, enqueued_at FROM users
                 WHERE enqueued_at IS NOT NULL
                   AND ($1::timestamptz IS NULL OR (enqueued_at, user_id) < ($1, $2::text))
                 ORDER BY enqueued_at DESC, user_id DESC LIMIT $3) p
           JOIN onboarding_status o USING (user_id)
           ORDER BY p.enqueued_at DESC, p.user_id DESC"#,
        after.map(|c| c.at),
        after.map(|c| c.user_id.as_str()),
        limit,
    )
    .fetch_all(pool)
    .await
}
