//! A number that an attempt lets go of, and a message that proves to have been sent after that.

use shared::domain::{AttemptOutcome, Reason, UserState};
use sqlx::Executor;

use crate::store::{
    callbacks::{self, Callback, Effect},
    claim::{ClaimRequest, ClaimResult},
    ended::{Ended, UserChange},
    fixtures::{callback, ended},
    needs_review::{ReviewDecision, ReviewResult},
    record::Written,
    reopen,
    reported::Meaning,
    unknown::{Adoption, Freed},
    world::{World, now},
};
use crate::{
    store::batch::Statement,
    twilio::{MessageRecord, MessageSid, MessageStatus},
};

fn final_refusal(request: &ClaimRequest) -> Ended {
    let change = UserChange {
        state: UserState::Failed,
        reason: Reason::Error(21211),
        again_in: None,
        counts: false,
        ends_with: Reason::RetriesExhausted,
    };
    Ended { user: Some(change), ..ended(request, false) }
}

fn throttled(request: &ClaimRequest) -> Ended {
    Ended { outcome: AttemptOutcome::Deferred, ..ended(request, false) }
}

#[tokio::test]
async fn a_late_callback_blocks_a_reopened_number_again_and_finishes_its_user() {
    let world = World::create().await;
    let first = world.unknown(&now("one", 1)).await;
    assert_eq!(world.settle(&first, &ReviewDecision::Reopen).await, ReviewResult::Yes);
    assert_eq!(world.user("one").await, "received - due one");
    assert!(matches!(world.calls_back(&first).await, Effect::Applied { .. }));
    assert_eq!((world.user("one").await.as_str(), world.blocks(&first).await), ("registered - one", true));
    assert_eq!(world.claim(&now("one", 1)).await.1, ClaimResult::Hers);
    world.end().await;
}

#[tokio::test]
async fn a_late_definite_answer_blocks_a_reopened_number_again() {
    let world = World::create().await;
    let first = world.unknown(&now("one", 1)).await;
    assert_eq!(world.settle(&first, &ReviewDecision::Reopen).await, ReviewResult::Yes);
    world.ends(ended(&first, true)).await;
    assert_eq!((world.user("one").await.as_str(), world.blocks(&first).await), ("registered - one", true));
    world.end().await;
}

#[tokio::test]
async fn a_late_callback_beside_a_second_attempt_blocks_once_that_one_ends_without_a_message() {
    let world = World::create().await;
    let first = world.unknown(&now("one", 1)).await;
    assert_eq!(world.settle(&first, &ReviewDecision::Reopen).await, ReviewResult::Yes);
    let (second, granted) = world.claim(&now("one", 1)).await;
    assert_eq!(granted, ClaimResult::Yes);
    world.calls_back(&first).await;
    assert_eq!((world.blocks(&first).await, world.blocks(&second).await), (false, true));
    world.ends(throttled(&second)).await;
    assert_eq!((world.blocks(&first).await, world.blocks(&second).await), (true, false));
    assert_eq!(world.user("one").await, "registered - one");
    world.end().await;
}

#[tokio::test]
async fn a_number_is_freed_by_policy_once_for_every_user_despite_late_answers() {
    let world = World::create().await;
    let first = world.unknown(&now("one", 1)).await;
    assert_eq!(world.free_once(&first).await, Freed::Yes);
    let second = world.unknown(&now("two", 1)).await;
    assert_eq!(world.free_once(&second).await, Freed::No, "another user");
    let (third, granted) = world.claim(&now("three", 2)).await;
    assert_eq!(granted, ClaimResult::Yes);
    world.ends(Ended { outcome: AttemptOutcome::Unknown, user: None, ..ended(&third, false) }).await;
    assert_eq!(world.free_once(&third).await, Freed::Yes);
    let fourth = world.unknown(&now("three", 2)).await;
    world.calls_back(&third).await;
    assert_eq!(world.free_once(&fourth).await, Freed::No, "a late callback");
    world.end().await;
}

#[tokio::test]
async fn reopening_an_attempt_whose_user_moved_on_frees_the_number_says_so_and_is_noted() {
    let world = World::create().await;
    let first = world.unknown(&now("one", 1)).await;
    assert_eq!(world.link(&now("two", 1), &first).await, Written::Yes);
    assert_eq!(world.claim(&now("one", 2)).await.1, ClaimResult::Yes);
    assert_eq!(world.settle(&first, &ReviewDecision::Reopen).await, ReviewResult::NumberFreed);
    assert!(!world.blocks(&first).await);
    assert_eq!(world.count("SELECT count(*) FROM audit_log WHERE action = 'unknown reopen'").await, 1);
    assert_eq!(world.user("two").await, "received - due -");
    world.end().await;
}

