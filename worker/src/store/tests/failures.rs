//! By whichever way it becomes known that a message failed on WhatsApp, it is offered to go by SMS, and the number counts as
//! one that WhatsApp does not reach.

use chrono::Utc;
use sqlx::Executor as _;

use super::{
    doors::NUMBER,
    fallbacks::{due, failed},
    notices::in_doubt,
};
use crate::store::{
    attempts::AttemptRef,
    batch::Statement as _,
    callbacks::{self, Callback},
    claim::ClaimRequest,
    ended::{Accepted, Ended},
    fixtures::{callback, ended, facts_at},
    needs_review::{self, ReviewDecision, ReviewResult},
    recover::{self, Found},
    reported::Meaning,
    unknown::{self, Adoption},
    world::{BY, World},
};

/// A claimed welcome by WhatsApp.
async fn claimed(world: &World) -> ClaimRequest {
    let (request, _) = world.claim(&facts_at("ama", NUMBER, Utc::now())).await;
    world.pool.execute("UPDATE attempts SET channel = 'whatsapp'").await.unwrap();
    request
}

/// A welcome by WhatsApp whose outcome is not known.
async fn in_doubt_of(world: &World) -> (ClaimRequest, AttemptRef) {
    let request = claimed(world).await;
    let attempt = AttemptRef::welcome(request.message_id.uuid());
    world.ends(Ended { user_id: "ama".into(), ..in_doubt(attempt) }).await;
    (request, attempt)
}

fn sid(request: &ClaimRequest) -> String {
    format!("SM{}", request.message_id.uuid().simple())
}

fn failure(request: &ClaimRequest) -> Adoption {
    Adoption { sid: sid(request), status: "failed".into(), rank: 4, error_code: Some(63_003) }
}

/// The callback of a failure, which names the attempt by our id or the message by its SID alone.
fn callback_of(request: &ClaimRequest, by_id: bool) -> Callback {
    Callback { status: "failed".into(), rank: 4, error_code: Some(63_003), ..callback(request, by_id) }
}

async fn is_offered_once(world: World, request: &ClaimRequest) {
    let offered = due(&world).await;
    assert_eq!((offered.len(), offered[0].code), (1, 63_003));
    assert_eq!(offered[0].first.attempt_id, request.message_id.uuid());
    assert_eq!(world.count("SELECT count(*) FROM channel_state WHERE NOT reachable").await, 1);
    assert!(world.blocks(request).await, "until the second attempt blocks the number in its place");
    world.end().await;
}

#[tokio::test]
async fn a_callback_tells_of_it() {
    let world = World::create().await;
    let request = claimed(&world).await;
    callbacks::take(&world.pool, &callback_of(&request, true), &failed()).await.unwrap();
    is_offered_once(world, &request).await;
}

#[tokio::test]
async fn a_callback_that_came_before_its_sid_was_stored_tells_of_it() {
    let world = World::create().await;
    let request = claimed(&world).await;
    callbacks::take(&world.pool, &callback_of(&request, false), &failed()).await.unwrap();
    assert!(due(&world).await.is_empty(), "it named no attempt");
    world.outcome_where(failed(), 0).run(&[ended(&request, true)]).await.unwrap();
    is_offered_once(world, &request).await;
}

#[tokio::test]
async fn the_answer_of_the_create_call_tells_of_it() {
    let world = World::create().await;
    let request = claimed(&world).await;
    let accepted = Some(Accepted { sid: sid(&request), status: "failed".into(), rank: 4 });
    let answered = Ended { accepted, error_code: Some(63_003), ..ended(&request, true) };
    world.outcome_where(failed(), 0).run(&[answered]).await.unwrap();
    is_offered_once(world, &request).await;
}

