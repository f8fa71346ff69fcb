//! The database of a search: emptied between sequences, moved in time, read as a whole after each step.

use chrono::{DateTime, NaiveDate, Utc};
use shared::domain::{AttemptOutcome, UserState};
use sqlx::{Executor, FromRow, PgPool, postgres::PgPoolOptions};
use uuid::Uuid;

use crate::store::fixtures;

const CONNECTIONS: u32 = 4;
/// For a few rows quicker than TRUNCATE.
const EMPTY: &str = "
    DELETE FROM users; DELETE FROM attempts; DELETE FROM leases; DELETE FROM suppressions; DELETE FROM tip_suppressions; DELETE FROM silenced_users; DELETE FROM loss_marks; DELETE FROM person_keys; DELETE FROM dead_letters;
    DELETE FROM status_callbacks; DELETE FROM delivery_tries; DELETE FROM pauses; DELETE FROM breaker";
/// Everything that the clock decides. Times of data stay: they are compared with each other alone.
const PASS: &str = "
    UPDATE users SET next_attempt_at = next_attempt_at - $1, enqueued_at = enqueued_at - $1,
                     retry_since = retry_since - $1, updated_at = updated_at - $1;
    UPDATE attempts SET claimed_at = claimed_at - $1, lease_until = lease_until - $1,
                        next_check_at = next_check_at - $1, parked_at = parked_at - $1, polled_at = polled_at - $1;
    UPDATE leases SET lease_until = lease_until - $1;
    UPDATE pauses SET ends_at = ends_at - $1;
    UPDATE breaker SET next_probe_at = next_probe_at - $1, passed_at = passed_at - $1, closed_at = closed_at - $1;
    UPDATE delivery_tries SET last_at = last_at - $1;
    UPDATE status_callbacks SET received_at = received_at - $1;
    UPDATE dead_letters SET replayed_at = replayed_at - $1";

/// A user's row, and what the view says of it.
#[derive(Clone, PartialEq, FromRow)]
pub(super) struct User {
    pub(super) id: String,
    pub(super) state: UserState,
    pub(super) reason: Option<String>,
    pub(super) phone_raw: String,
    pub(super) phone_e164: Option<String>,
    pub(super) changed_at: DateTime<Utc>,
    pub(super) attempt_id: Option<Uuid>,
    pub(super) scheduled: bool,
    pub(super) shown_state: String,
    pub(super) shown_reason: Option<String>,
    pub(super) shown_phone: Option<String>,
    pub(super) welcome_status: Option<String>,
    pub(super) welcome_sid: Option<String>,
}

/// A row of `attempts`.
#[expect(clippy::struct_excessive_bools, reason = "so are the columns")]
#[derive(Clone, PartialEq, FromRow)]
pub(super) struct Attempt {
    pub(super) message_id: Uuid,
    pub(super) user_id: String,
    pub(super) phone_e164: String,
    pub(super) outcome: AttemptOutcome,
    pub(super) blocks: bool,
    pub(super) sid: Option<String>,
    pub(super) twilio_status: Option<String>,
    pub(super) status_rank: i16,
    pub(super) error_code: Option<i32>,
    pub(super) to_check: bool,
    pub(super) parked: bool,
    pub(super) reopened: bool,
    pub(super) leased: bool,
}

/// All of it at one moment. Users by id, attempts from the oldest on.
#[derive(Clone, PartialEq)]
pub(super) struct Tables {
    pub(super) users: Vec<User>,
    pub(super) attempts: Vec<Attempt>,
    pub(super) suppressed: Vec<String>,
    pub(super) letters: i64,
    pub(super) audits: i64,
}

impl Tables {
    pub(super) fn user(&self, id: &str) -> Option<&User> {
        self.users.iter().find(|u| u.id == id)
    }

    /// Whether they differ in anything but the audit log.
    pub(super) fn differ(&self, other: &Self) -> bool {
        *self != Self { audits: self.audits, ..other.clone() }
    }

    pub(super) fn attempt(&self, id: Uuid) -> Option<&Attempt> {
        self.attempts.iter().find(|a| a.message_id == id)
    }

    /// The attempt that blocks a number.
    pub(super) fn holder(&self, phone: &str) -> Option<&Attempt> {
        self.attempts.iter().find(|a| a.blocks && a.phone_e164 == phone)
    }
}

/// A database of one search.
pub(super) struct Database {
    database: fixtures::Database,
    pub(super) pool: PgPool,
}

impl Database {
    pub(super) async fn create() -> Self {
        let database = fixtures::Database::migrated().await;
        // Few connections, made once: other tests need some as well. Nothing has to survive the server.
        let options = PgPoolOptions::new().min_connections(CONNECTIONS).max_connections(CONNECTIONS);
        let options = options.idle_timeout(None).test_before_acquire(false).after_connect(|connection, _| {
            Box::pin(async move { connection.execute("SET synchronous_commit = off").await.map(|_| ()) })
        });
        let pool = options.connect(&database.url).await.unwrap();
        Self { database, pool }
    }