#[tokio::test]
async fn users_linked_to_a_number_are_due_when_its_attempt_ends_without_a_message() {
    let world = World::create().await;
    let (first, _) = world.claim(&now("one", 1)).await;
    assert_eq!(world.link(&now("two", 1), &first).await, Written::Yes);
    // The holder changes the number while the call is made; nothing was sent to the former one.
    assert_eq!(world.claim(&now("one", 2)).await.1, ClaimResult::Yes);
    world.ends(throttled(&first)).await;
    assert_eq!(world.user("two").await, "received - due -");
    assert_eq!(world.claim(&now("two", 1)).await.1, ClaimResult::Yes);
    world.end().await;
}

#[tokio::test]
async fn users_linked_to_a_number_share_its_final_refusal() {
    let world = World::create().await;
    let (first, _) = world.claim(&now("one", 1)).await;
    assert_eq!(world.link(&now("two", 1), &first).await, Written::Yes);
    world.ends(final_refusal(&first)).await;
    assert_eq!(world.user("one").await, "failed error_21211 one");
    assert_eq!(world.user("two").await, "failed error_21211 one");
    world.end().await;
}

#[tokio::test]
async fn no_user_is_linked_to_an_attempt_that_freed_its_number() {
    let world = World::create().await;
    let (first, _) = world.claim(&now("one", 1)).await;
    world.ends(throttled(&first)).await;
    assert_eq!(world.link(&now("two", 1), &first).await, Written::Superseded);
    world.end().await;
}

#[tokio::test]
async fn a_linked_user_keeps_no_attempt_of_their_own() {
    let world = World::create().await;
    let (given_back, _) = world.claim(&now("one", 1)).await;
    world.ends(Ended { outcome: AttemptOutcome::Unwritten, ..ended(&given_back, false) }).await;
    let (second, granted) = world.claim(&now("two", 1)).await;
    assert_eq!(granted, ClaimResult::Yes);
    assert_eq!(world.link(&now("one", 1), &second).await, Written::Yes);
    assert_eq!(world.user("one").await, "registered shared_phone -");
    let sql = "SELECT reason FROM onboarding_status WHERE user_id = 'one'";
    let shown: Option<String> = sqlx::query_scalar(sql).fetch_one(&world.pool).await.unwrap();
    assert_eq!(shown.as_deref(), Some("shared_phone"));
    world.end().await;
}

#[tokio::test]
async fn an_import_during_a_call_that_is_refused_does_not_end_the_signup() {
    let world = World::create().await;
    let (first, _) = world.claim(&now("one", 1)).await;
    // What an import of another number writes.
    let import = "UPDATE users SET state = 'stored', phone_raw = '9840000002', phone_e164 = '+9779840000002',
                                   attempt_id = NULL WHERE user_id = 'one'";
    world.pool.execute(import).await.unwrap();
    world.ends(throttled(&first)).await;
    assert_eq!(world.user("one").await, "received - due -");
    world.end().await;
}

#[tokio::test]
async fn a_refused_claim_is_given_back_once_and_to_the_day_of_the_claim() {
    let world = World::create().await;
    let (claims, mut refused) = (["one", "two", "three"], Vec::new());
    for (n, user) in (1..).zip(claims) {
        let (request, granted) = world.claim_within(&now(user, n), 10).await;
        assert_eq!(granted, ClaimResult::Yes);
        refused.push(request);
    }
    let used = "SELECT used::int8 FROM daily_budget WHERE day = (now() AT TIME ZONE 'Asia/Kathmandu')::date";
    let outcome = world.outcome(10);
    // The reply to the commit is lost: the same batch runs again.
    for _ in 0..2 {
        outcome.run(&[throttled(&refused[0])]).await.unwrap();
        assert_eq!(world.count(used).await, 2);
    }
    world.pool.execute("UPDATE attempts SET claimed_at = claimed_at - interval '1 day'").await.unwrap();
    outcome.run(&[throttled(&refused[1])]).await.unwrap();
    assert_eq!(world.count(used).await, 2, "a claim of yesterday");
    world.end().await;
}

