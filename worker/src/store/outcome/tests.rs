//! In which order the rows of a batch are locked.

use std::time::Duration;

use sqlx::Executor;

use crate::store::batch::Statement;
use crate::store::{
    fixtures::ended,
    world::{World, now},
};

#[tokio::test]
async fn a_batch_of_outcomes_locks_attempts_in_the_order_of_their_ids() {
    let world = World::create().await;
    // The first user in order has the later id.
    let (early, _) = world.claim(&now("two", 2)).await;
    let (late, _) = world.claim(&now("one", 1)).await;
    assert!(early.message_id.uuid() < late.message_id.uuid());
    let others = world.database.pool().await;
    let mut tx = others.begin().await.unwrap();
    let lock = "SELECT FROM attempts WHERE message_id = $1 FOR SHARE NOWAIT";
    sqlx::query(lock).bind(early.message_id.uuid()).execute(&mut *tx).await.unwrap();
    let outcome = world.outcome(0);
    let rows = [ended(&late, true), ended(&early, true)];
    let batch = tokio::spawn(async move { outcome.run(&rows).await.map(|_| ()) });
    let waits = "SELECT count(*) FROM pg_stat_activity
                 WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while sqlx::query_scalar::<_, i64>(waits).fetch_one(&mut *tx).await.unwrap() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        tx.execute("SELECT pg_stat_clear_snapshot()").await.unwrap();
    }
    // It waits for the first id, and holds on to no other.
    sqlx::query(lock).bind(late.message_id.uuid()).execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    batch.await.unwrap().unwrap();
    assert!(world.blocks(&early).await);
    others.close().await;
    world.end().await;
}
