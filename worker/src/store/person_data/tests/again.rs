//! Who signs up again around an erasure: as if the events had come in the order of their times.

use shared::consent::doors;

use super::*;
use crate::store::{
    callbacks::{self, Effect as Seen},
    recover,
    reported::Meaning,
};

const OTHER: u32 = 8;
const PORTAL: Door<'static> =
    Door { source: Source::Event, actor: "portal", reason: "test", action: Some("person erase") };

async fn erased_as_of(world: &World, at: DateTime<Utc>) {
    doors::request_erasure(&world.pool, &user(), at, &PORTAL).await.unwrap();
    assert_eq!(pending_erased(world).await, Erased::Yes);
}

#[tokio::test]
async fn a_signup_after_the_erasure_stays_and_gets_no_second_welcome() {
    let (world, now) = (World::create().await, Utc::now());
    accepted(&world, &facts_at(USER, NUMBER, now - TimeDelta::hours(1))).await;
    sqlx::raw_sql("UPDATE users SET display_name = 'Sita'").execute(&world.pool).await.unwrap();
    doors::request_erasure(&world.pool, &user(), now - TimeDelta::seconds(3), &PORTAL).await.unwrap();
    let again = facts_at(USER, OTHER, now);
    accepted(&world, &again).await;
    assert_eq!(pending_erased(&world).await, Erased::Yes);
    assert_eq!(world.user(USER).await, "received - due -");
    let left = everything(&world.pool).await;
    assert!(left.contains("9840000008") && !left.contains("9840000007") && !left.contains("Sita"), "{left}");
    assert_eq!(world.claim(&again).await.1, ClaimResult::WelcomedBefore);
    assert_eq!(world.user(USER).await, "registered already_welcomed -");
    world.end().await;
}

#[tokio::test]
async fn a_process_that_comes_too_late_touches_neither_a_newer_signup_nor_leaves_a_key() {
    let (world, now) = (World::create().await, Utc::now());
    accepted(&world, &facts_at(USER, NUMBER, now - TimeDelta::hours(1))).await;
    doors::request_erasure(&world.pool, &user(), now - TimeDelta::seconds(3), &PORTAL).await.unwrap();
    let read = erasures::pending_of(&world.pool, &user()).await.unwrap().expect("pending");
    assert_eq!(pending_erased(&world).await, Erased::Yes);
    let late = async || erase(&world.pool, &erasure_key(), &read).await.unwrap();
    assert_eq!(late().await, Erased::Overtaken);
    assert_eq!(world.count("SELECT count(*) FROM person_keys WHERE user_id IS NOT NULL").await, 0);

    accepted(&world, &facts_at(USER, OTHER, now)).await;
    let welcomed = world.user(USER).await;
    assert_eq!(late().await, Erased::Overtaken);
    assert_eq!(world.user(USER).await, welcomed);
    world.end().await;
}

#[tokio::test]
async fn what_a_user_said_with_a_signup_after_the_wish_for_erasure_holds() {
    let (world, now) = (World::create().await, Utc::now());
    accepted(&world, &facts_at(USER, NUMBER, now - TimeDelta::hours(1))).await;
    let say = async |action: ConsentAction, at: DateTime<Utc>| {
        let consent =
            Consent { at: Some(at), ..Consent::new(Purpose::Tips, ConsentChannel::Whatsapp, action) };
        let entry = NewEntry { key: EntryKey::random(), consent };
        let number = E164::parse("+9779840000008").unwrap();
        let person = Person::Signup(&UserId::parse(USER).unwrap(), Some(&number));
        doors::consents(&world.pool, person, &[entry], &PORTAL).await.unwrap();
    };
    say(ConsentAction::Withdraw, now - TimeDelta::hours(1)).await;
    doors::request_erasure(&world.pool, &user(), now - TimeDelta::seconds(3), &PORTAL).await.unwrap();
    say(ConsentAction::Grant, Utc::now()).await;
    doors::loss(&world.pool, Person::User(&user()), &PORTAL).await.unwrap();
    assert_eq!(world.claim(&facts_at(USER, OTHER, Utc::now())).await.1, ClaimResult::Suppressed);
    assert_eq!(pending_erased(&world).await, Erased::Yes);
    let granted =
        "SELECT count(*) FROM channel_grants WHERE phone_e164 = '+9779840000008' AND channel = 'whatsapp'";
    assert_eq!(world.count(granted).await, 1, "the grant");
    assert_eq!(
        world.count("SELECT count(*) FROM silenced_users WHERE because = 'loss'").await,
        1,
        "the loss"
    );
    let entries = "SELECT count(*) FROM consent_ledger l JOIN person_keys k USING (person_key)
                   WHERE k.user_id = 'user-4711' AND l.said_at < now() - interval '30 minutes'";
    assert_eq!(world.count(entries).await, 0, "nothing from before the wish");
    world.end().await;
}

