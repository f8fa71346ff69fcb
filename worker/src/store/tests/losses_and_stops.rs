//! A loss beside a stop, and people that a loss reaches only later.

use chrono::{TimeDelta, Utc};
use shared::{
    consent::{
        EntryKey, NewEntry, Person,
        doors::{self, Effect},
    },
    domain::{Consent, ConsentAction, ConsentChannel, Purpose, UserId},
};
use sqlx::Executor;

use super::doors::{NUMBER, PORTAL, STAFF, number, record, said};
use crate::store::{claim::ClaimResult, fixtures::facts_at, world::World};

fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

/// The claim of a signup some minutes from now.
async fn claim(world: &World, id: &str, number: u32, minutes: i64) -> ClaimResult {
    world.claim(&facts_at(id, number, Utc::now() + TimeDelta::minutes(minutes))).await.1
}

async fn stored(world: &World, id: &str, number: u32) {
    record(world, &facts_at(id, number, Utc::now() - TimeDelta::minutes(1)), None, None).await;
}

fn by_sms(action: ConsentAction) -> [NewEntry; 1] {
    let consent = Consent::new(Purpose::Onboarding, ConsentChannel::Sms, action);
    [NewEntry { key: EntryKey::random(), consent }]
}

#[tokio::test]
async fn what_a_user_withdrew_for_sms_before_a_number_was_known_holds_at_every_number() {
    let world = World::create().await;
    let ama = user("ama");
    doors::consents(&world.pool, Person::User(&ama), &by_sms(ConsentAction::Withdraw), &PORTAL)
        .await
        .unwrap();
    assert_eq!(claim(&world, "ama", NUMBER, 1).await, ClaimResult::Suppressed);
    assert_eq!(world.user("ama").await, "suppressed opted_out -");
    assert_eq!(claim(&world, "ama", 8, 2).await, ClaimResult::Suppressed);
    // The number itself is not stopped.
    assert_eq!(claim(&world, "other", NUMBER, 1).await, ClaimResult::Yes);
    doors::consents(&world.pool, Person::User(&ama), &by_sms(ConsentAction::Grant), &PORTAL).await.unwrap();
    assert_eq!(claim(&world, "ama", 8, 3).await, ClaimResult::Yes);
    world.end().await;
}

#[tokio::test]
async fn a_grant_for_whatsapp_lifts_no_stop_of_sms() {
    let world = World::create().await;
    let ama = user("ama");
    assert_eq!(doors::stop(&world.pool, Person::User(&ama), &PORTAL).await.unwrap(), Effect::Done);
    stored(&world, "ama", NUMBER).await;
    let consent = Consent::new(Purpose::Onboarding, ConsentChannel::Whatsapp, ConsentAction::Grant);
    let entry = NewEntry { key: EntryKey::random(), consent };
    doors::consents(&world.pool, Person::User(&ama), &[entry], &PORTAL).await.unwrap();
    assert_eq!(claim(&world, "ama", NUMBER, 1).await, ClaimResult::Suppressed);
    world.end().await;
}

#[tokio::test]
async fn undoing_a_loss_leaves_a_stop_from_before_a_number_was_known() {
    let world = World::create().await;
    let ama = user("ama");
    doors::stop(&world.pool, Person::User(&ama), &PORTAL).await.unwrap();
    assert_eq!(claim(&world, "ama", NUMBER, 0).await, ClaimResult::Suppressed);
    doors::loss(&world.pool, Person::User(&ama), &STAFF).await.unwrap();
    assert_eq!(doors::undo_loss(&world.pool, Person::User(&ama), &STAFF).await.unwrap(), Effect::Done);
    assert_eq!(world.user("ama").await, "suppressed opted_out -");
    for (number, minutes) in [(NUMBER, 1), (8, 2)] {
        assert_eq!(claim(&world, "ama", number, minutes).await, ClaimResult::Suppressed, "{number}");
    }
    world.end().await;
}

