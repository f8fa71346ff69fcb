//! The months of messages.

use sqlx::Executor;

use crate::store::world::World;

#[tokio::test]
async fn an_id_of_a_wrong_clock_moves_to_its_month_when_that_is_added() {
    let world = World::create().await;
    let ahead = "INSERT INTO messages (message_id, kind, channel, lane, user_id, phone_e164, slot, language, due_at, state)
                 SELECT id_from_time(now() + interval '5 months'), 'tip', 'sms', 'tips', 'u', '+1', 's', 'ne', now(), 'claimed'";
    world.pool.execute(ahead).await.unwrap();
    assert_eq!(world.count("SELECT count(*) FROM messages_other").await, 1);
    let add = "SELECT add_message_partitions((now() + make_interval(months => n))::date) FROM generate_series(3, 6) n";
    world.pool.execute(add).await.unwrap();
    assert_eq!(world.count("SELECT count(*) FROM messages_other").await, 0);
    assert_eq!(world.count("SELECT count(*) FROM messages").await, 1);
    let early = world.pool.execute("SELECT drop_message_partitions(current_date)").await;
    assert!(early.is_err(), "a month that is not over is not dropped");
    world.end().await;
}
