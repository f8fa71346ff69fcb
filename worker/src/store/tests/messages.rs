//! The way of a message of any kind but the welcome: due, claimed, called, ended, reconciled.

use std::time::Duration;

use shared::domain::{Reason, UserState};
use sqlx::Executor;

use super::notices::{LEASE, accepted, claim_of, in_doubt, refused, reported};
use crate::store::{
    attempts::{AttemptRef, Heap},
    batch::Statement,
    callbacks::{self, Effect},
    leases,
    message_claim::{ClaimMessages, MessageClaimResult},
    messages,
    needs_review::{self, ReviewDecision, ReviewResult},
    poll,
    prune::{self, Kind},
    reported::Meaning,
    unknown::{self, Adoption},
    world::{BY, World},
};

#[tokio::test]
async fn a_message_is_claimed_once_and_its_callbacks_move_its_status_up() {
    let world = World::create().await;
    let notice = world.notice("ama", &["stop:1"]).await;
    assert_eq!(world.due().await, [notice.id]);
    assert!(world.due().await.is_empty(), "it is out of reach of other workers");
    let attempt = world.claimed(&notice).await;
    assert_eq!(world.told(&notice).await, "claimed; sending blocks");
    assert_eq!(world.claim_notices(&[&notice]).await.1, [MessageClaimResult::Gone]);
    world.ends(accepted(attempt)).await;
    assert_eq!(world.told(&notice).await, "claimed; accepted accepted blocks");
    for (status, rank) in [("delivered", 5), ("sent", 3)] {
        callbacks::take(&world.pool, &reported(attempt, status, rank), &Meaning::default()).await.unwrap();
    }
    assert_eq!(world.told(&notice).await, "claimed; accepted delivered blocks");
    assert!(world.due().await.is_empty());
    world.end().await;
}

#[tokio::test]
async fn a_claim_whose_commit_was_not_answered_is_granted_when_it_is_repeated() {
    let world = World::create().await;
    let notice = world.notice("ama", &["stop:1"]).await;
    let claims = [claim_of(&notice)];
    let statement =
        ClaimMessages { pool: world.pool.clone(), worker_id: "w".into(), lease: LEASE, has_key: true };
    for _ in 0..2 {
        assert_eq!(statement.run(&claims).await.unwrap(), [MessageClaimResult::Yes]);
    }
    assert_eq!(world.told(&notice).await, "claimed; sending blocks");
    world.end().await;
}

#[tokio::test]
async fn a_claim_inserts_all_keys_of_its_message_or_none() {
    let world = World::create().await;
    let first = world.notice("ama", &["a", "b"]).await;
    let second = world.notice("ama", &["c", "b", "d"]).await;
    let third = world.notice("ama", &["c"]).await;
    world.claimed(&first).await;
    assert_eq!(world.claim_notices(&[&second]).await.1, [MessageClaimResult::Duplicate]);
    assert_eq!(world.told(&second).await, "skipped duplicate; -");
    assert_eq!(world.keys().await, ["a", "b"]);
    world.claimed(&third).await;
    assert_eq!(world.keys().await, ["a", "b", "c"]);
    // Two with the same key in one batch.
    let (fourth, fifth) = (world.notice("bina", &["e"]).await, world.notice("chandra", &["e", "f"]).await);
    let (_, granted) = world.claim_notices(&[&fourth, &fifth]).await;
    assert_eq!(granted, [MessageClaimResult::Yes, MessageClaimResult::Duplicate]);
    assert_eq!(world.keys().await, ["a", "b", "c", "e"]);
    world.end().await;
}

