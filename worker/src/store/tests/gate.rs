//! The order of a claim and of a stop of its number.

use std::time::Duration;

use chrono::{DateTime, Utc};
use shared::{
    consent::{
        Person,
        doors::{self, Effect},
        forget,
    },
    domain::{Reason, UserState},
};
use sqlx::{Executor as _, PgConnection, postgres::PgPoolOptions};

use super::{
    doors::{NUMBER, STAFF, number},
    notices::refused,
};
use crate::store::{
    batch::Statement as _,
    claim::{self, Claim, ClaimResult},
    fixtures::{erasure_key, facts, facts_at, wish_of},
    world::World,
};

const AT_THE_GATE: &str =
    "SELECT count(*) FROM pg_locks WHERE relation = 'claim_gate'::regclass AND NOT granted";

#[tokio::test]
async fn a_stop_waits_for_claims_that_are_being_written_and_later_ones_see_it() {
    let world = World::create().await;
    let (claims, stops) = (world.database.pool().await, world.database.pool().await);
    let mut claim = claim::begin(&claims).await.unwrap();
    let stop = tokio::spawn(async move {
        let done = doors::stop(&stops, Person::Number(&number(NUMBER)), &STAFF).await.unwrap();
        stops.close().await;
        done
    });
    somebody_waits(&mut claim).await;
    let nobody = "SELECT count(*) FROM suppressions";
    assert_eq!(world.count(nobody).await, 0, "not committed while a claim is being written");
    claim.commit().await.unwrap();
    assert_eq!(stop.await.unwrap(), Effect::Done);
    assert_eq!(world.count(nobody).await, 1);
    claims.close().await;
    world.end().await;
}

#[tokio::test]
async fn a_claim_is_on_the_disk_before_its_call() {
    let world = World::create().await;
    for n in 1..=10 {
        let before: String = sqlx::query_scalar("SELECT pg_current_wal_insert_lsn()::text")
            .fetch_one(&world.pool)
            .await
            .unwrap();
        assert_eq!(world.claim(&facts(n)).await.1, ClaimResult::Yes);
        // All of it up to there; without a flush the server would write it some 200 ms later.
        let flushed = sqlx::query_scalar::<_, bool>("SELECT pg_current_wal_flush_lsn() > $1::text::pg_lsn")
            .bind(before);
        assert!(flushed.fetch_one(&world.pool).await.unwrap(), "claim {n}");
    }
    world.end().await;
}

/// Waits until another transaction waits at the gate, which the one of this connection holds.
async fn somebody_waits(connection: &mut PgConnection) {
    for _ in 0..1000 {
        let waiting = sqlx::query_scalar::<_, i64>(AT_THE_GATE).fetch_one(&mut *connection).await.unwrap();
        if waiting == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    panic!("no transaction came to the gate");
}

#[tokio::test]
async fn a_refusal_by_twilio_waits_for_claims_as_every_stop_does() {
    let world = World::create().await;
    let notice = world.notice("ama", &[]).await;
    let attempt = world.claimed(&notice).await;
    let claims = world.database.pool().await;
    let mut claim = claim::begin(&claims).await.unwrap();
    let ends = world.ends(refused(attempt, UserState::Suppressed, Reason::Error(21610)));
    let stops = "SELECT count(*) FROM suppressions WHERE in_force_at IS NOT NULL";
    let watch = async {
        somebody_waits(&mut claim).await;
        let free = "SELECT count(*) FROM (SELECT FROM message_attempts FOR UPDATE SKIP LOCKED) a";
        let free = sqlx::query_scalar::<_, i64>(free).fetch_one(&mut *claim).await.unwrap();
        assert_eq!(free, 1, "no row is locked while it waits");
        claim.commit().await.unwrap();
    };
    tokio::join!(ends, watch);
    assert_eq!(world.count(stops).await, 1);
    claims.close().await;
    world.end().await;
}

#[tokio::test]
async fn a_claim_that_waited_for_a_stop_counts_as_later_than_the_stop() {
    let world = World::create().await;
    let stops = world.database.pool().await;
    let mut stop = stops.begin().await.unwrap();
    assert!(forget::wait_for_claims(&mut stop).await.unwrap());
    let facts = facts_at("ama", 8, Utc::now());
    let in_force = async {
        somebody_waits(&mut stop).await;
        let now = sqlx::query_scalar::<_, DateTime<Utc>>("SELECT clock_timestamp()");
        let now = now.fetch_one(&mut *stop).await.unwrap();
        stop.commit().await.unwrap();
        now
    };
    let ((_, result), in_force) = tokio::join!(world.claim(&facts), in_force);
    assert_eq!(result, ClaimResult::Yes);
    let claimed = sqlx::query_scalar::<_, DateTime<Utc>>("SELECT claimed_at FROM attempts");
    assert!(claimed.fetch_one(&world.pool).await.unwrap() > in_force);
    stops.close().await;
    world.end().await;
}

#[tokio::test]
async fn a_worker_that_hangs_in_a_claim_holds_up_neither_the_stop_nor_other_claims() {
    let world = World::create().await;
    let claims = world.database.pool().await;
    let hanging = claim::begin(&claims).await.unwrap();
    let done = doors::stop(&world.pool, Person::Number(&number(NUMBER)), &STAFF).await.unwrap();
    assert_eq!(done, Effect::Done);
    assert_eq!(world.claim(&facts_at("ama", 8, Utc::now())).await.1, ClaimResult::Yes);
    hanging.rollback().await.unwrap();
    claims.close().await;
    world.end().await;
}

#[tokio::test]
async fn a_backup_that_reads_every_table_holds_up_neither_stops_nor_claims() {
    let world = World::create().await;
    let backups = world.database.pool().await;
    let mut backup = backups.begin().await.unwrap();
    backup.execute("LOCK TABLE claim_gate IN ACCESS SHARE MODE").await.unwrap();
    let mut stop = world.pool.begin().await.unwrap();
    assert!(forget::wait_for_claims(&mut stop).await.unwrap());
    stop.rollback().await.unwrap();
    assert_eq!(world.claim(&facts_at("ama", 8, Utc::now())).await.1, ClaimResult::Yes);
    backup.rollback().await.unwrap();
    backups.close().await;
    world.end().await;
}

#[tokio::test]
async fn claims_go_on_after_the_gate_was_closed_for_longer_than_they_wait() {
    let world = World::create().await;
    let options = world.pool.connect_options().as_ref().clone().options([("lock_timeout", "50ms")]);
    let claims = PgPoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    let claim = Claim {
        pool: claims.clone(),
        worker_id: "w".into(),
        lease: Duration::from_secs(90),
        messages_per_day: 0,
        erasure: Some(erasure_key()),
        whatsapp: None,
    };
    let wish = [wish_of(&facts_at("ama", 8, Utc::now()))];
    let mut closed = world.pool.begin().await.unwrap();
    closed.execute("LOCK TABLE claim_gate IN ACCESS EXCLUSIVE MODE").await.unwrap();
    assert!(claim.run(&wish).await.is_err());
    closed.rollback().await.unwrap();
    assert_eq!(claim.run(&wish).await.unwrap(), [ClaimResult::Yes], "the connection is good again");
    claims.close().await;
    world.end().await;
}
