//! Users who wait for a consent to their welcome, and those who wait for the day.

use std::time::Duration;

use crate::store::{
    calendar,
    record::{self, NewState, Written},
    world::{World, now},
};
use shared::{
    consent::{Door, EntryKey, NewEntry, Person, Source, doors, welcome},
    domain::{Consent, ConsentAction, ConsentChannel, Purpose, Reason, UserId, UserState},
    phone::E164,
};

const DOOR: Door<'static> = Door { source: Source::Staff, actor: "maya", reason: "test", action: None };

fn said(purpose: Purpose, channel: ConsentChannel, action: ConsentAction) -> [NewEntry; 1] {
    [NewEntry { key: EntryKey::random(), consent: Consent::new(purpose, channel, action) }]
}

fn number(n: u32) -> E164 {
    now("x", n).phone.unwrap().e164
}

async fn lacking(world: &World, user: &str, n: u32) -> bool {
    let mut connection = world.pool.acquire().await.unwrap();
    let phone = number(n);
    !welcome::without_consent(&mut connection, &[user], &[phone.as_str()]).await.unwrap().is_empty()
}

/// Stores a user as waiting for a consent.
async fn waits(world: &World, user: &str, n: u32) -> Written {
    let mut state = NewState::plain(now(user, n), UserState::Received, Some(Reason::NoConsent));
    state.again_in = Some(Duration::from_secs(3600));
    record::unless_consented(&world.pool, &state, None).await.unwrap()
}

#[tokio::test]
async fn a_grant_of_the_user_or_of_the_number_sets_a_waiting_welcome_going() {
    let world = World::create().await;
    let people = ["of_user", "of_number", "any", "of_tips", "other_channel", "withdrawn"];
    for (n, user) in (1..).zip(people) {
        assert!(lacking(&world, user, n).await, "{user}");
        assert_eq!(waits(&world, user, n).await, Written::Yes);
        assert_eq!(world.user(user).await, "received no_consent -", "{user} waits, and is not due");
    }
    let (sms, any) = (ConsentChannel::Sms, ConsentChannel::Any);
    for (n, user, purpose, channel, action, going) in [
        (1, "of_user", Purpose::Onboarding, sms, ConsentAction::Grant, true),
        (2, "of_number", Purpose::Onboarding, sms, ConsentAction::Grant, true),
        (3, "any", Purpose::Onboarding, any, ConsentAction::Grant, true),
        (4, "of_tips", Purpose::Tips, any, ConsentAction::Grant, false),
        (6, "withdrawn", Purpose::Onboarding, any, ConsentAction::Withdraw, false),
    ] {
        let (id, phone) = (UserId::parse(user).unwrap(), number(n));
        let person = if user == "of_number" { Person::Number(&phone) } else { Person::User(&id) };
        doors::say(&world.pool, person, &said(purpose, channel, action), &DOOR).await.unwrap();
        let expected = match (going, user) {
            (true, _) => "received no_consent due -",
            (false, "withdrawn") => "suppressed opted_out -",
            (false, _) => "received no_consent -",
        };
        assert_eq!(world.user(user).await, expected, "{user}");
        // The claim ends the welcome of those who stopped.
        assert_eq!(lacking(&world, user, n).await, user == "of_tips", "{user}");
    }
    let id = UserId::parse("other_channel").unwrap();
    let whatsapp = said(Purpose::Onboarding, ConsentChannel::Whatsapp, ConsentAction::Grant);
    doors::say(&world.pool, Person::User(&id), &whatsapp, &DOOR).await.unwrap();
    assert!(lacking(&world, "other_channel", 5).await, "the welcome goes by SMS");
    world.end().await;
}

#[tokio::test]
async fn a_consent_that_came_before_the_wait_was_stored_is_not_missed() {
    let world = World::create().await;
    let id = UserId::parse("ama").unwrap();
    let grant = said(Purpose::Onboarding, ConsentChannel::Sms, ConsentAction::Grant);
    doors::consents(&world.pool, Person::Signup(&id, Some(&number(1))), &grant, &DOOR).await.unwrap();
    assert_eq!(waits(&world, "ama", 1).await, Written::Superseded);
    assert_eq!(world.count("SELECT count(*) FROM users").await, 0);
    world.end().await;
}

#[tokio::test]
async fn a_consent_to_an_unknown_user_counts_at_every_number_and_a_stop_outweighs_it() {
    let world = World::create().await;
    let id = UserId::parse("ama").unwrap();
    let grant = said(Purpose::Onboarding, ConsentChannel::Any, ConsentAction::Grant);
    doors::consents(&world.pool, Person::User(&id), &grant, &DOOR).await.unwrap();
    for n in [1, 2] {
        assert!(!lacking(&world, "ama", n).await);
        assert!(lacking(&world, "bina", n).await, "the consent is of one user");
    }
    doors::stop(&world.pool, Person::Number(&number(3)), &DOOR).await.unwrap();
    assert!(!lacking(&world, "bina", 3).await, "the claim ends it as opted out");
    world.end().await;
}

#[tokio::test]
async fn those_who_wait_for_the_day_follow_the_calendar() {
    let world = World::create().await;
    let mut state = NewState::plain(now("ama", 1), UserState::Received, Some(Reason::Quiet));
    state.again_in = Some(Duration::from_secs(3600));
    let mut connection = world.pool.acquire().await.unwrap();
    assert_eq!(record::write(&mut connection, &[&state], None).await.unwrap(), ["ama"]);
    drop(connection);
    assert_eq!(world.user("ama").await, "received quiet -");
    calendar::advance(&world.pool, Duration::from_secs(3601)).await.unwrap();
    assert_eq!(world.user("ama").await, "received quiet due -");
    world.end().await;
}