#[tokio::test]
async fn a_message_keeps_its_keys_while_it_waits_for_another_attempt() {
    let world = World::create().await;
    let notice = world.notice("ama", &["a"]).await;
    let first = world.claimed(&notice).await;
    world.ends(refused(first, UserState::Received, Reason::PathFault)).await;
    assert_eq!(world.told(&notice).await, "waiting path_fault due; deferred");
    let rival = world.notice("bina", &["a"]).await;
    assert_eq!(world.claim_notices(&[&rival]).await.1, [MessageClaimResult::Duplicate]);
    assert_eq!(world.due().await, [notice.id]);
    let second = world.claimed(&notice).await;
    world.ends(accepted(second)).await;
    assert_eq!(world.told(&notice).await, "claimed; deferred, accepted accepted blocks");
    world.end().await;
}

#[tokio::test]
async fn a_message_that_is_refused_for_good_or_opted_out_is_not_sent_again() {
    let world = World::create().await;
    let (refusal, stop) = (world.notice("ama", &[]).await, world.notice("bina", &[]).await);
    let attempt = world.claimed(&refusal).await;
    world.ends(refused(attempt, UserState::Failed, Reason::Error(21211))).await;
    assert_eq!(world.told(&refusal).await, "refused error_21211; refused");
    let attempt = world.claimed(&stop).await;
    world.ends(refused(attempt, UserState::Suppressed, Reason::Error(21610))).await;
    assert_eq!(world.told(&stop).await, "skipped error_21610; refused");
    let later = world.notice("bina", &[]).await;
    assert_eq!(world.claim_notices(&[&later]).await.1, [MessageClaimResult::Suppressed]);
    assert_eq!(world.told(&later).await, "skipped opted_out; -");
    world.end().await;
}

#[tokio::test]
async fn a_message_is_not_claimed_after_its_expiry() {
    let world = World::create().await;
    let (late, taken) = (world.notice("ama", &["a"]).await, world.notice("bina", &[]).await);
    world.pool.execute("UPDATE messages SET expires_at = now() - interval '1 second'").await.unwrap();
    assert_eq!(world.claim_notices(&[&late]).await.1, [MessageClaimResult::Stale]);
    assert!(world.due().await.is_empty());
    for notice in [&late, &taken] {
        assert_eq!(world.told(notice).await, "skipped stale; -");
    }
    assert_eq!(world.keys().await, [""; 0]);
    world.end().await;
}

#[tokio::test]
async fn a_wait_ends_at_the_expiry_at_the_latest() {
    let world = World::create().await;
    let notice = world.notice("ama", &[]).await;
    world.pool.execute("UPDATE messages SET expires_at = now() + interval '1 minute'").await.unwrap();
    let attempt = world.claimed(&notice).await;
    let mut ended = refused(attempt, UserState::Received, Reason::PathFault);
    ended.user.as_mut().unwrap().again_in = Some(Duration::from_secs(3600));
    world.ends(ended).await;
    let late = "SELECT count(*) FROM messages WHERE next_attempt_at > expires_at";
    assert_eq!(world.count(late).await, 0);
    messages::postpone(&world.pool, notice.id, "breaker_open", Duration::from_secs(3600)).await.unwrap();
    assert_eq!(world.count(late).await, 0);
    world.end().await;
}

#[tokio::test]
async fn an_expired_claim_becomes_unknown_and_is_found_out() {
    let world = World::create().await;
    let notice = world.notice("ama", &[]).await;
    let attempt = world.claimed(&notice).await;
    world.pool.execute("UPDATE message_leases SET lease_until = now() - interval '1 second'").await.unwrap();
    assert_eq!(leases::expire(&world.pool, Heap::Messages, Duration::ZERO).await.unwrap(), 1);
    assert_eq!(world.told(&notice).await, "claimed; unknown blocks");
    let due = unknown::take(&world.pool, Heap::Messages, LEASE, 10).await.unwrap();
    assert_eq!(due.iter().map(|d| d.attempt).collect::<Vec<_>>(), [attempt]);
    assert!(unknown::take(&world.pool, Heap::Messages, LEASE, 10).await.unwrap().is_empty());
    let adoption = Adoption { sid: "SM1".into(), status: "sent".into(), rank: 3, error_code: None };
    let mut connection = world.pool.acquire().await.unwrap();
    assert!(
        unknown::adopt(&mut connection, attempt, &adoption, &Meaning::default()).await.unwrap().is_some()
    );
    assert_eq!(unknown::adopt(&mut connection, attempt, &adoption, &Meaning::default()).await.unwrap(), None);
    drop(connection);
    assert_eq!(world.told(&notice).await, "claimed; accepted sent blocks");
    let taken = unknown::taken_sids(&world.pool, &due[0].phone_e164, &["SM1".into()]).await.unwrap();
    assert_eq!(taken, ["SM1"]);
    world.end().await;
}