#[tokio::test]
async fn the_message_of_an_unknown_outcome_tells_of_it() {
    let world = World::create().await;
    let (request, attempt) = in_doubt_of(&world).await;
    let mut connection = world.pool.acquire().await.unwrap();
    let adopted = unknown::adopt(&mut connection, attempt, &failure(&request), &failed()).await.unwrap();
    assert!(adopted.is_some());
    drop(connection);
    is_offered_once(world, &request).await;
}

#[tokio::test]
async fn a_callback_that_named_only_the_sid_of_an_adopted_message_tells_of_it() {
    let world = World::create().await;
    let (request, attempt) = in_doubt_of(&world).await;
    callbacks::take(&world.pool, &callback_of(&request, false), &failed()).await.unwrap();
    // The list lags behind the callback.
    let listed = Adoption { status: "sent".into(), rank: 3, error_code: None, ..failure(&request) };
    let mut connection = world.pool.acquire().await.unwrap();
    let adopted = unknown::adopt(&mut connection, attempt, &listed, &Meaning::default()).await.unwrap();
    assert!(adopted.is_some());
    drop(connection);
    let failed_now = "SELECT count(*) FROM attempts WHERE twilio_status = 'failed' AND error_code = 63003";
    assert_eq!(world.count(failed_now).await, 1);
    world.end().await;
}

#[tokio::test]
async fn a_message_that_an_operator_names_tells_of_it() {
    let world = World::create().await;
    let (request, attempt) = in_doubt_of(&world).await;
    let open = needs_review::find(&world.pool, attempt.attempt_id).await.unwrap().unwrap();
    let decision = ReviewDecision::Adopt(failure(&request));
    let settled = needs_review::decide(&world.pool, &open, &decision, BY, &failed()).await.unwrap();
    assert_eq!(settled, ReviewResult::Yes);
    is_offered_once(world, &request).await;
}

#[tokio::test]
async fn a_message_found_after_a_restored_backup_tells_of_it() {
    let world = World::create().await;
    let request = claimed(&world).await;
    world
        .pool
        .execute("DELETE FROM attempts; UPDATE users SET attempt_id = NULL, state = 'received'")
        .await
        .unwrap();
    let found = Found {
        sid: sid(&request),
        channel: "whatsapp",
        phone: request.phone.clone(),
        status: "failed".into(),
        rank: 4,
        error_code: Some(63_003),
        body_sha256: [0; 32],
        segments: 1,
        created_at: Utc::now(),
    };
    assert_eq!(recover::record(&world.pool, &[&found], &failed()).await.unwrap(), [sid(&request)]);
    let known = recover::known(&world.pool, &[&request.phone], &[&sid(&request)]).await.unwrap();
    assert_eq!(known, [sid(&request)]);
    assert_eq!(due(&world).await.len(), 1);
    assert_eq!(world.user("ama").await, "registered - ama");
    world.end().await;
}

#[tokio::test]
async fn an_operator_who_names_a_message_of_a_faulty_template_has_the_template_held() {
    let world = World::create().await;
    let (request, attempt) = in_doubt_of(&world).await;
    let content = "HX00000000000000000000000000000001";
    sqlx::query(
        "INSERT INTO contents (content_sid, friendly_name, template_language, category, status, rejection_reason,
                               placeholders, body, seen_at, changed_at)
         VALUES ($1, 'w', 'en', 'UTILITY', 'approved', '', '{}', 'w', now(), now())",
    )
    .bind(content)
    .execute(&world.pool)
    .await
    .unwrap();
    sqlx::query("UPDATE attempts SET content_sid = $1").bind(content).execute(&world.pool).await.unwrap();
    let open = needs_review::find(&world.pool, attempt.attempt_id).await.unwrap().unwrap();
    let decision = ReviewDecision::Adopt(Adoption { error_code: Some(63_041), ..failure(&request) });
    let meaning = Meaning { template: true, ..failed() };
    let _ = needs_review::decide(&world.pool, &open, &decision, BY, &meaning).await.unwrap();
    assert_eq!(world.count("SELECT count(*) FROM contents WHERE held_code = 63041").await, 1);
    world.end().await;
}
