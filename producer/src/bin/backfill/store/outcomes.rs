//! View `onboarding_status`: what became of the users of a run.

use serde::Serialize;
use sqlx::PgPool;
use uuid::Uuid;

/// Users who share state, welcome and reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Outcome {
    pub(crate) state: String,
    pub(crate) welcome: String,
    pub(crate) reason: Option<String>,
    pub(crate) users: u64,
}

/// How `run` stands, the most first. Users after `cursor` are none of it.
pub(crate) async fn of_run(pool: &PgPool, run: Uuid, cursor: &str) -> Result<Vec<Outcome>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT state AS "state!", coalesce(welcome_status, 'accepted') AS "welcome!", reason, count(*) AS "users!"
           FROM onboarding_status WHERE run_id = $1 AND user_id <= $2
           GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3"#,
        run,
        cursor,
    )
    .fetch_all(pool)
    .await?;
    let outcome = rows.into_iter().map(|row| Outcome {
        state: row.state,
        welcome: row.welcome,
        reason: row.reason,
        users: u64::try_from(row.users).unwrap_or(0),
    });
    Ok(outcome.collect())
}
