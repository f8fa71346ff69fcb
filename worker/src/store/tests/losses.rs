//! A loss: the people that it silences, and how it is taken back.

use chrono::{TimeDelta, Utc};
use shared::{
    consent::{
        Person,
        doors::{self, Effect},
    },
    domain::{AttemptOutcome, ConsentAction, Purpose, UserId},
};
use sqlx::Executor;

use super::doors::{NUMBER, PORTAL, STAFF, number, record, said};
use crate::store::{
    claim::ClaimResult,
    ended::Ended,
    fixtures::{ended, facts_at},
    world::World,
};

async fn texts(world: &World, sql: &str) -> Vec<String> {
    sqlx::query_scalar(sql).fetch_all(&world.pool).await.unwrap()
}

#[tokio::test]
async fn a_loss_silences_household_and_number_and_only_a_person_takes_it_back() {
    let world = World::create().await;
    let user = UserId::parse("ama").unwrap();
    for (id, number) in [("ama", 7), ("ba", 8), ("linked", 7), ("other", 9)] {
        record(&world, &facts_at(id, number, Utc::now()), None, None).await;
    }
    world.pool.execute("UPDATE users SET household_id = 'h' WHERE user_id IN ('ama', 'ba')").await.unwrap();
    world
        .pool
        .execute("UPDATE users SET reason = 'shared_phone', state = 'registered' WHERE user_id = 'linked'")
        .await
        .unwrap();
    doors::loss(&world.pool, Person::User(&user), &PORTAL).await.unwrap();
    let silenced = "SELECT user_id FROM silenced_users ORDER BY 1";
    assert_eq!(texts(&world, silenced).await, ["ama", "ba", "linked"]);
    for (id, number) in [("ama", 7), ("ba", 8), ("ama", 77), ("ba", 88)] {
        let later = facts_at(id, number, Utc::now() + TimeDelta::minutes(5));
        assert_eq!(world.claim(&later).await.1, ClaimResult::Suppressed, "{id} {number}");
    }
    assert_eq!(world.claim(&facts_at("other", 9, Utc::now())).await.1, ClaimResult::Yes);
    let grant = [said(Purpose::Onboarding, ConsentAction::Grant, Utc::now())];
    doors::consents(&world.pool, Person::User(&user), &grant, &PORTAL).await.unwrap();
    let later = facts_at("ama", 7, Utc::now() + TimeDelta::minutes(6));
    assert_eq!(world.claim(&later).await.1, ClaimResult::Suppressed, "no event takes a loss back");
    let open = "SELECT kind || ' ' || user_id FROM needs_person WHERE closed_at IS NULL";
    assert_eq!(texts(&world, open).await, ["loss ama"]);
    assert_eq!(doors::undo_loss(&world.pool, &user, &STAFF).await.unwrap(), Effect::Done);
    assert_eq!(texts(&world, silenced).await, [""; 0]);
    assert_eq!(texts(&world, open).await, [""; 0]);
    let later = facts_at("ama", 77, Utc::now() + TimeDelta::minutes(7));
    assert_eq!(world.claim(&later).await.1, ClaimResult::Yes);
    assert_eq!(doors::undo_loss(&world.pool, &user, &STAFF).await.unwrap(), Effect::Already);
    world.end().await;
}

#[tokio::test]
async fn a_loss_outweighs_a_stop_of_a_number_without_a_user() {
    let world = World::create().await;
    let (number, open) = (number(NUMBER), "SELECT kind FROM needs_person WHERE closed_at IS NULL");
    doors::stop(&world.pool, Person::Number(&number), &STAFF).await.unwrap();
    assert_eq!(doors::loss(&world.pool, Person::Number(&number), &STAFF).await.unwrap(), Effect::Done);
    assert_eq!(texts(&world, open).await, ["loss"]);
    assert_eq!(doors::loss(&world.pool, Person::Number(&number), &STAFF).await.unwrap(), Effect::Already);
    assert_eq!(doors::lift(&world.pool, Person::Number(&number), &STAFF).await.unwrap(), Effect::Held);
    // Neither a wish of the portal nor another account of the number lifts it.
    let user = UserId::parse("other").unwrap();
    let grant = [said(Purpose::Onboarding, ConsentAction::Grant, Utc::now())];
    doors::consents(&world.pool, Person::Signup(&user, Some(&number)), &grant, &PORTAL).await.unwrap();
    assert_eq!(world.claim(&facts_at("other", NUMBER, Utc::now())).await.1, ClaimResult::Suppressed);
    world.end().await;
}

#[tokio::test]
async fn undoing_a_loss_leaves_a_stop_from_before_it() {
    let world = World::create().await;
    let (ama, ba) = (UserId::parse("ama").unwrap(), UserId::parse("ba").unwrap());
    record(&world, &facts_at("ama", NUMBER, Utc::now()), None, None).await;
    for user in [&ama, &ba] {
        doors::stop(&world.pool, Person::User(user), &STAFF).await.unwrap();
        doors::loss(&world.pool, Person::User(user), &STAFF).await.unwrap();
        assert_eq!(doors::undo_loss(&world.pool, user, &STAFF).await.unwrap(), Effect::Done);
    }
    for (user, number) in [("ama", NUMBER), ("ba", 8)] {
        let later = facts_at(user, number, Utc::now() + TimeDelta::minutes(1));
        assert_eq!(world.claim(&later).await.1, ClaimResult::Suppressed, "{user}");
    }
    assert_eq!(doors::lift(&world.pool, Person::User(&ama), &STAFF).await.unwrap(), Effect::Done);
    let later = facts_at("ama", NUMBER, Utc::now() + TimeDelta::minutes(2));
    assert_eq!(world.claim(&later).await.1, ClaimResult::Yes);
    world.end().await;
}

#[tokio::test]
async fn a_loss_reported_at_a_former_number_silences_that_number_and_its_user() {
    let world = World::create().await;
    let before = Utc::now() - TimeDelta::hours(1);
    let (request, _) = world.claim(&facts_at("ama", NUMBER, before)).await;
    world.ends(Ended { outcome: AttemptOutcome::Accepted, ..ended(&request, true) }).await;
    let moved = facts_at("ama", 8, Utc::now());
    record(&world, &moved, None, Some(60)).await;
    doors::loss(&world.pool, Person::Number(&number(NUMBER)), &STAFF).await.unwrap();
    assert_eq!(world.claim(&moved).await.1, ClaimResult::Suppressed);
    let pressed =
        format!("SELECT count(*) FROM suppressions WHERE phone_e164 = '{}'", number(NUMBER).as_str());
    assert_eq!(world.count(&pressed).await, 1);
    world.end().await;
}
