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

const SILENCED: &str = "SELECT user_id FROM silenced_users ORDER BY 1";
const LOST: &str = "SELECT phone_e164 FROM suppressions WHERE loss AND lifted_at IS NULL ORDER BY 1";
const TASKS: &str = "SELECT coalesce(user_id, 'a number') FROM needs_person WHERE kind = 'loss' AND closed_at IS NULL ORDER BY 1";

fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

async fn report(world: &World, id: &str) -> Effect {
    doors::loss(&world.pool, Person::User(&user(id)), &PORTAL).await.unwrap()
}

async fn undo(world: &World, id: &str) -> Effect {
    doors::undo_loss(&world.pool, Person::User(&user(id)), &STAFF).await.unwrap()
}

/// The claim of a signup some minutes from now.
async fn claim(world: &World, id: &str, number: u32, minutes: i64) -> ClaimResult {
    world.claim(&facts_at(id, number, Utc::now() + TimeDelta::minutes(minutes))).await.1
}

async fn household(world: &World, people: &[(&str, u32)]) {
    for (id, number) in people {
        record(world, &facts_at(id, *number, Utc::now()), None, None).await;
    }
    world.pool.execute("UPDATE users SET household_id = 'h'").await.unwrap();
}

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
    assert_eq!(texts(&world, SILENCED).await, ["ama", "ba", "linked"]);
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
    assert_eq!(doors::undo_loss(&world.pool, Person::User(&user), &STAFF).await.unwrap(), Effect::Done);
    assert_eq!(texts(&world, SILENCED).await, [""; 0]);
    assert_eq!(texts(&world, open).await, [""; 0]);
    let later = facts_at("ama", 77, Utc::now() + TimeDelta::minutes(7));
    assert_eq!(world.claim(&later).await.1, ClaimResult::Yes);
    assert_eq!(doors::undo_loss(&world.pool, Person::User(&user), &STAFF).await.unwrap(), Effect::Already);
    world.end().await;
}

#[tokio::test]
async fn the_event_of_a_loss_that_was_taken_back_changes_nothing_when_it_comes_again() {
    let world = World::create().await;
    let ama = user("ama");
    record(&world, &facts_at("ama", NUMBER, Utc::now()), None, None).await;
    let by = async |event: &str| doors::loss_by_event(&world.pool, &ama, event, &PORTAL).await.unwrap();
    assert_eq!(by("evt-1").await, Effect::Done);
    assert_eq!(by("evt-1").await, Effect::Already);
    assert_eq!(undo(&world, "ama").await, Effect::Done);
    assert_eq!(by("evt-1").await, Effect::Already);
    assert_eq!(texts(&world, SILENCED).await, [""; 0]);
    assert_eq!(texts(&world, TASKS).await, [""; 0]);
    // Another event is another report.
    assert_eq!(by("evt-2").await, Effect::Done);
    assert_eq!(texts(&world, SILENCED).await, ["ama"]);
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
        assert_eq!(doors::undo_loss(&world.pool, Person::User(user), &STAFF).await.unwrap(), Effect::Done);
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
    assert_eq!(undo(&world, "ama").await, Effect::Done);
    assert_eq!(texts(&world, LOST).await, [""; 0]);
    assert_eq!(claim(&world, "ama", 8, 1).await, ClaimResult::Yes);
    world.end().await;
}

#[tokio::test]
async fn each_of_two_losses_of_a_household_holds_until_it_is_taken_back_itself() {
    for (first, second) in [("ama", "ba"), ("ba", "ama")] {
        let world = World::create().await;
        household(&world, &[("ama", 7), ("ba", 8)]).await;
        let tips = [said(Purpose::Tips, ConsentAction::Grant, Utc::now() - TimeDelta::minutes(5))];
        doors::consents(&world.pool, Person::User(&user("ba")), &tips, &PORTAL).await.unwrap();
        for lost in ["ama", "ba"] {
            assert_eq!(report(&world, lost).await, Effect::Done, "{lost}");
            assert_eq!(report(&world, lost).await, Effect::Already, "{lost}");
        }
        assert_eq!(texts(&world, TASKS).await, ["ama", "ba"]);
        assert_eq!(undo(&world, first).await, Effect::Done);
        assert_eq!(texts(&world, TASKS).await, [second]);
        assert_eq!(texts(&world, SILENCED).await, ["ama", "ba"]);
        assert_eq!(texts(&world, LOST).await, ["+9779840000007", "+9779840000008"]);
        assert_eq!(texts(&world, "SELECT DISTINCT loss_of FROM silenced_users").await, [second]);
        for (id, number) in [("ama", 7), ("ba", 8)] {
            assert_eq!(claim(&world, id, number, 5).await, ClaimResult::Suppressed, "{id} {number}");
        }
        assert_eq!(undo(&world, second).await, Effect::Done);
        for sql in [TASKS, SILENCED, LOST, "SELECT loss_of FROM loss_marks"] {
            assert_eq!(texts(&world, sql).await, [""; 0], "{sql}");
        }
        let granted =
            "SELECT DISTINCT purpose FROM consent_effective WHERE user_id = 'ba' AND granted ORDER BY 1";
        assert_eq!(texts(&world, granted).await, ["onboarding", "tips"]);
        assert_eq!(claim(&world, "ama", 7, 6).await, ClaimResult::Yes);
        assert_eq!(claim(&world, "ba", 8, 6).await, ClaimResult::Yes);
        world.end().await;
    }
}

