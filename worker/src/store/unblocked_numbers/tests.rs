//! Numbers as workers of the release before leave them.

use sqlx::{Executor, PgPool};

use crate::store::{
    claim::ClaimResult,
    fixtures::ended,
    record::Written,
    unblocked_numbers,
    world::{World, now},
};

/// Fixes all numbers of a whole walk and returns them.
async fn walk(pool: &PgPool) -> Vec<String> {
    let mut numbers = Vec::new();
    for walk in [true, false] {
        let mut after = String::new();
        loop {
            let found = if walk {
                unblocked_numbers::freed(pool, &after, 1).await
            } else {
                unblocked_numbers::linked(pool, &after, 1).await
            };
            let page = found.unwrap();
            for number in page.numbers {
                assert!(unblocked_numbers::fix(pool, &number).await.unwrap());
                numbers.push(number);
            }
            let Some(last) = page.last else { break };
            after = last;
        }
    }
    numbers
}

const NUMBER: &str = "+9779840000001";

#[tokio::test]
async fn users_linked_to_a_number_that_nothing_blocks_go_on() {
    let world = World::create().await;
    let (left, _) = world.claim(&now("one", 1)).await;
    let (kept, _) = world.claim(&now("four", 2)).await;
    for (user, holder, number) in [("two", &left, 1), ("three", &left, 1), ("five", &kept, 2)] {
        assert_eq!(world.link(&now(user, number), holder).await, Written::Yes);
    }
    world.let_go_silently(&left).await;
    assert_eq!(walk(&world.pool).await, [NUMBER]);
    assert_eq!(world.user("two").await, "received - due -");
    assert_eq!(world.user("three").await, "received - due -");
    assert_eq!(world.user("five").await, "registered shared_phone -");
    assert_eq!(walk(&world.pool).await, [""; 0]);
    world.end().await;
}

#[tokio::test]
async fn a_message_that_was_sent_after_all_blocks_its_number_and_finishes_its_user() {
    let world = World::create().await;
    let (sent, _) = world.claim(&now("one", 1)).await;
    assert_eq!(world.link(&now("two", 1), &sent).await, Written::Yes);
    world.ends(ended(&sent, true)).await;
    let before = "UPDATE attempts SET blocks = false, reopened_at = now();
                  UPDATE users SET state = 'received', next_attempt_at = now() WHERE user_id = 'one'";
    world.pool.execute(before).await.unwrap();
    assert_eq!(walk(&world.pool).await, [NUMBER]);
    assert_eq!((world.user("one").await.as_str(), world.blocks(&sent).await), ("registered - one", true));
    assert_eq!(world.user("two").await, "registered shared_phone -");
    world.end().await;
}

#[tokio::test]
async fn a_number_whose_attempts_fill_more_than_a_page_is_seen_as_a_whole() {
    let world = World::create().await;
    let (unsent, _) = world.claim(&now("one", 1)).await;
    world.let_go_silently(&unsent).await;
    let (sent, _) = world.claim(&now("two", 1)).await;
    world.ends(ended(&sent, true)).await;
    world.pool.execute("UPDATE attempts SET blocks = false").await.unwrap();
    assert_eq!(walk(&world.pool).await, [NUMBER]);
    assert!(world.blocks(&sent).await && !world.blocks(&unsent).await);
    world.end().await;
}

#[tokio::test]
async fn a_message_that_failed_stays_freed() {
    let world = World::create().await;
    let (failed, _) = world.claim(&now("one", 1)).await;
    world.ends(ended(&failed, true)).await;
    let before = "UPDATE attempts SET blocks = false, reopened_at = now(), twilio_status = 'failed'";
    world.pool.execute(before).await.unwrap();
    assert_eq!(walk(&world.pool).await, [""; 0]);
    assert!(!world.blocks(&failed).await);
    world.end().await;
}

#[tokio::test]
async fn a_claim_in_flight_is_not_waited_for_and_keeps_its_number() {
    let world = World::create().await;
    let (sent, _) = world.claim(&now("one", 1)).await;
    world.ends(ended(&sent, true)).await;
    world.pool.execute("UPDATE attempts SET blocks = false").await.unwrap();
    let claim =
        "INSERT INTO attempts (message_id, user_id, phone_e164, lane, worker_id, language, body_sha256,
                                       segments, lease_until)
                 SELECT gen_random_uuid(), 'two', phone_e164, 'live', 'w', 'ne', '', 1, now() FROM attempts";
    let others = world.database.pool().await;
    let mut tx = others.begin().await.unwrap();
    tx.execute(claim).await.unwrap();
    let page = unblocked_numbers::freed(&world.pool, "", 500).await.unwrap();
    assert_eq!(page.numbers, [NUMBER], "the claim is not committed");
    assert!(!unblocked_numbers::fix(&world.pool, NUMBER).await.unwrap());
    tx.commit().await.unwrap();
    others.close().await;
    assert!(unblocked_numbers::fix(&world.pool, NUMBER).await.unwrap());
    assert!(!world.blocks(&sent).await);
    assert_eq!(world.claim(&now("three", 1)).await.1, ClaimResult::Shared);
    world.end().await;
}