#[tokio::test]
async fn an_erasure_that_comes_late_leaves_the_newer_signup() {
    let (world, now) = (World::create().await, Utc::now());
    accepted(&world, &facts_at(USER, NUMBER, now - TimeDelta::seconds(5))).await;
    erased_as_of(&world, now - TimeDelta::seconds(30)).await;
    assert_eq!(world.user(USER).await, "received - due -");
    world.end().await;
}

#[tokio::test]
async fn a_clock_that_is_ahead_brings_nobody_back() {
    let (world, now) = (World::create().await, Utc::now());
    accepted(&world, &facts_at(USER, NUMBER, now + TimeDelta::seconds(60))).await;
    erased_as_of(&world, now + TimeDelta::seconds(120)).await;
    assert_eq!(world.count("SELECT count(*) FROM users").await, 0);
    let late = now + TimeDelta::seconds(100);
    assert!(erasures::ignores(&world.pool, Some(&erasure_key()), &user(), late).await.unwrap());
    world.end().await;
}

#[tokio::test]
async fn staff_erase_what_is_stored_also_where_the_portals_clock_is_ahead() {
    let (world, now) = (World::create().await, Utc::now());
    accepted(&world, &facts_at(USER, NUMBER, now + TimeDelta::minutes(5))).await;
    assert_eq!(asked_and_erased(&world).await, Erased::Yes);
    assert_eq!(world.count("SELECT count(*) FROM users").await, 0);
    world.end().await;
}

#[tokio::test]
async fn a_former_number_that_was_stopped_stays_stopped_and_the_present_one_is_not() {
    let (world, now) = (World::create().await, Utc::now());
    accepted(&world, &facts_at(USER, NUMBER, now - TimeDelta::hours(1))).await;
    let stop = Door { action: None, ..PORTAL };
    doors::stop(&world.pool, Person::User(&user()), &stop).await.unwrap();
    let moved = NewState::plain(facts_at(USER, OTHER, now), UserState::Received, None);
    let record = Record { pool: world.pool.clone(), erasure: None };
    assert_eq!(record.run(&[moved]).await.unwrap()[0], Written::Yes);
    assert_eq!(asked_and_erased(&world).await, Erased::Yes);
    let digests = "SELECT count(*) FROM erased_numbers WHERE suppressed";
    assert_eq!(world.count(digests).await, 1);
    assert_eq!(world.claim(&facts_at("new-user", NUMBER, Utc::now())).await.1, ClaimResult::StoppedBefore);
    assert_eq!(world.claim(&facts_at("other-user", OTHER, Utc::now())).await.1, ClaimResult::Yes);
    world.end().await;
}

#[tokio::test]
async fn a_stop_after_the_wish_for_erasure_holds() {
    let (world, now) = (World::create().await, Utc::now());
    accepted(&world, &facts_at(USER, NUMBER, now - TimeDelta::hours(1))).await;
    doors::request_erasure(&world.pool, &user(), now, &PORTAL).await.unwrap();
    doors::lift(&world.pool, Person::User(&user()), &PORTAL).await.unwrap();
    doors::stop(&world.pool, Person::User(&user()), &PORTAL).await.unwrap();
    assert_eq!(pending_erased(&world).await, Erased::Yes);
    assert_eq!(world.count("SELECT count(*) FROM erased_numbers WHERE suppressed").await, 1);
    world.end().await;
}

