//! Everything that is stored of one user's way.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use tokio::sync::Mutex;
use uuid::Uuid;

/// A user's current state.
pub(crate) struct Person {
    pub(crate) user_id: String,
    pub(crate) phone_e164: Option<String>,
    pub(crate) state: String,
    pub(crate) welcome: String,
    pub(crate) reason: Option<String>,
    pub(crate) source: String,
    pub(crate) lane: String,
    pub(crate) signed_up_at: Option<DateTime<Utc>>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) enqueued_at: Option<DateTime<Utc>>,
    pub(crate) registered_at: Option<DateTime<Utc>>,
    pub(crate) registration_method: Option<String>,
    pub(crate) next_attempt_at: Option<DateTime<Utc>>,
    pub(crate) retries: i32,
    /// Since when the number is suppressed.
    pub(crate) suppressed_at: Option<DateTime<Utc>>,
}

/// One create call for the user.
pub(crate) struct Attempt {
    pub(crate) message_id: Uuid,
    pub(crate) channel: String,
    /// The attempt by another channel that this one is in place of.
    pub(crate) fallback_of: Option<Uuid>,
    pub(crate) outcome: String,
    pub(crate) language: String,
    pub(crate) claimed_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) sid: Option<String>,
    pub(crate) twilio_status: Option<String>,
    pub(crate) error_code: Option<i32>,
    pub(crate) checks: i16,
    pub(crate) next_check_at: Option<DateTime<Utc>>,
    pub(crate) parked_at: Option<DateTime<Utc>>,
    pub(crate) reopened_at: Option<DateTime<Utc>>,
}

/// A status callback about one of the user's messages.
pub(crate) struct Callback {
    pub(crate) status: String,
    pub(crate) error_code: Option<i32>,
    pub(crate) received_at: DateTime<Utc>,
}

/// The attempts are read as a whole for one question of this process at a time. One whose asker has left keeps its turn,
/// for Postgres goes on with it: reloading a slow page starts no second one.
static SCAN: Mutex<()> = Mutex::const_new(());

/// Whose attempt has this SID. One that no callback named is looked for among all attempts.
pub(crate) async fn user_of(pool: &PgPool, sid: &str) -> Result<Option<String>, sqlx::Error> {
    let named = sqlx::query_scalar!(
        "SELECT a.user_id FROM status_callbacks c JOIN attempts a USING (message_id)
         WHERE c.sid = $1 AND a.sid = $1 LIMIT 1",
        sid,
    );
    if let Some(user) = named.fetch_optional(pool).await? {
        return Ok(Some(user));
    }
    let turn = SCAN.lock().await;
    let (pool, sid) = (pool.clone(), sid.to_owned());
    let scan = tokio::spawn(async move {
        let _turn = turn;
        let welcome = sqlx::query_scalar!("SELECT user_id FROM attempts WHERE sid = $1 LIMIT 1", sid);
        if let Some(user) = welcome.fetch_optional(&pool).await? {
            return Ok(Some(user));
        }
        sqlx::query_scalar!("SELECT user_id FROM message_attempts WHERE message_sid = $1 LIMIT 1", sid)
            .fetch_optional(&pool)
            .await
    });
    scan.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
}

/// Whose attempt this is.
pub(crate) async fn user_of_attempt(pool: &PgPool, attempt: Uuid) -> Result<Option<String>, sqlx::Error> {
    let welcome = sqlx::query_scalar!("SELECT user_id FROM attempts WHERE message_id = $1", attempt);
    if let Some(user) = welcome.fetch_optional(pool).await? {
        return Ok(Some(user));
    }
    // The id begins with the time of its claim, and attempts have an index by that.
    let Some(made) = attempt.get_timestamp() else { return Ok(None) };
    let (seconds, _) = made.to_unix();
    let near = i64::try_from(seconds).ok().and_then(|seconds| DateTime::<Utc>::from_timestamp(seconds, 0));
    sqlx::query_scalar!(
        "SELECT user_id FROM message_attempts
         WHERE attempt_id = $1 AND claimed_at > $2::timestamptz - interval '1 day'
           AND claimed_at < $2::timestamptz + interval '1 day' LIMIT 1",
        attempt,
        near,
    )
    .fetch_optional(pool)
    .await
}

/// The user of this id.
pub(crate) async fn person(pool: &PgPool, user: &str) -> Result<Option<Person>, sqlx::Error> {
    sqlx::query_as!(
        Person,
        r#"SELECT u.user_id, u.phone_e164, o.state AS "state!", o.welcome_status AS "welcome!", o.reason, u.source,
                  u.lane::text AS "lane!", u.signed_up_at, u.created_at, u.enqueued_at, u.registered_at,
                  u.registration_method, u.next_attempt_at, u.retries, s.created_at AS "suppressed_at?"
           FROM users u
           JOIN onboarding_status o USING (user_id)
           LEFT JOIN suppressions s ON s.phone_e164 = u.phone_e164 AND s.lifted_at IS NULL
           WHERE u.user_id = $1"#,
        user,
    )
    .fetch_optional(pool)
    .await
}

/// Her attempts, oldest first.
pub(crate) async fn attempts(pool: &PgPool, user: &str) -> Result<Vec<Attempt>, sqlx::Error> {
    sqlx::query_as!(
        Attempt,
        r#"SELECT message_id, channel, fallback_of, outcome::text AS "outcome!", language, claimed_at, updated_at, sid, twilio_status,
                  error_code, checks, next_check_at, parked_at, reopened_at
           FROM attempts WHERE user_id = $1 ORDER BY claimed_at, message_id"#,
        user,
    )
    .fetch_all(pool)
    .await
}

/// Every callback about the user's messages.
pub(crate) async fn callbacks(pool: &PgPool, user: &str) -> Result<Vec<Callback>, sqlx::Error> {
    sqlx::query_as!(
        Callback,
        "SELECT c.status, c.error_code, c.received_at FROM status_callbacks c
         JOIN attempts a ON a.sid = c.sid WHERE a.user_id = $1 ORDER BY c.received_at, c.status",
        user,
    )
    .fetch_all(pool)
    .await
}
