//! What is announced to the portal, and what is not.

use chrono::Utc;
use shared::{
    consent::{
        Door, EntryKey, NewEntry, Person, Source,
        doors::{self, Effect},
        refusals,
    },
    domain::{Change, Consent, ConsentAction, ConsentChannel, Purpose, Reason, UserId, UserState},
    events::{OutEvent, ProfileChanged},
    phone::E164,
};
use sqlx::Executor as _;

use crate::store::{
    batch::Statement as _,
    events_out::{self, Waiting},
    fixtures::{AUDIENCE, facts_at},
    profiles,
    record::{NewState, Record},
    world::{World, now},
};

const STAFF: Door<'static> =
    Door { source: Source::Staff, actor: "maya", reason: "test", action: Some("test") };
const PORTAL: Door<'static> =
    Door { source: Source::Event, actor: "portal", reason: "test", action: Some("loss report") };

async fn world() -> World {
    let world = World::create().await;
    events_out::switch(&world.pool, true).await.unwrap();
    world
}

/// What waits, in order.
async fn waiting(world: &World) -> Vec<String> {
    let sql = "SELECT concat_ws(' ', user_id, purpose, channel, action, source, reason) FROM events_out ORDER BY seq";
    sqlx::query_scalar(sql).fetch_all(&world.pool).await.unwrap()
}

/// What has waited since the last look.
async fn news(world: &World) -> Vec<String> {
    let waiting = waiting(world).await;
    world.pool.execute("DELETE FROM events_out").await.unwrap();
    waiting
}

fn id(user: &str) -> UserId {
    UserId::parse(user).unwrap()
}

#[tokio::test]
async fn a_stop_and_a_loss_look_alike_and_a_redelivery_is_no_news() {
    let world = world().await;
    doors::stop(&world.pool, Person::User(&id("a")), &PORTAL).await.unwrap();
    doors::loss(&world.pool, Person::User(&id("b")), &PORTAL).await.unwrap();
    let told = news(&world).await;
    assert_eq!(
        told,
        [
            "a onboarding any withdraw event",
            "a tips any withdraw event",
            "b onboarding any withdraw event",
            "b tips any withdraw event",
        ]
    );
    for (purpose, announced) in [(Purpose::Tips, 1), (Purpose::SupportAfterLoss, 1)] {
        let consent = Consent::new(purpose, ConsentChannel::Sms, ConsentAction::Grant);
        let entry = NewEntry { key: EntryKey::of_event(purpose.as_str(), 0), consent };
        for _ in 0..2 {
            let user = id("c");
            doors::consents(&world.pool, Person::User(&user), std::slice::from_ref(&entry), &PORTAL)
                .await
                .unwrap();
        }
        assert_eq!(news(&world).await.len(), announced, "{purpose:?}");
    }
    world.end().await;
}

#[tokio::test]
async fn an_entry_of_a_number_is_announced_for_each_of_its_users() {
    let world = world().await;
    // One who holds the number, one who shares it, one who was never welcomed, and one who has another number by now.
    let holder = now("holder", 7);
    let (request, _) = world.claim(&holder).await;
    let _ = world.link(&now("shares", 7), &request).await;
    let number: E164 = holder.phone.as_ref().unwrap().e164;
    for (user, phone) in [("stored", number.as_str()), ("moved", "+9779840000008")] {
        let sql = "INSERT INTO users (user_id, phone_raw, phone_e164, source, changed_at) VALUES ($1, $2, $2, 'import', now())";
        sqlx::query(sql).bind(user).bind(phone).execute(&world.pool).await.unwrap();
    }
    let moved = "INSERT INTO attempts (message_id, user_id, phone_e164, outcome, blocks, lane, worker_id, language, body_sha256,
                                       segments, lease_until)
                 SELECT gen_random_uuid(), 'moved', $1, 'refused', false, lane, worker_id, language, body_sha256, segments, now()
                 FROM attempts";
    sqlx::query(moved).bind(number.as_str()).execute(&world.pool).await.unwrap();
    // A worker of the release before has suppressed the number: the entry names no user.
    let suppress = "INSERT INTO suppressions (phone_e164, source, actor, reason) VALUES ($1, 'twilio_21610', 'worker', 'x')";
    sqlx::query(suppress).bind(number.as_str()).execute(&world.pool).await.unwrap();
    let mut tx = world.pool.begin().await.unwrap();
    refusals::opted_out(&mut tx, &[number.as_str().to_owned()], &STAFF).await.unwrap();
    tx.commit().await.unwrap();
    let told = news(&world).await;
    let of =
        |user: &str| ["onboarding", "tips"].map(|purpose| format!("{user} {purpose} any withdraw twilio"));
    let mut expected = [of("holder"), of("shares"), of("stored")].concat();
    expected.sort_by_key(|line| line.contains("tips"));
    assert_eq!(told, expected);
    let nobody: E164 = facts_at("x", 9, Utc::now()).phone.as_ref().unwrap().e164;
    assert_eq!(doors::stop(&world.pool, Person::Number(&nobody), &STAFF).await.unwrap(), Effect::Done);
    assert!(news(&world).await.is_empty(), "a number without users");
    world.end().await;
}

