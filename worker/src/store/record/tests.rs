//! Nothing written is said, and times are compared as they came.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use shared::domain::{Reason, UserState};
use sqlx::PgPool;

use crate::store::{
    fixtures::{Database, facts_at, stored_facts},
    record::{self, NewState, Record, Written},
};
use crate::{facts::Facts, store::batch::Statement};

async fn hold(pool: &PgPool, facts: Arc<Facts>) -> Written {
    let state = NewState::plain(facts, UserState::Received, Some(Reason::Paused));
    Record { pool: pool.clone(), erasure: None }.run(&[state]).await.unwrap()[0]
}

/// Stores a user as an import does.
async fn import(pool: &PgPool, changed_at: DateTime<Utc>) {
    let sql = "INSERT INTO users (user_id, phone_raw, source, changed_at) VALUES ('one', '9840000001', 'import', $1)";
    sqlx::query(sql).bind(changed_at).execute(pool).await.unwrap();
}

async fn state(pool: &PgPool) -> String {
    sqlx::query_scalar("SELECT state::text FROM users WHERE user_id = 'one'").fetch_one(pool).await.unwrap()
}

async fn changed_at(pool: &PgPool) -> DateTime<Utc> {
    sqlx::query_scalar("SELECT changed_at FROM users WHERE user_id = 'one'").fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn an_event_that_is_older_than_stored_data_writes_nothing_and_says_so() {
    let database = Database::migrated().await;
    let pool = database.pool().await;
    let now = Utc::now();
    import(&pool, now).await;
    let event = facts_at("one", 1, now - TimeDelta::seconds(2));
    assert_eq!(hold(&pool, event.clone()).await, Written::Superseded);
    assert_eq!(state(&pool).await, "stored");
    // The next look takes the facts from the stored row.
    assert_eq!(hold(&pool, stored_facts(&event)).await, Written::Yes);
    assert_eq!(state(&pool).await, "received");
    pool.close().await;
    database.drop().await;
}

#[tokio::test]
async fn an_event_of_a_portal_whose_clock_is_ahead_is_newer_than_its_import() {
    let database = Database::migrated().await;
    let pool = database.pool().await;
    let imported = Utc::now() + TimeDelta::seconds(120);
    import(&pool, imported).await;
    let event = facts_at("one", 1, imported + TimeDelta::seconds(1));
    assert_eq!(hold(&pool, event).await, Written::Yes);
    assert_eq!(state(&pool).await, "received");
    let later = facts_at("one", 1, imported + TimeDelta::seconds(2));
    assert_eq!(record::keep_details(&pool, &later).await.unwrap(), Written::Yes);
    pool.close().await;
    database.drop().await;
}

#[tokio::test]
async fn of_a_portal_whose_clock_is_ahead_an_older_event_that_comes_again_changes_nothing() {
    let database = Database::migrated().await;
    let pool = database.pool().await;
    let ahead = (Utc::now() + TimeDelta::seconds(120)).trunc_subsecs(6);
    let older = facts_at("one", 1, ahead - TimeDelta::seconds(10));
    let newer = facts_at("one", 2, ahead);
    assert_eq!(hold(&pool, older.clone()).await, Written::Yes);
    assert_eq!(hold(&pool, newer).await, Written::Yes);
    assert_eq!(hold(&pool, older.clone()).await, Written::Superseded);
    assert_eq!(record::keep_details(&pool, &older).await.unwrap(), Written::Superseded);
    assert_eq!(changed_at(&pool).await, ahead);
    let details = facts_at("one", 2, ahead + TimeDelta::seconds(1));
    assert_eq!(record::keep_details(&pool, &details).await.unwrap(), Written::Yes);
    assert_eq!(changed_at(&pool).await, ahead + TimeDelta::seconds(1));
    let number: String = sqlx::query_scalar("SELECT phone_raw FROM users").fetch_one(&pool).await.unwrap();
    assert_eq!(number, "9840000002");
    pool.close().await;
    database.drop().await;
}

#[tokio::test]
async fn a_clock_that_is_far_ahead_outdoes_later_data_for_minutes_only() {
    let database = Database::migrated().await;
    let pool = database.pool().await;
    let event = facts_at("one", 1, Utc::now() + TimeDelta::days(365));
    let bound = || Utc::now() + TimeDelta::minutes(11);
    assert_eq!(hold(&pool, event.clone()).await, Written::Yes);
    assert!(changed_at(&pool).await < bound());
    assert_eq!(record::keep_details(&pool, &event).await.unwrap(), Written::Yes);
    assert!(changed_at(&pool).await < bound());
    pool.close().await;
    database.drop().await;
}

#[tokio::test]
async fn the_same_event_again_is_not_newer_than_itself() {
    let database = Database::migrated().await;
    let pool = database.pool().await;
    let event = facts_at("one", 1, Utc::now().trunc_subsecs(6) - TimeDelta::nanoseconds(300));
    assert_eq!(hold(&pool, event.clone()).await, Written::Yes);
    assert!(!event.is_newer_than(Some(changed_at(&pool).await)));
    assert_eq!(record::keep_details(&pool, &event).await.unwrap(), Written::Superseded);
    pool.close().await;
    database.drop().await;
}