/// Twilio reports the first callback of this message, that it failed.
async fn fails(world: &World, request: &ClaimRequest) -> Effect {
    let failed =
        Callback { status: "failed".to_owned(), rank: 4, error_code: Some(30008), ..callback(request, true) };
    callbacks::take(&world.pool, &failed, &Meaning::default()).await.unwrap().effect
}

#[tokio::test]
async fn a_message_that_failed_takes_no_further_attempt_away() {
    let world = World::create().await;
    let first = world.unknown(&now("one", 1)).await;
    assert_eq!(world.settle(&first, &ReviewDecision::Reopen).await, ReviewResult::Yes);
    assert!(matches!(fails(&world, &first).await, Effect::Applied { .. }));
    assert_eq!((world.user("one").await.as_str(), world.blocks(&first).await), ("received - due one", false));
    assert_eq!(world.claim(&now("one", 1)).await.1, ClaimResult::Yes);
    world.end().await;
}

#[tokio::test]
async fn a_decision_to_send_once_more_says_that_an_earlier_message_proved_sent() {
    let world = World::create().await;
    let first = world.unknown(&now("one", 1)).await;
    assert_eq!(world.settle(&first, &ReviewDecision::Reopen).await, ReviewResult::Yes);
    let second = world.unknown(&now("one", 1)).await;
    world.calls_back(&first).await;
    assert_eq!(world.settle(&second, &ReviewDecision::Reopen).await, ReviewResult::ProvedSent);
    assert_eq!(world.user("one").await, "registered - one");
    assert_eq!((world.blocks(&first).await, world.blocks(&second).await), (true, false));
    let third = world.unknown(&now("two", 2)).await;
    assert_eq!(world.settle(&third, &ReviewDecision::Reopen).await, ReviewResult::Yes);
    let fourth = world.unknown(&now("two", 2)).await;
    world.calls_back(&third).await;
    assert_eq!(world.free_once(&fourth).await, Freed::ProvedSent);
    assert_eq!(world.user("two").await, "registered - two");
    world.end().await;
}

#[tokio::test]
async fn reopening_by_reason_counts_no_number_that_proved_to_have_its_message() {
    let world = World::create().await;
    let first = world.unknown(&now("one", 1)).await;
    assert_eq!(world.settle(&first, &ReviewDecision::Reopen).await, ReviewResult::Yes);
    let (second, _) = world.claim(&now("one", 1)).await;
    world.ends(ended(&second, true)).await;
    world.calls_back(&first).await;
    fails(&world, &second).await;
    let (other, _) = world.claim(&now("two", 2)).await;
    world.ends(ended(&other, true)).await;
    fails(&world, &other).await;
    let users = ["one".to_owned(), "two".to_owned()];
    let reopened = reopen::reopen(&world.pool, &users, "error_30008", "maya", "test").await.unwrap();
    assert_eq!((reopened, world.blocks(&first).await), (1, true));
    assert_eq!(world.user("one").await, "registered - one");
    assert_eq!(world.user("two").await, "received - due two");
    world.end().await;
}

#[tokio::test]
async fn adopting_a_message_keeps_why_it_was_not_delivered() {
    let world = World::create().await;
    let request = world.unknown(&now("one", 1)).await;
    let sid = MessageSid::parse(&format!("SM{}", request.message_id.uuid().simple())).unwrap();
    let record = MessageRecord {
        sid: Some(sid.clone()),
        to: None,
        from: None,
        messaging_service_sid: None,
        body: None,
        direction: None,
        status: Some(MessageStatus::parse("undelivered")),
        error_code: Some(30003),
        segments: None,
        media: None,
        date_created: None,
    };
    let adoption = Adoption::new(&sid, &record);
    assert_eq!(world.settle(&request, &ReviewDecision::Adopt(adoption)).await, ReviewResult::Yes);
    let sql = "SELECT reason FROM onboarding_status WHERE user_id = 'one'";
    let shown: Option<String> = sqlx::query_scalar(sql).fetch_one(&world.pool).await.unwrap();
    assert_eq!(shown.as_deref(), Some("error_30003"));
    world.end().await;
    let unread = Adoption::new(&sid, &MessageRecord { status: None, ..record });
    assert_eq!((unread.status.as_str(), unread.rank), ("accepted", 0));
}