#[tokio::test]
async fn a_stop_during_a_loss_outlives_the_undo_of_the_loss() {
    let world = World::create().await;
    let ama = user("ama");
    stored(&world, "ama", NUMBER).await;
    // Support after a loss is withdrawn already, as after an earlier stop.
    let support = said(Purpose::SupportAfterLoss, ConsentAction::Withdraw, Utc::now());
    doors::consents(&world.pool, Person::User(&ama), &[support], &PORTAL).await.unwrap();
    doors::loss(&world.pool, Person::User(&ama), &STAFF).await.unwrap();
    let stop = async || doors::stop(&world.pool, Person::Number(&number(NUMBER)), &STAFF).await.unwrap();
    assert_eq!(stop().await, Effect::Done);
    assert_eq!(stop().await, Effect::Already);
    assert_eq!(doors::undo_loss(&world.pool, Person::User(&ama), &STAFF).await.unwrap(), Effect::Done);
    assert_eq!(claim(&world, "ama", NUMBER, 1).await, ClaimResult::Suppressed);
    assert_eq!(doors::lift(&world.pool, Person::User(&ama), &STAFF).await.unwrap(), Effect::Done);
    assert_eq!(claim(&world, "ama", NUMBER, 2).await, ClaimResult::Yes);
    world.end().await;
}

#[tokio::test]
async fn whoever_comes_into_a_household_after_a_loss_is_silenced_as_well() {
    let world = World::create().await;
    stored(&world, "ama", 7).await;
    world.pool.execute("UPDATE users SET household_id = 'h'").await.unwrap();
    doors::loss(&world.pool, Person::User(&user("ama")), &STAFF).await.unwrap();
    // By a change of the profile.
    stored(&world, "ba", 8).await;
    world.pool.execute("UPDATE users SET household_id = 'h' WHERE user_id = 'ba'").await.unwrap();
    doors::follow_losses(&world.pool, Some(&user("ba"))).await.unwrap();
    assert_eq!(claim(&world, "ba", 8, 1).await, ClaimResult::Suppressed);
    // By a signup, before its row is stored.
    let number = number(9);
    doors::join_household(&world.pool, &user("didi"), Some(&number), "h").await.unwrap();
    assert_eq!(claim(&world, "didi", 9, 1).await, ClaimResult::Suppressed);
    doors::join_household(&world.pool, &user("cy"), None, "another").await.unwrap();
    assert_eq!(claim(&world, "cy", 10, 1).await, ClaimResult::Yes);
    // The lost one moves to others.
    stored(&world, "kaka", 11).await;
    world.pool.execute("UPDATE users SET household_id = 'k' WHERE user_id IN ('ama', 'kaka')").await.unwrap();
    doors::follow_losses(&world.pool, Some(&user("ama"))).await.unwrap();
    assert_eq!(claim(&world, "kaka", 11, 1).await, ClaimResult::Suppressed);
    assert_eq!(
        doors::undo_loss(&world.pool, Person::User(&user("ama")), &STAFF).await.unwrap(),
        Effect::Done
    );
    for (id, number) in [("ba", 8), ("didi", 9), ("kaka", 11)] {
        assert_eq!(claim(&world, id, number, 2).await, ClaimResult::Yes, "{id}");
    }
    world.end().await;
}

#[tokio::test]
async fn a_loss_reaches_those_who_wait_with_the_number_and_its_undo_lets_them_go_on() {
    let world = World::create().await;
    stored(&world, "waiting", NUMBER).await;
    let by_number = number(NUMBER);
    assert_eq!(doors::loss(&world.pool, Person::Number(&by_number), &STAFF).await.unwrap(), Effect::Done);
    assert_eq!(world.user("waiting").await, "suppressed opted_out -");
    assert_eq!(claim(&world, "waiting", 8, 1).await, ClaimResult::Suppressed, "at another number as well");
    assert_eq!(
        doors::undo_loss(&world.pool, Person::Number(&by_number), &STAFF).await.unwrap(),
        Effect::Done
    );
    assert_eq!(world.user("waiting").await, "received - due -");
    world.end().await;
}

#[tokio::test]
async fn a_user_who_was_never_enqueued_is_stored_again_after_a_stop_is_taken_back() {
    let world = World::create().await;
    let sql = "INSERT INTO users (user_id, phone_raw, phone_e164, source, changed_at)
               VALUES ('imported', '9840000007', '+9779840000007', 'file', now())";
    world.pool.execute(sql).await.unwrap();
    for (name, expected) in [("imported", "stored - -"), ("enqueued", "received - due -")] {
        if name == "enqueued" {
            stored(&world, name, 8).await;
        }
        assert_eq!(doors::stop(&world.pool, Person::User(&user(name)), &STAFF).await.unwrap(), Effect::Done);
        assert_eq!(world.user(name).await, "suppressed opted_out -");
        assert_eq!(doors::lift(&world.pool, Person::User(&user(name)), &STAFF).await.unwrap(), Effect::Done);
        assert_eq!(world.user(name).await, expected, "{name}");
    }
    world.end().await;
}
