//! Events about a user that come before the signup of that user.

use chrono::{TimeDelta, Utc};
use shared::{
    domain::{BoundedText, Change, ProfileChange, UserId},
    events::{ProfileChanged, Signup},
};

use crate::{
    facts::Facts,
    store::{
        fixtures::{AUDIENCE, origin},
        profiles::{self, Applied},
        world::World,
    },
};

const ROW: &str = "SELECT concat_ws(' ', state, coalesce(reason, '-'), coalesce(phone_e164, '-'), coalesce(display_name, '-'),
                                    coalesce(household_id, '-'), coalesce(language, '-')) FROM users WHERE user_id = 'ama'";

/// A change of the profile now, before a signup of a minute ago.
async fn change(world: &World, phone: Change<String>) {
    let change = ProfileChanged {
        phone,
        language: Change::Set("en".to_owned()),
        ..ProfileChanged::new(UserId::parse("ama").unwrap())
    };
    let applied = profiles::apply(&world.pool, &AUDIENCE.numbers, None, &change, Utc::now()).await.unwrap();
    assert_eq!(applied, Applied::Yes);
}

async fn signup(world: &World) {
    let signup = Signup {
        display_name: Some("Sita".into()),
        language: Some("ne".into()),
        profile: ProfileChange {
            household_id: Change::Set(BoundedText::new("h").unwrap()),
            ..ProfileChange::default()
        },
        ..Signup::new(UserId::parse("ama").unwrap(), "9840000007".into())
    };
    let facts = Facts::of_signup(signup, Utc::now() - TimeDelta::minutes(1), origin(), &AUDIENCE);
    profiles::complete(&world.pool, &facts).await.unwrap();
}

async fn row(world: &World) -> String {
    sqlx::query_scalar(ROW).fetch_one(&world.pool).await.unwrap()
}

#[tokio::test]
async fn a_signup_completes_once_what_a_later_event_did_not_say() {
    let world = World::create().await;
    change(&world, Change::Keep).await;
    assert_eq!(row(&world).await, "stored - - - - en");
    signup(&world).await;
    assert_eq!(row(&world).await, "stored - +9779840000007 Sita h en");
    sqlx::raw_sql("UPDATE users SET household_id = NULL").execute(&world.pool).await.unwrap();
    signup(&world).await;
    assert_eq!(
        row(&world).await,
        "stored - +9779840000007 Sita - en",
        "what was cleared since stays cleared"
    );
    world.end().await;
}

#[tokio::test]
async fn a_number_that_a_later_event_named_or_cleared_is_not_completed() {
    for (phone, expected) in [
        (Change::Set("9840000008".to_owned()), "stored - +9779840000008 Sita h en"),
        (Change::Clear, "rejected empty - Sita h en"),
    ] {
        let world = World::create().await;
        change(&world, phone).await;
        signup(&world).await;
        assert_eq!(row(&world).await, expected);
        world.end().await;
    }
}

#[tokio::test]
async fn a_number_that_a_backfill_missed_is_completed() {
    let world = World::create().await;
    change(&world, Change::Keep).await;
    let rejected = "UPDATE users SET state = 'rejected', reason = 'empty', enqueued_at = now()";
    sqlx::raw_sql(rejected).execute(&world.pool).await.unwrap();
    signup(&world).await;
    assert_eq!(row(&world).await, "stored - +9779840000007 Sita h en");
    world.end().await;
}