    pub(super) fn url(&self) -> &str {
        &self.database.url
    }

    pub(super) async fn empty(&self) {
        self.pool.execute(EMPTY).await.unwrap();
    }

    pub(super) async fn drop(self) {
        self.pool.close().await;
        self.database.drop().await;
    }
}

/// Time passes.
pub(super) async fn pass(pool: &PgPool, minutes: u32) {
    let sql = PASS.replace("$1", &format!("interval '{minutes} minutes'"));
    pool.execute(sql.as_str()).await.unwrap();
}

/// All that the invariants speak of.
pub(super) async fn read(pool: &PgPool) -> Tables {
    let users = sqlx::query_as(
        "SELECT u.user_id AS id, u.state, u.reason, u.phone_raw, u.phone_e164, u.changed_at, u.attempt_id,
                u.next_attempt_at IS NOT NULL AS scheduled, v.state AS shown_state, v.reason AS shown_reason,
                v.phone_e164 AS shown_phone, v.welcome_status, v.welcome_sid
         FROM users u JOIN onboarding_status v USING (user_id) ORDER BY u.user_id",
    );
    let attempts = sqlx::query_as(
        "SELECT message_id, user_id, phone_e164, outcome, blocks, sid, twilio_status, status_rank, error_code,
                next_check_at IS NOT NULL AS to_check, parked_at IS NOT NULL AS parked,
                reopened_at IS NOT NULL AS reopened,
                EXISTS (SELECT FROM leases l WHERE a.message_id = ANY (l.message_ids)) AS leased
         FROM attempts a ORDER BY claimed_at, message_id",
    );
    let suppressed =
        sqlx::query_scalar("SELECT phone_e164 FROM suppressions WHERE lifted_at IS NULL ORDER BY 1");
    let (letters, audits) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM dead_letters WHERE replayed_at IS NULL), (SELECT count(*) FROM audit_log)",
    )
    .fetch_one(pool)
    .await
    .unwrap();
    Tables {
        users: users.fetch_all(pool).await.unwrap(),
        attempts: attempts.fetch_all(pool).await.unwrap(),
        suppressed: suppressed.fetch_all(pool).await.unwrap(),
        letters,
        audits,
    }
}

/// A statement of the producer itself, cut out of its source.
fn cut(source: &'static str, before: &str, after: &str) -> &'static str {
    let (_, rest) = source.split_once(before).expect("the source has a statement");
    rest.split_once(after).expect("the statement ends").0
}

/// Imports one user as of `at`.
pub(super) async fn import(pool: &PgPool, user: &str, (raw, e164): (&str, Option<&str>), at: DateTime<Utc>) {
    let statement = cut(include_str!("../../../producer/src/bin/import/tables.rs"), "r#\"", "\"#,");
    let none: [Option<&str>; 1] = [None];
    let query = sqlx::query(statement).bind([user]).bind(none).bind([raw]).bind([e164]).bind(none).bind(none);
    let query = query.bind([None::<NaiveDate>]).bind([None::<NaiveDate>]).bind([None::<DateTime<Utc>>]);
    let query = query.bind(at).bind(true).bind([e164]).bind(true);
    let query = query.bind([None::<Vec<u8>>]).bind([None::<Vec<u8>>]);
    let query = query.bind(none).bind(none).bind(none).bind(none).bind(none).bind(none);
    query.execute(pool).await.unwrap();
}

/// When the row of a user was written that a backfill would enqueue. None: the backfill skips the user.
pub(super) async fn candidate(pool: &PgPool, user: &str) -> Option<DateTime<Utc>> {
    sqlx::query_scalar(
        "SELECT updated_at FROM users u
         WHERE user_id = $1 AND (state = 'stored' OR state = 'rejected' AND phone_e164 IS NOT NULL
             OR state = 'registered'
                AND NOT EXISTS (SELECT FROM attempts a WHERE a.phone_e164 = u.phone_e164 AND a.blocks)
             OR state = 'suppressed' AND NOT EXISTS (
                SELECT FROM suppressions s WHERE s.phone_e164 = u.phone_e164 AND s.lifted_at IS NULL))",
    )
    .bind(user)
    .fetch_optional(pool)
    .await
    .unwrap()
}

/// A backfill marks a user whose row was written at `read` when their event was published.
pub(super) async fn mark(pool: &PgPool, user: &str, read: DateTime<Utc>) {
    let source = include_str!("../../../producer/src/bin/backfill/page.rs");
    let query = sqlx::query(cut(source, "query!(\n        \"", "\","));
    query.bind([user]).bind(Uuid::now_v7()).bind([read]).execute(pool).await.unwrap();
}