#[tokio::test]
async fn a_person_reopens_an_unknown_message_and_a_late_callback_takes_it_back() {
    let world = World::create().await;
    let notice = world.notice("ama", &[]).await;
    let attempt = world.claimed(&notice).await;
    world.ends(in_doubt(attempt)).await;
    unknown::missed(&world.pool, attempt, Duration::ZERO).await.unwrap();
    unknown::park(&world.pool, attempt).await.unwrap();
    let open = needs_review::find(&world.pool, attempt.attempt_id).await.unwrap().unwrap();
    assert_eq!((open.attempt, open.checks), (attempt, 2));
    let settled = needs_review::decide(&world.pool, &open, &ReviewDecision::Reopen, BY, &Meaning::default())
        .await
        .unwrap();
    assert_eq!((settled, world.told(&notice).await.as_str()), (ReviewResult::Yes, "waiting due; unknown"));
    let effect = callbacks::take(&world.pool, &reported(attempt, "sent", 3), &Meaning::default())
        .await
        .unwrap()
        .effect;
    assert!(matches!(effect, Effect::Applied { .. }));
    assert_eq!(world.told(&notice).await, "claimed; accepted sent blocks");
    assert_eq!(world.claim_notices(&[&notice]).await.1, [MessageClaimResult::Gone]);
    world.end().await;
}

#[tokio::test]
async fn a_message_that_is_reopened_after_its_time_is_skipped_at_once() {
    let world = World::create().await;
    let notice = world.notice("ama", &[]).await;
    let attempt = world.claimed(&notice).await;
    world.ends(in_doubt(attempt)).await;
    world.pool.execute("UPDATE messages SET expires_at = now() - interval '1 second'").await.unwrap();
    let open = needs_review::find(&world.pool, attempt.attempt_id).await.unwrap().unwrap();
    let settled =
        needs_review::decide(&world.pool, &open, &ReviewDecision::Reopen, BY, &Meaning::default()).await;
    assert_eq!(settled.unwrap(), ReviewResult::TooLate);
    assert_eq!(world.told(&notice).await, "skipped stale; unknown");
    world.end().await;
}

#[tokio::test]
async fn an_accepted_message_whose_callbacks_do_not_come_is_asked_about() {
    let world = World::create().await;
    let notice = world.notice("ama", &[]).await;
    let attempt = world.claimed(&notice).await;
    world.ends(accepted(attempt)).await;
    world
        .pool
        .execute("UPDATE message_attempts SET claimed_at = now() - interval '20 minutes'")
        .await
        .unwrap();
    let (age, span) = (Duration::from_secs(900), Duration::from_secs(600));
    let open = poll::take(&world.pool, Heap::Messages, age, span, 5).await.unwrap();
    assert_eq!(open.iter().map(|o| o.attempt).collect::<Vec<_>>(), [attempt]);
    assert!(poll::take(&world.pool, Heap::Messages, age, span, 5).await.unwrap().is_empty());
    world.end().await;
}

