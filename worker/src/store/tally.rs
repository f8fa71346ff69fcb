//! Counts for those who watch.

use sqlx::PgPool;
use uuid::Uuid;

/// Users who share state, welcome and reason.
pub(crate) struct Group {
    pub(crate) state: String,
    pub(crate) welcome: String,
    pub(crate) reason: Option<String>,
    pub(crate) users: i64,
}

/// What happened lately.
pub(crate) struct Pace {
    /// Messages that Twilio accepted.
    pub(crate) accepted_last_minute: i64,
    pub(crate) accepted_last_hour: i64,
    pub(crate) refused_last_hour: i64,
    pub(crate) delivered_last_hour: i64,
    pub(crate) not_delivered_last_hour: i64,
}

/// Backfills whose id begins with `prefix`, at most two, the latest first.
pub(crate) async fn runs(pool: &PgPool, prefix: &str) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT id FROM backfill_runs WHERE starts_with(id::text, $1) ORDER BY started_at DESC LIMIT 2",
        prefix,
    )
    .fetch_all(pool)
    .await
}

/// Users by state, welcome and reason, the most first; those of one backfill, or all.
pub(crate) async fn groups(pool: &PgPool, run: Option<Uuid>) -> Result<Vec<Group>, sqlx::Error> {
    sqlx::query_as!(
        Group,
        r#"SELECT state AS "state!", welcome_status AS "welcome!", reason, count(*) AS "users!"
           FROM onboarding_status WHERE $1::uuid IS NULL OR run_id = $1
           GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3"#,
        run,
    )
    .fetch_all(pool)
    .await
}

/// What happened in the last hour.
pub(crate) async fn pace(pool: &PgPool) -> Result<Pace, sqlx::Error> {
    sqlx::query_as!(
        Pace,
        r#"SELECT a.minute AS "accepted_last_minute!", a.hour AS "accepted_last_hour!",
                  a.refused AS "refused_last_hour!", c.delivered AS "delivered_last_hour!",
                  c.failed AS "not_delivered_last_hour!"
           FROM (SELECT count(*) FILTER (WHERE outcome = 'accepted' AND claimed_at > now() - interval '1 minute')
                            AS minute,
                        count(*) FILTER (WHERE outcome = 'accepted') AS hour,
                        count(*) FILTER (WHERE outcome = 'refused') AS refused
                 FROM attempts WHERE claimed_at > now() - interval '1 hour') a,
                (SELECT count(*) FILTER (WHERE status = 'delivered') AS delivered,
                        count(*) FILTER (WHERE status IN ('failed', 'undelivered')) AS failed
                 FROM status_callbacks WHERE received_at > now() - interval '1 hour') c"#,
    )
    .fetch_one(pool)
    .await
}
