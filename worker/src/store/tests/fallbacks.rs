//! A message that did not arrive by WhatsApp goes by SMS once, or not at all.

use std::time::Duration;

use chrono::Utc;
use shared::{
    consent::{Person, doors},
    domain::AttemptOutcome,
};
use uuid::Uuid;

use super::doors::{NUMBER, STAFF, number};
use crate::{
    store::{
        attempts::AttemptRef,
        callbacks::{self, Callback},
        claim::{ClaimRequest, ClaimResult},
        counts,
        ended::Ended,
        fallback_claim::{ClaimFallback, FallbackClaim, FallbackRequest},
        fallbacks::{self, Due, Late, Offer},
        fixtures::{callback, ended, erasure_key, facts_at},
        reported::{Meaning, Recipient},
        world::World,
    },
    twilio::Absence,
};

pub(super) const HOLD: Duration = Duration::from_secs(90);

/// A welcome by WhatsApp that Twilio accepted.
pub(super) async fn welcomed(world: &World) -> ClaimRequest {
    let (request, granted) = world.claim(&facts_at("ama", NUMBER, Utc::now())).await;
    assert_eq!(granted, ClaimResult::Yes);
    sqlx::raw_sql("UPDATE attempts SET channel = 'whatsapp'").execute(&world.pool).await.unwrap();
    world.ends(Ended { outcome: AttemptOutcome::Accepted, ..ended(&request, true) }).await;
    request
}

pub(super) fn failed() -> Meaning {
    let kinds = vec!["welcome".to_owned()];
    let fallback = Some(Offer { code: 63_003, kinds, within: Duration::from_secs(3600) });
    Meaning { recipient: Recipient::Unreachable(Absence::ONE_DAY), fallback, template: false }
}

pub(super) async fn reports(world: &World, request: &ClaimRequest, status: &str, meaning: &Meaning) -> Late {
    let rank = if status == "read" { 5 } else { 4 };
    let callback =
        Callback { status: status.to_owned(), rank, error_code: Some(63_003), ..callback(request, true) };
    callbacks::take(&world.pool, &callback, meaning).await.unwrap().late
}

fn reached() -> Meaning {
    Meaning { recipient: Recipient::Reached, ..Meaning::default() }
}

pub(super) async fn due(world: &World) -> Vec<Due> {
    fallbacks::take(&world.pool, 10, HOLD).await.unwrap()
}

pub(super) async fn claims(world: &World, first: AttemptRef) -> FallbackClaim {
    let claim =
        ClaimFallback { pool: world.pool.clone(), worker_id: "w".into(), lease: HOLD, messages_per_day: 0 };
    let request = FallbackRequest {
        first,
        attempt_id: Uuid::now_v7(),
        body_sha256: [0; 32],
        segments: 1,
        digest: Some(erasure_key().number(number(NUMBER).as_str())),
        consent_required: false,
    };
    claim.run(&request).await.unwrap()
}

#[tokio::test]
async fn it_is_offered_and_claimed_once_and_blocks_the_number_in_the_place_of_the_first() {
    let world = World::create().await;
    let request = welcomed(&world).await;
    for _ in 0..2 {
        reports(&world, &request, "failed", &failed()).await;
    }
    let offered = due(&world).await;
    assert_eq!((offered.len(), offered[0].code, offered[0].slot.as_str()), (1, 63_003, "welcome"));
    assert!(due(&world).await.is_empty(), "another worker does not see it");
    assert_eq!(claims(&world, offered[0].first).await, FallbackClaim::Yes);
    assert_eq!(claims(&world, offered[0].first).await, FallbackClaim::Gone);
    let second = "SELECT count(*) FROM attempts a JOIN users u ON u.attempt_id = a.message_id
                  WHERE a.blocks AND a.channel = 'sms' AND a.fallback_of IS NOT NULL AND a.outcome = 'sending'";
    assert_eq!(world.count(second).await, 1);
    assert!(!world.blocks(&request).await);
    assert_eq!(reports(&world, &request, "read", &reached()).await, Late::Twice);
    assert_eq!(reports(&world, &request, "read", &reached()).await, Late::Nothing, "noted once");
    let mut connection = world.pool.acquire().await.unwrap();
    assert_eq!(counts::violations(&mut connection).await.unwrap(), 0, "a recorded conflict is no duplicate");
    drop(connection);
    world.end().await;
}

#[tokio::test]
async fn none_goes_to_a_number_that_its_user_has_no_more() {
    let world = World::create().await;
    let request = welcomed(&world).await;
    reports(&world, &request, "failed", &failed()).await;
    let offered = due(&world).await;
    sqlx::raw_sql("UPDATE users SET phone_e164 = '+9779840000008'").execute(&world.pool).await.unwrap();
    assert_eq!(claims(&world, offered[0].first).await, FallbackClaim::Refused);
    assert!(world.blocks(&request).await, "no second welcome to the number");
    world.end().await;
}

#[tokio::test]
async fn a_message_that_arrives_after_all_drops_the_fallback_that_has_not_begun() {
    let world = World::create().await;
    let request = welcomed(&world).await;
    reports(&world, &request, "undelivered", &failed()).await;
    let offered = due(&world).await;
    assert_eq!(reports(&world, &request, "delivered", &reached()).await, Late::InTime);
    assert_eq!(claims(&world, offered[0].first).await, FallbackClaim::Gone);
    assert!(world.blocks(&request).await);
    assert_eq!(world.count("SELECT count(*) FROM channel_faults").await, 0, "the channel reaches the number");
    world.end().await;
}

#[tokio::test]
async fn whoever_stopped_meanwhile_gets_none() {
    let world = World::create().await;
    let request = welcomed(&world).await;
    reports(&world, &request, "failed", &failed()).await;
    let offered = due(&world).await;
    doors::stop(&world.pool, Person::Number(&number(NUMBER)), &STAFF).await.unwrap();
    assert_eq!(claims(&world, offered[0].first).await, FallbackClaim::Refused);
    assert!(world.blocks(&request).await);
    assert_eq!(world.count("SELECT count(*) FROM fallbacks WHERE reason = 'refused'").await, 1);
    world.end().await;
}

#[tokio::test]
async fn after_its_time_and_after_other_codes_there_is_none() {
    let world = World::create().await;
    let request = welcomed(&world).await;
    reports(&world, &request, "failed", &Meaning { fallback: None, ..failed() }).await;
    assert!(due(&world).await.is_empty());
    reports(&world, &request, "failed", &failed()).await;
    sqlx::raw_sql("UPDATE fallbacks SET until = now()").execute(&world.pool).await.unwrap();
    assert!(due(&world).await.is_empty());
    assert_eq!(world.count("SELECT count(*) FROM fallbacks WHERE reason = 'too_late'").await, 1);
    world.end().await;
}