#[tokio::test]
async fn a_worker_without_the_key_claims_nothing_once_there_is_one() {
    let world = World::create().await;
    accepted(&world, &facts_at(USER, NUMBER, Utc::now() - TimeDelta::hours(1))).await;
    assert_eq!(asked_and_erased(&world).await, Erased::Yes);
    shared::erasure::adopt_key(&world.pool, &erasure_key()).await.unwrap();
    assert_eq!(
        world.claim_without_key(&facts_at("new-user", OTHER, Utc::now())).await,
        ClaimResult::LookAgain
    );
    assert_eq!(world.claim(&facts_at("new-user", OTHER, Utc::now())).await.1, ClaimResult::Yes);
    world.end().await;
}

#[tokio::test]
async fn a_restored_backup_returns_users_whom_consents_alone_name() {
    let (world, key) = (World::create().await, erasure_key());
    let agrees = |of: &'static str| {
        let entry = NewEntry {
            key: EntryKey::random(),
            consent: Consent::new(Purpose::Tips, ConsentChannel::Sms, ConsentAction::Grant),
        };
        let pool = world.pool.clone();
        async move {
            let user = UserId::parse(of).unwrap();
            doors::say(&pool, Person::User(&user), &[entry], &PORTAL).await.unwrap()
        }
    };
    accepted(&world, &facts_at(USER, NUMBER, Utc::now() - TimeDelta::hours(1))).await;
    agrees("not-signed-up").await;
    let erased_at = Utc::now();
    // Said after the erasure: it is to stay.
    agrees("came-back").await;
    for (user, as_of) in [(USER, erased_at), ("not-signed-up", erased_at), ("came-back", erased_at)] {
        let digest = key.user(&UserId::parse(user).unwrap());
        sqlx::query("INSERT INTO erased_users (digest, as_of) VALUES ($1, $2)")
            .bind(&digest[..])
            .bind(as_of)
            .execute(&world.pool)
            .await
            .unwrap();
    }
    let returned = erasures::returned(&world.pool, &key).await.unwrap();
    let ids: Vec<&str> = returned.iter().map(|(user, _)| user.as_str()).collect();
    assert_eq!(ids, ["not-signed-up", USER]);
    world.end().await;
}

#[tokio::test]
async fn a_number_that_was_welcomed_before_an_erasure_is_not_recovered() {
    let world = World::create().await;
    accepted(&world, &facts_at(USER, NUMBER, Utc::now() - TimeDelta::hours(1))).await;
    assert_eq!(asked_and_erased(&world).await, Erased::Yes);
    let (number, key) = (number(), erasure_key());
    let phones = [number.as_str(), "+9779840000008"];
    assert_eq!(recover::blocked(&world.pool, Some(&key), &phones).await.unwrap(), [number.as_str()]);
    assert_eq!(recover::blocked(&world.pool, None, &phones).await.unwrap(), [""; 0]);
    world.end().await;
}

#[tokio::test]
async fn a_callback_of_an_erased_person_is_dropped() {
    let world = World::create().await;
    let (request, _) = world.claim(&facts_at(USER, NUMBER, Utc::now() - TimeDelta::hours(1))).await;
    world.ends(Ended { outcome: AttemptOutcome::Accepted, ..ended(&request, true) }).await;
    assert_eq!(asked_and_erased(&world).await, Erased::Yes);
    let callback = crate::store::fixtures::callback(&request, true);
    let taken = callbacks::take(&world.pool, &callback, &Meaning::default()).await.unwrap();
    assert_eq!(taken.effect, Seen::Erased);
    assert_eq!(world.count("SELECT count(*) FROM status_callbacks").await, 0);
    world.end().await;
}