#[tokio::test]
async fn the_outcome_of_a_message_is_written_in_place() {
    let world = World::create().await;
    let mut ended = Vec::new();
    for _ in 0..50 {
        let notice = world.notice("ama", &[]).await;
        ended.push(accepted(world.claimed(&notice).await));
    }
    let attempts: Vec<AttemptRef> = ended.iter().map(|ended| ended.attempt).collect();
    for ended in ended {
        world.ends(ended).await;
    }
    // As autovacuum does: half of a page is room for one more version of each of its rows.
    world.pool.execute("VACUUM message_attempts").await.unwrap();
    for attempt in attempts {
        callbacks::take(&world.pool, &reported(attempt, "delivered", 5), &Meaning::default()).await.unwrap();
    }
    world.pool.execute("SELECT pg_stat_force_next_flush()").await.unwrap();
    let moved = "SELECT sum(n_tup_upd - n_tup_hot_upd)::int8 FROM pg_stat_user_tables
                 WHERE relname LIKE 'message_attempts%'";
    assert_eq!(world.count(moved).await, 0);
    let in_place =
        "SELECT sum(n_tup_hot_upd)::int8 FROM pg_stat_user_tables WHERE relname LIKE 'message_attempts%'";
    assert_eq!(world.count(in_place).await, 100);
    world.end().await;
}

#[tokio::test]
async fn retention_drops_whole_months_and_expired_keys() {
    let world = World::create().await;
    let notice = world.notice("ama", &["kept"]).await;
    world.claimed(&notice).await;
    for sql in [
        "SELECT add_message_partitions((now() - make_interval(months => n))::date) FROM generate_series(1, 16) n",
        "INSERT INTO messages (message_id, kind, channel, lane, user_id, phone_e164, slot, language, due_at, state)
         SELECT id_from_time(now() - make_interval(months => n)), 'tip', 'sms', 'tips', 'u', '+1', 's', 'ne', now(), 'claimed'
         FROM generate_series(1, 16) n",
        "INSERT INTO message_keys VALUES ('expired', gen_random_uuid(), current_date - 3)",
    ] {
        world.pool.execute(sql).await.unwrap();
    }
    let year = Duration::from_secs(400 * 86_400);
    let rule = || prune::prune(&world.pool, Kind::Messages, year, ("maya", "monthly"));
    let old = prune::count(&world.pool, Kind::Messages, year).await.unwrap();
    assert!((2..=3).contains(&old), "{old} months are older than 400 days");
    assert_eq!(rule().await.unwrap(), old);
    assert_eq!(rule().await.unwrap(), 0);
    let left = i64::try_from(17 - old).unwrap();
    assert_eq!(world.count("SELECT count(*) FROM messages").await, left);
    assert_eq!(world.count("SELECT count(*) FROM messages_other").await, 0, "each id leads to its month");
    assert_eq!(world.keys().await, ["kept"]);
    messages::add_partitions(&world.pool).await.unwrap();
    world.end().await;
}

#[tokio::test]
async fn a_message_waits_if_its_rival_lost_all_keys_in_the_same_batch() {
    let world = World::create().await;
    let first = world.notice("ama", &["a", "b"]).await;
    let second = world.notice("bina", &["b", "c"]).await;
    let third = world.notice("chandra", &["c", "d"]).await;
    let (_, granted) = world.claim_notices(&[&first, &second, &third]).await;
    assert_eq!(granted, [MessageClaimResult::Yes, MessageClaimResult::Duplicate, MessageClaimResult::Gone]);
    assert_eq!(world.told(&third).await, "waiting due; -");
    assert_eq!(world.keys().await, ["a", "b"]);
    world.claimed(&third).await;
    assert_eq!(world.keys().await, ["a", "b", "c", "d"]);
    world.end().await;
}

#[tokio::test]
async fn an_expired_key_blocks_nothing() {
    let world = World::create().await;
    world
        .pool
        .execute("INSERT INTO message_keys VALUES ('a', gen_random_uuid(), current_date - 2)")
        .await
        .unwrap();
    let notice = world.notice("ama", &["a"]).await;
    world.claimed(&notice).await;
    world.end().await;
}
