//! Table `users`: pages of candidates, in the order of their ids.

use producer::UserId;
use shared::{ids::BadUserId, state::UserState};
use sqlx::PgPool;

/// Users held in memory, published and marked together.
pub(crate) const PAGE: i64 = 1000;

/// A stored user, as far as the plan looks at her. `Debug` shows neither number nor name.
#[derive(Clone)]
pub(crate) struct Candidate {
    pub(crate) user_id: UserId,
    pub(crate) phone_raw: String,
    pub(crate) country_hint: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) active: bool,
    pub(crate) state: UserState,
    pub(crate) reason: Option<String>,
    /// The sweeper enqueues her at a time of its own.
    pub(crate) scheduled: bool,
    /// E.164 of the number that her last attempt went to.
    pub(crate) attempted: Option<String>,
}

impl std::fmt::Debug for Candidate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Candidate").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

/// How many users are stored.
pub(crate) async fn count(pool: &PgPool) -> Result<u64, sqlx::Error> {
    let count = sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM users"#).fetch_one(pool).await?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// The users after `cursor`, by the primary key and never by an offset.
pub(crate) async fn page(pool: &PgPool, cursor: &str) -> Result<Vec<Candidate>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT u.user_id, u.phone_raw, u.country_hint, u.language, u.active, u.state AS "state: UserState",
                  u.reason, u.next_attempt_at IS NOT NULL AS "scheduled!", a.phone_e164 AS "attempted?"
           FROM users u
           LEFT JOIN attempts a ON a.message_id = u.attempt_id
           WHERE u.user_id > $1
           ORDER BY u.user_id
           LIMIT $2"#,
        cursor,
        PAGE,
    )
    .fetch_all(pool)
    .await?;
    let read = rows.into_iter().map(|row| {
        Ok(Candidate {
            user_id: UserId::parse(&row.user_id)?,
            phone_raw: row.phone_raw,
            country_hint: row.country_hint,
            language: row.language,
            active: row.active,
            state: row.state,
            reason: row.reason,
            scheduled: row.scheduled,
            attempted: row.attempted,
        })
    });
    read.collect::<Result<_, BadUserId>>().map_err(|error| sqlx::Error::Decode(error.into()))
}
