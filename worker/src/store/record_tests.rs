//! Nothing written is said, and times are compared as they came.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use shared::{reason::Reason, state::UserState};
use sqlx::PgPool;

use super::{
    details,
    fixtures::{Database, facts_at, stored_facts},
    record::{NewState, Record, Written},
};
use crate::{batch::Statement, pipeline::facts::Facts};

async fn hold(pool: &PgPool, facts: Arc<Facts>) -> Written {
    let state = NewState::plain(facts, UserState::Received, Some(Reason::Paused));
    Record(pool.clone()).run(&[state]).await.unwrap()[0]
}

/// Stores a user as an import does.
async fn import(pool: &PgPool, changed_at: DateTime<Utc>) {
    let sql = "INSERT INTO users (user_id, phone_raw, source, changed_at) VALUES ('one', '9840000001', 'import', $1)";
    sqlx::query(sql).bind(changed_at).execute(pool).await.unwrap();
}

async fn state(pool: &PgPool) -> (String, bool) {
    let sql = "SELECT state::text, changed_at <= now() FROM users WHERE user_id = 'one'";
    sqlx::query_as(sql).fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn an_event_that_is_older_than_stored_data_writes_nothing_and_says_so() {
    let database = Database::create().await;
    database.migrate().await;
    let pool = database.pool().await;
    let now = Utc::now();
    import(&pool, now).await;
    let event = facts_at("one", 1, now - TimeDelta::seconds(2));
    assert_eq!(hold(&pool, event.clone()).await, Written::Superseded);
    assert_eq!(state(&pool).await.0, "stored");
    // The next look takes the facts from the stored row.
    assert_eq!(hold(&pool, stored_facts(&event)).await, Written::Yes);
    assert_eq!(state(&pool).await.0, "received");
    pool.close().await;
    database.drop().await;
}

#[tokio::test]
async fn an_event_of_a_portal_whose_clock_is_ahead_is_newer_than_its_import() {
    let database = Database::create().await;
    database.migrate().await;
    let pool = database.pool().await;
    let imported = Utc::now() + TimeDelta::seconds(120);
    import(&pool, imported).await;
    let event = facts_at("one", 1, imported + TimeDelta::seconds(1));
    assert_eq!(hold(&pool, event).await, Written::Yes);
    assert_eq!(state(&pool).await, ("received".to_owned(), true), "stored no later than the database's now");
    let later = facts_at("one", 1, imported + TimeDelta::seconds(2));
    assert_eq!(details::keep(&pool, &later).await.unwrap(), Written::Yes);
    pool.close().await;
    database.drop().await;
}

#[tokio::test]
async fn the_same_event_again_is_not_newer_than_itself() {
    let database = Database::create().await;
    database.migrate().await;
    let pool = database.pool().await;
    let event = facts_at("one", 1, Utc::now().trunc_subsecs(6) - TimeDelta::nanoseconds(300));
    assert_eq!(hold(&pool, event.clone()).await, Written::Yes);
    let stored: DateTime<Utc> =
        sqlx::query_scalar("SELECT changed_at FROM users").fetch_one(&pool).await.unwrap();
    assert!(!event.is_newer_than(Some(stored)));
    assert_eq!(details::keep(&pool, &event).await.unwrap(), Written::Superseded);
    pool.close().await;
    database.drop().await;
}
