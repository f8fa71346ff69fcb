//! Tips, which people stop on their own, and the numbers that messages were stored for.

use chrono::{TimeDelta, Utc};
use shared::{
    consent::{
        NewEntry, Person,
        doors::{self, Effect},
    },
    domain::{ConsentAction, ConsentChannel, Purpose, UserId},
};
use uuid::Uuid;

use super::{
    doors::{NUMBER, PORTAL, STAFF, number, record, said},
    notices::LEASE,
};
use crate::store::{
    batch::Statement,
    conversations::{self, Turn},
    counts,
    fixtures::facts_at,
    message_claim::{
        ClaimMessages, MessageClaimRequest,
        MessageClaimResult::{self, InConversation, NumberChanged, Suppressed, Yes},
    },
    world::World,
};

fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

fn tips(action: ConsentAction, channel: ConsentChannel) -> NewEntry {
    let mut entry = said(Purpose::Tips, action, Utc::now());
    entry.consent.channel = channel;
    entry
}

/// A message of this kind, stored for a number and claimed at once.
async fn claimed(
    world: &World,
    kind: &str,
    channel: &'static str,
    user_id: &str,
    n: u32,
) -> MessageClaimResult {
    claimed_with(world, kind, channel, user_id, n, &[]).await
}

async fn claimed_with(
    world: &World,
    kind: &str,
    channel: &'static str,
    user_id: &str,
    n: u32,
    keys: &[&str],
) -> MessageClaimResult {
    let message_id = Uuid::now_v7();
    sqlx::query(
        "INSERT INTO messages (message_id, kind, channel, lane, user_id, phone_e164, slot, language, keys, due_at,
                               next_attempt_at)
         VALUES ($1, $2, $3, 'replies', $4, $5, 's', 'ne', $6, now(), now())",
    )
    .bind(message_id)
    .bind(kind)
    .bind(channel)
    .bind(user_id)
    .bind(number(n).as_str())
    .bind(keys)
    .execute(&world.pool)
    .await
    .unwrap();
    let request = MessageClaimRequest {
        message_id,
        attempt_id: Uuid::now_v7(),
        user_id: user_id.into(),
        channel,
        body_sha256: [0; 32],
        content_sid: None,
        segments: 1,
        traceparent: None,
        digest: None,
    };
    let statement =
        ClaimMessages { pool: world.pool.clone(), worker_id: "w".into(), lease: LEASE, has_key: true };
    statement.run(&[request]).await.unwrap()[0]
}

#[tokio::test]
async fn tips_withdrawn_on_one_channel_are_sent_on_the_other() {
    let world = World::create().await;
    record(&world, &facts_at("ama", NUMBER, Utc::now()), None, None).await;
    let ama = user("ama");
    let say = async |entry| {
        doors::consents(&world.pool, Person::User(&ama), &[entry], &PORTAL).await.unwrap();
        [
            claimed(&world, "tip", "sms", "ama", NUMBER).await,
            claimed(&world, "tip", "whatsapp", "ama", NUMBER).await,
        ]
    };
    let (grant, withdraw) = (ConsentAction::Grant, ConsentAction::Withdraw);
    assert_eq!(say(tips(grant, ConsentChannel::Any)).await, [Yes, Yes]);
    assert_eq!(say(tips(withdraw, ConsentChannel::Sms)).await, [Suppressed, Yes]);
    assert_eq!(say(tips(withdraw, ConsentChannel::Whatsapp)).await, [Suppressed, Suppressed]);
    assert_eq!(say(tips(grant, ConsentChannel::Sms)).await, [Yes, Suppressed]);
    assert_eq!(claimed(&world, "notice", "whatsapp", "ama", NUMBER).await, Yes);
    world.end().await;
}

#[tokio::test]
async fn a_tip_claimed_after_its_stop_is_counted() {
    let world = World::create().await;
    record(&world, &facts_at("ama", NUMBER, Utc::now()), None, None).await;
    assert_eq!(claimed(&world, "tip", "sms", "ama", NUMBER).await, Yes);
    let ama = user("ama");
    let stop = tips(ConsentAction::Withdraw, ConsentChannel::Sms);
    doors::consents(&world.pool, Person::User(&ama), &[stop], &PORTAL).await.unwrap();
    assert_eq!(claimed(&world, "tip", "whatsapp", "ama", NUMBER).await, Yes);
    assert_eq!(claimed(&world, "notice", "sms", "ama", NUMBER).await, Yes);
    let after_stop = async || counts::after_stop(&mut world.pool.acquire().await.unwrap()).await.unwrap();
    assert_eq!(after_stop().await, 0, "those were allowed");
    let again =
        "UPDATE message_attempts SET claimed_at = clock_timestamp() WHERE kind = 'tip' AND channel = 'sms'";
    sqlx::query(again).execute(&world.pool).await.unwrap();
    assert_eq!(after_stop().await, 1);
    world.end().await;
}

