//! Connections that outlast a change of the server.

use std::time::Duration;

use shared::config::{DatabaseUrl, Env, Insecure, settings};
use sqlx::Executor as _;

use crate::store::world::World;

#[tokio::test]
async fn a_connection_from_a_time_without_writes_is_not_used_again() {
    let world = World::create().await;
    let mut env = Env::of([("DATABASE_URL", world.database.url.as_str())]);
    let url = DatabaseUrl::read(&mut env, &settings::DATABASE_URL, &Insecure::Everywhere);
    let pool = shared::db::pool(&url, "sessions", 1).unwrap();
    pool.execute("SET default_transaction_read_only = on").await.unwrap();
    // Younger ones are taken unseen.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    pool.execute("CREATE TABLE written ()").await.unwrap();
    pool.close().await;
    world.end().await;
}