#[tokio::test]
async fn a_rejected_number_is_announced_once() {
    let world = world().await;
    let facts = now("r", 3);
    let record = Record { pool: world.pool.clone(), erasure: None };
    for reason in [Reason::LookupInvalid, Reason::LookupInvalid, Reason::WrongNumber] {
        let _ =
            record.run(&[NewState::plain(facts.clone(), UserState::Rejected, Some(reason))]).await.unwrap();
    }
    assert_eq!(news(&world).await, ["r lookup_invalid", "r wrong_number"]);
    let cleared = ProfileChanged { phone: Change::Clear, ..ProfileChanged::new(id("r")) };
    profiles::apply(&world.pool, &AUDIENCE.numbers, None, &cleared, Utc::now()).await.unwrap();
    assert_eq!(news(&world).await, ["r empty"]);
    let (request, _) = world.claim(&now("w", 4)).await;
    let number: E164 = request.user.facts.phone.as_ref().unwrap().e164;
    doors::wrong_number(&world.pool, Person::Number(&number), &STAFF).await.unwrap();
    let told = news(&world).await;
    assert_eq!(told.last().unwrap(), "w wrong_number");
    // Another user claims the number that is known to be wrong.
    world.pool.execute("UPDATE attempts SET blocks = false, outcome = 'refused'").await.unwrap();
    world.claim(&now("v", 4)).await;
    assert_eq!(news(&world).await, ["v wrong_number"]);
    world.end().await;
}

#[tokio::test]
async fn nothing_is_written_while_the_switch_is_off_or_after_a_rollback() {
    let world = world().await;
    events_out::switch(&world.pool, false).await.unwrap();
    doors::stop(&world.pool, Person::User(&id("a")), &STAFF).await.unwrap();
    let record = Record { pool: world.pool.clone(), erasure: None };
    let rejected = NewState::plain(now("r", 3), UserState::Rejected, Some(Reason::LookupInvalid));
    let _ = record.run(&[rejected]).await.unwrap();
    assert!(news(&world).await.is_empty());
    events_out::switch(&world.pool, true).await.unwrap();
    let mut tx = world.pool.begin().await.unwrap();
    refusals::opted_out(&mut tx, &["+9779840000001".to_owned()], &STAFF).await.unwrap();
    tx.rollback().await.unwrap();
    assert!(news(&world).await.is_empty());
    world.end().await;
}

#[tokio::test]
async fn rows_expire_after_30_days_of_the_calendar() {
    let world = world().await;
    doors::stop(&world.pool, Person::User(&id("a")), &STAFF).await.unwrap();
    let mut connection = world.pool.acquire().await.unwrap();
    let all = events_out::waiting(&mut connection).await.unwrap();
    assert_eq!(all.iter().map(|waiting| waiting.rows).collect::<Vec<_>>(), [2, 0, 0]);
    let mut tx = sqlx::Connection::begin(&mut *connection).await.unwrap();
    let rows = events_out::next(&mut tx, OutEvent::ConsentRecorded, 1).await.unwrap();
    events_out::note(&mut tx, &[rows[0].id], &["returned".to_owned()]).await.unwrap();
    tx.commit().await.unwrap();
    let Waiting { last_error, .. } = events_out::waiting(&mut connection).await.unwrap().swap_remove(0);
    assert_eq!(last_error.as_deref(), Some("returned"));
    drop(connection);
    for (days, expired) in [(29, 0), (31, 2)] {
        let ahead = format!(
            "INSERT INTO test_clock (ahead) VALUES (interval '{days} days')
             ON CONFLICT (singleton) DO UPDATE SET ahead = EXCLUDED.ahead"
        );
        world.pool.execute(ahead.as_str()).await.unwrap();
        assert_eq!(events_out::expire(&world.pool).await.unwrap(), expired, "after {days} days");
    }
    assert!(waiting(&world).await.is_empty());
    world.end().await;
}