#[tokio::test]
async fn tips_withdrawn_before_a_number_was_known_stay_withdrawn() {
    let world = World::create().await;
    let ama = user("ama");
    let entry = tips(ConsentAction::Withdraw, ConsentChannel::Sms);
    doors::consents(&world.pool, Person::User(&ama), &[entry], &PORTAL).await.unwrap();
    record(&world, &facts_at("ama", NUMBER, Utc::now()), None, None).await;
    assert_eq!(claimed(&world, "tip", "sms", "ama", NUMBER).await, Suppressed);
    assert_eq!(claimed(&world, "tip", "whatsapp", "ama", NUMBER).await, Yes);
    assert_eq!(claimed(&world, "notice", "sms", "ama", NUMBER).await, Yes);
    let entry = tips(ConsentAction::Grant, ConsentChannel::Any);
    doors::consents(&world.pool, Person::User(&ama), &[entry], &PORTAL).await.unwrap();
    assert_eq!(claimed(&world, "tip", "sms", "ama", NUMBER).await, Yes);
    world.end().await;
}

#[tokio::test]
async fn a_message_for_a_former_number_is_skipped() {
    let world = World::create().await;
    let minute_ago = Utc::now() - TimeDelta::minutes(1);
    record(&world, &facts_at("ama", NUMBER, minute_ago), None, None).await;
    assert_eq!(claimed(&world, "tip", "sms", "ama", NUMBER).await, Yes);
    record(&world, &facts_at("ama", NUMBER + 1, Utc::now()), None, None).await;
    for kind in ["tip", "notice", "reply"] {
        assert_eq!(claimed(&world, kind, "sms", "ama", NUMBER).await, NumberChanged, "{kind}");
        assert_eq!(claimed(&world, kind, "sms", "ama", NUMBER + 1).await, Yes, "{kind}");
    }
    let reply = claimed_with(&world, "reply", "sms", "ama", NUMBER, &["inbound:SM1"]).await;
    assert_eq!(reply, Yes, "an answer goes to the number that it answers");
    let skipped = "SELECT count(*) FROM messages WHERE state = 'skipped' AND reason = 'number_changed'";
    assert_eq!(world.count(skipped).await, 3);
    assert_eq!(claimed(&world, "notice", "sms", "not stored", NUMBER).await, Yes);
    world.end().await;
}

#[tokio::test]
async fn lifting_frees_a_number_that_only_tips_are_stopped_of() {
    let world = World::create().await;
    let (one, other) = (number(NUMBER), number(NUMBER + 1));
    let person = Person::Number(&one);
    assert_eq!(doors::stop_tips(&world.pool, person, &STAFF).await.unwrap(), Effect::Done);
    assert_eq!(claimed(&world, "tip", "sms", "ama", NUMBER).await, Suppressed);
    assert_eq!(doors::lift(&world.pool, person, &STAFF).await.unwrap(), Effect::TipsAgain);
    assert_eq!(doors::lift(&world.pool, person, &STAFF).await.unwrap(), Effect::Already);
    assert_eq!(claimed(&world, "tip", "sms", "ama", NUMBER).await, Yes);
    assert_eq!(world.count("SELECT count(*) FROM audit_log").await, 2);

    // A stop of everything withdraws tips that nobody asked for, and lifting it twice does not grant them.
    let person = Person::Number(&other);
    for (expected, effect) in [
        (Effect::Done, doors::stop(&world.pool, person, &STAFF).await),
        (Effect::Done, doors::lift(&world.pool, person, &STAFF).await),
        (Effect::Already, doors::lift(&world.pool, person, &STAFF).await),
    ] {
        assert_eq!(effect.unwrap(), expected);
    }
    assert_eq!(claimed(&world, "tip", "sms", "ama", NUMBER + 1).await, Suppressed);
    world.end().await;
}

#[tokio::test]
async fn only_replies_and_tips_go_to_a_person_in_a_conversation_and_no_tip_in_an_urgent_one() {
    let world = World::create().await;
    record(&world, &facts_at("ama", NUMBER, Utc::now()), None, None).await;
    let writes = async |urgency| {
        let phone = number(NUMBER);
        let turn = Turn {
            channel: "whatsapp",
            recipient: "+14155238886",
            phone_e164: Some(phone.as_str()),
            external_id: None,
            class: "other",
            urgency,
        };
        let mut tx = world.pool.begin().await.unwrap();
        let id = conversations::add(&mut tx, &turn).await.unwrap();
        tx.commit().await.unwrap();
        id
    };
    let claimed = async |kind| claimed(&world, kind, "whatsapp", "ama", NUMBER).await;
    let id = writes(0).await;
    assert_eq!([claimed("notice").await, claimed("tip").await], [InConversation, Yes]);
    assert_eq!(writes(1).await, id);
    assert_eq!([claimed("tip").await, claimed("reply").await], [InConversation, Yes]);
    let to_staff = claimed_with(&world, "notice", "sms", "", NUMBER, &[]).await;
    assert_eq!(to_staff, Yes, "staff who wrote themselves are told of urgent messages");
    let mut tx = world.pool.begin().await.unwrap();
    conversations::close(&mut tx, id, "maya").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!([claimed("notice").await, claimed("tip").await], [Yes, Yes]);
    world.end().await;
}