#[tokio::test]
async fn undoing_a_loss_lifts_the_number_that_its_user_had_then() {
    let world = World::create().await;
    record(&world, &facts_at("ama", 7, Utc::now() - TimeDelta::minutes(5)), None, None).await;
    assert_eq!(report(&world, "ama").await, Effect::Done);
    record(&world, &facts_at("ama", 8, Utc::now()), None, None).await;
    doors::stop(&world.pool, Person::Number(&number(8)), &STAFF).await.unwrap();
    assert_eq!(undo(&world, "ama").await, Effect::Done);
    assert_eq!(texts(&world, LOST).await, [""; 0]);
    assert_eq!(claim(&world, "ama", 8, 1).await, ClaimResult::Suppressed, "the stop of the new number holds");
    assert_eq!(claim(&world, "ama", 7, 2).await, ClaimResult::Yes);
    world.end().await;
}

#[tokio::test]
async fn a_number_stays_silenced_for_a_later_user_with_a_loss() {
    let world = World::create().await;
    for (id, number) in [("ama", 7), ("ba", 8)] {
        record(&world, &facts_at(id, number, Utc::now()), None, None).await;
        assert_eq!(report(&world, id).await, Effect::Done);
    }
    world.pool.execute("UPDATE users SET phone_e164 = '+9779840000007' WHERE user_id = 'ba'").await.unwrap();
    assert_eq!(undo(&world, "ama").await, Effect::Done);
    assert_eq!(claim(&world, "ama", 7, 1).await, ClaimResult::Suppressed);
    assert_eq!(undo(&world, "ba").await, Effect::Done);
    assert_eq!(texts(&world, LOST).await, [""; 0]);
    assert_eq!(claim(&world, "ama", 7, 2).await, ClaimResult::Yes);
    world.end().await;
}

#[tokio::test]
async fn undoing_a_loss_of_a_shared_number_lifts_it_for_every_user() {
    let world = World::create().await;
    for id in ["ama", "linked"] {
        record(&world, &facts_at(id, 7, Utc::now()), None, None).await;
    }
    world.pool.execute("UPDATE users SET reason = 'shared_phone' WHERE user_id = 'linked'").await.unwrap();
    assert_eq!(report(&world, "ama").await, Effect::Done);
    assert_eq!(undo(&world, "ama").await, Effect::Done);
    assert_eq!(world.count("SELECT count(*) FROM suppressions WHERE lifted_at IS NULL").await, 0);
    assert_eq!(claim(&world, "linked", 7, 1).await, ClaimResult::Yes);
    world.end().await;
}

#[tokio::test]
async fn a_loss_of_a_number_without_a_user_is_taken_back_by_number_or_by_its_later_user() {
    let world = World::create().await;
    let by_number = Person::Number(&number(9));
    for _ in 0..2 {
        assert_eq!(doors::loss(&world.pool, by_number, &STAFF).await.unwrap(), Effect::Done);
        assert_eq!(texts(&world, TASKS).await, ["a number"]);
        assert_eq!(doors::lift(&world.pool, by_number, &STAFF).await.unwrap(), Effect::Held);
        assert_eq!(doors::undo_loss(&world.pool, by_number, &STAFF).await.unwrap(), Effect::Done);
        assert_eq!(texts(&world, TASKS).await, [""; 0]);
        assert_eq!(texts(&world, LOST).await, [""; 0]);
        assert_eq!(doors::undo_loss(&world.pool, by_number, &STAFF).await.unwrap(), Effect::Already);
    }
    doors::loss(&world.pool, by_number, &STAFF).await.unwrap();
    assert_eq!(claim(&world, "cy", 9, 0).await, ClaimResult::Suppressed);
    assert_eq!(undo(&world, "cy").await, Effect::Done);
    assert_eq!(claim(&world, "cy", 9, 1).await, ClaimResult::Yes);
    world.end().await;
}

#[tokio::test]
async fn a_loss_from_before_the_signup_silences_number_and_household_once_the_user_is_stored() {
    let world = World::create().await;
    record(&world, &facts_at("ba", 8, Utc::now()), None, None).await;
    assert_eq!(report(&world, "ama").await, Effect::Done);
    doors::follow_losses(&world.pool, Some(&user("ama"))).await.unwrap();
    assert_eq!(texts(&world, LOST).await, [""; 0]);
    assert_eq!(claim(&world, "ama", 7, 0).await, ClaimResult::Suppressed);
    world.pool.execute("UPDATE users SET household_id = 'h'").await.unwrap();
    doors::follow_losses(&world.pool, Some(&user("cy"))).await.unwrap();
    assert_eq!(texts(&world, LOST).await, [""; 0], "of another user");
    doors::follow_losses(&world.pool, None).await.unwrap();
    assert_eq!(texts(&world, LOST).await, ["+9779840000007", "+9779840000008"]);
    assert_eq!(claim(&world, "husband", 7, 0).await, ClaimResult::Suppressed);
    assert_eq!(claim(&world, "ba", 88, 1).await, ClaimResult::Suppressed);
    let entries = "SELECT count(*) FROM consent_ledger";
    let before = world.count(entries).await;
    doors::follow_losses(&world.pool, None).await.unwrap();
    assert_eq!(world.count(entries).await, before, "the second time changes nothing");
    assert_eq!(texts(&world, TASKS).await, ["ama"]);
    assert_eq!(undo(&world, "ama").await, Effect::Done);
    for (id, number) in [("husband", 7), ("ba", 8)] {
        assert_eq!(claim(&world, id, number, 2).await, ClaimResult::Yes, "{id}");
    }
    world.end().await;
}
