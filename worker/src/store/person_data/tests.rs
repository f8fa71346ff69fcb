//! Nothing of an erased person is left, and both promises hold: no second welcome, no message after a stop.

mod again;
mod others;

use std::{collections::BTreeSet, fmt::Write as _};

use chrono::{DateTime, TimeDelta, Utc};
use shared::{
    consent::{
        Door, EntryKey, NewEntry, Person, Source,
        doors::{self, Effect},
    },
    domain::{AttemptOutcome, Consent, ConsentAction, ConsentChannel, Purpose, UserId, UserState},
    phone::E164,
};
use sqlx::PgPool;

use super::{Erased, erase, export::TABLES};
use crate::{
    facts::Facts,
    store::{
        batch::Statement,
        claim::ClaimResult,
        ended::Ended,
        erasures,
        fixtures::{ended, erasure_key, facts_at},
        record::{NewState, Record, Written},
        world::World,
    },
};

const USER: &str = "user-4711";
const NUMBER: u32 = 7;
const STAFF: Door<'static> =
    Door { source: Source::Staff, actor: "maya", reason: "test", action: Some("person erase") };

fn user() -> UserId {
    UserId::parse(USER).unwrap()
}

fn number() -> E164 {
    E164::parse("+9779840000007").unwrap()
}

async fn accepted(world: &World, facts: &std::sync::Arc<Facts>) {
    let (request, granted) = world.claim(facts).await;
    assert_eq!(granted, ClaimResult::Yes);
    world.ends(Ended { outcome: AttemptOutcome::Accepted, ..ended(&request, true) }).await;
    world.calls_back(&request).await;
}

/// A user with a row in every table that can name one.
async fn known_everywhere(world: &World) {
    accepted(world, &facts_at(USER, NUMBER, Utc::now() - TimeDelta::hours(1))).await;
    let pool = &world.pool;
    let entry = NewEntry {
        key: EntryKey::random(),
        consent: Consent::new(Purpose::Tips, ConsentChannel::Sms, ConsentAction::Grant),
    };
    doors::say(pool, Person::User(&user()), &[entry], &STAFF).await.unwrap();
    sqlx::raw_sql(
        "UPDATE users SET display_name = 'Sita Gurung', household_id = 'h' WHERE user_id = 'user-4711';
         INSERT INTO stop_links (code, phone_e164, epoch) VALUES ('PCWDDR9B5', '+9779840000007', 0);
         INSERT INTO backfill_runs (actor, filters, counts, cursor) VALUES ('maya', '{}', '{}', 'user-4711');
         INSERT INTO events_out (type, user_id, reason) VALUES ('np.aamcare.onboarding.number_rejected.v1', 'user-4711', 'empty');
         INSERT INTO backfill_ids SELECT id, 'user-4711' FROM backfill_runs;
         INSERT INTO staff_tasks (task_id, kind, user_id, phone_e164, opened_by)
             VALUES (gen_random_uuid(), 'stop_request', NULL, '+9779840000007', 'link');
         INSERT INTO silenced_users (user_id, because, loss_of, source) VALUES ('sister', 'loss', 'user-4711', 'staff');
         INSERT INTO loss_marks (loss_of, user_id, phone_e164) VALUES
             ('user-4711', 'user-4711', '+9779840000007'), ('user-4711', 'sister', '+9779840000008'),
             ('sister', 'user-4711', NULL), ('+9779840000007', NULL, '+9779840000007'), ('+9779840000007', 'ba', NULL);
         INSERT INTO audit_log (actor, action, subject, reason) VALUES
             ('maya', 'reopen', 'user-4711', 'called Sita Gurung'), ('maya', 'pause', 'lane live', 'festival');
         INSERT INTO dead_letters (reason, detail, routing_key, message_id, headers, body, body_sha256) VALUES
             ('schema', 'x', 'user.signed_up.v1', 'of-user-4711', '{}', '{\"data\":{\"user_id\":\"user-4711\"}}', 'a'),
             ('json', 'x', 'user.signed_up.v1', NULL, '{}', '{\"data\":{\"phone_number\":\"984-0000007\"', 'b'),
             ('json', 'x', 'user.signed_up.v1', NULL, '{}', 'somebody else', 'c');
         WITH m AS (
             INSERT INTO messages (message_id, kind, channel, lane, user_id, phone_e164, slot, language, due_at, next_attempt_at, keys)
             VALUES (gen_random_uuid(), 'tip', 'sms', 'tips', 'user-4711', '+9779840000007', 's', 'ne', now(), now(), '{k}')
             RETURNING message_id)
         INSERT INTO message_keys (key, message_id) SELECT 'k', message_id FROM m;
         INSERT INTO message_attempts (attempt_id, message_id, kind, channel, lane, user_id, phone_e164, outcome, worker_id,
                                       language, body_sha256, segments, message_sid)
             SELECT gen_random_uuid(), message_id, 'tip', 'sms', 'tips', user_id, phone_e164, 'accepted', 'w', 'ne', 'x', 1, 'SMtip'
             FROM messages;
         INSERT INTO audit_log (actor, action, subject, reason)
             SELECT 'maya', 'unknown settle', message_id::text, 'welcome seen' FROM attempts
             UNION ALL SELECT 'maya', 'unknown settle', attempt_id::text, 'tip seen' FROM message_attempts",
    )
    .execute(pool)
    .await
    .unwrap();
}

/// Every row of every table, as text.
async fn everything(pool: &PgPool) -> String {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let mut all = String::new();
    for table in tables {
        let sql = format!("SELECT coalesce(string_agg(to_jsonb(t)::text, E'\\n'), '') FROM {table} t");
        let rows: String = sqlx::query_scalar(&sql).fetch_one(pool).await.unwrap();
        writeln!(all, "{table}: {rows}").unwrap();
    }
    let bodies = "SELECT coalesce(string_agg(encode(body, 'escape'), E'\\n'), '') FROM dead_letters";
    all + &sqlx::query_scalar::<_, String>(bodies).fetch_one(pool).await.unwrap()
}

/// Spellings of what names the user.
const WORDS: [&str; 5] = [USER, "9840000007", "984-0000007", "Sita", "Gurung"];

async fn asked_and_erased(world: &World) -> Erased {
    doors::request_erasure(&world.pool, &user(), Utc::now(), &STAFF).await.unwrap();
    pending_erased(world).await
}

async fn pending_erased(world: &World) -> Erased {
    let request = erasures::pending_of(&world.pool, &user()).await.unwrap().expect("pending");
    erase(&world.pool, &erasure_key(), &request).await.unwrap()
}

#[tokio::test]
async fn nothing_that_names_an_erased_person_is_left() {
    let world = World::create().await;
    known_everywhere(&world).await;
    let before = everything(&world.pool).await;
    for word in WORDS {
        assert!(before.contains(word), "the search finds {word}");
    }
    let parts = super::export(&world.pool, &user()).await.unwrap();
    let shown: Vec<&str> = parts.iter().map(|part| part.table).collect();
    for table in [
        "users",
        "attempts",
        "messages",
        "message_attempts",
        "consent_ledger",
        "loss_marks",
        "dead_letters",
        "audit_log",
    ] {
        assert!(shown.contains(&table), "{table}: {shown:?}");
    }
    let audited = parts.iter().find(|part| part.table == "audit_log").unwrap();
    for settled in ["welcome seen", "tip seen"] {
        assert!(audited.rows.iter().any(|row| row["reason"] == settled), "{settled}");
    }
    let marks = parts.iter().find(|part| part.table == "loss_marks").unwrap();
    let mut whose: Vec<&str> = marks.rows.iter().map(|row| row["loss_of"].as_str().unwrap_or("-")).collect();
    whose.sort_unstable();
    assert_eq!(whose, ["+9779840000007", USER], "no other person's");
    assert_eq!(asked_and_erased(&world).await, Erased::Yes);
    let after = everything(&world.pool).await;
    for word in WORDS {
        let line = after.lines().find(|line| line.contains(word));
        assert_eq!(line, None, "{word}");
    }
    // Rows about other people stay.
    for kept in ["lane live", "festival", "somebody else", "'loss'".trim_matches('\''), "sister"] {
        assert!(after.contains(kept), "{kept}");
    }
    let marks = "SELECT string_agg(concat_ws(' ', loss_of, user_id, phone_e164), ', ' ORDER BY user_id) FROM loss_marks";
    let marks: String = sqlx::query_scalar(marks).fetch_one(&world.pool).await.unwrap();
    assert_eq!(marks, "ba ba, sister sister +9779840000008", "each has a loss of their own");
    assert_eq!(world.count("SELECT count(*) FROM redactions WHERE next_try_at IS NOT NULL").await, 2);
    assert_eq!(world.count("SELECT count(*) FROM attempts WHERE blocks AND sid IS NOT NULL").await, 1);
    assert!(super::export(&world.pool, &user()).await.unwrap().is_empty());
    world.end().await;
}

#[tokio::test]
async fn a_new_signup_of_the_number_gets_no_second_welcome() {
    let world = World::create().await;
    known_everywhere(&world).await;
    assert_eq!(asked_and_erased(&world).await, Erased::Yes);
    for name in [USER, "new-user"] {
        assert_eq!(world.claim(&facts_at(name, NUMBER, Utc::now())).await.1, ClaimResult::WelcomedBefore);
        assert_eq!(world.user(name).await, "registered already_welcomed -");
    }
    let status = "SELECT count(*) FROM onboarding_status
                  WHERE state = 'registered' AND welcome_status = 'skipped' AND reason = 'already_welcomed'";
    assert_eq!(world.count(status).await, 2);
    assert_eq!(world.count("SELECT count(*) FROM attempts").await, 1);
    world.end().await;
}

#[tokio::test]
async fn a_number_that_was_stopped_stays_stopped() {
    let world = World::create().await;
    let facts = facts_at(USER, NUMBER, Utc::now() - TimeDelta::hours(1));
    let state = NewState::plain(facts, UserState::Received, None);
    assert_eq!(
        Record { pool: world.pool.clone(), erasure: None }.run(&[state]).await.unwrap()[0],
        Written::Yes
    );
    assert_eq!(doors::stop(&world.pool, Person::User(&user()), &STAFF).await.unwrap(), Effect::Done);
    assert_eq!(asked_and_erased(&world).await, Erased::Yes);
    assert_eq!(world.count("SELECT count(*) FROM suppressions").await, 0);

    let again = facts_at("new-user", NUMBER, Utc::now());
    assert_eq!(world.claim(&again).await.1, ClaimResult::StoppedBefore);
    let digest = erasure_key().number(number().as_str());
    for _ in 0..2 {
        doors::restore_stop(&world.pool, &number(), &digest).await.unwrap();
        assert_eq!(world.claim(&again).await.1, ClaimResult::Suppressed);
        assert_eq!(world.user("new-user").await, "suppressed opted_out -");
    }
    world.end().await;
}

#[tokio::test]
async fn a_number_that_was_neither_welcomed_nor_stopped_is_welcomed() {
    let world = World::create().await;
    let state = NewState::plain(facts_at(USER, NUMBER, Utc::now()), UserState::Received, None);
    assert_eq!(
        Record { pool: world.pool.clone(), erasure: None }.run(&[state]).await.unwrap()[0],
        Written::Yes
    );
    assert_eq!(asked_and_erased(&world).await, Erased::Yes);
    assert_eq!(world.claim(&facts_at("new-user", NUMBER, Utc::now())).await.1, ClaimResult::Yes);
    world.end().await;
}

#[tokio::test]
async fn an_erasure_waits_for_a_call_whose_outcome_is_not_known() {
    let world = World::create().await;
    let facts = facts_at(USER, NUMBER, Utc::now());
    let (request, granted) = world.claim(&facts).await;
    assert_eq!(granted, ClaimResult::Yes);
    assert_eq!(asked_and_erased(&world).await, Erased::Waits(1));
    world.ends(Ended { outcome: AttemptOutcome::Unknown, user: None, ..ended(&request, false) }).await;
    assert_eq!(pending_erased(&world).await, Erased::Waits(1));
    world.calls_back(&request).await;
    assert_eq!(pending_erased(&world).await, Erased::Yes);
    world.end().await;
}

#[tokio::test]
async fn an_event_from_before_the_erasure_brings_nothing_back() {
    let world = World::create().await;
    accepted(&world, &facts_at(USER, NUMBER, Utc::now() - TimeDelta::hours(1))).await;
    assert_eq!(asked_and_erased(&world).await, Erased::Yes);
    let record = Record { pool: world.pool.clone(), erasure: Some(erasure_key()) };
    let signup = |at: DateTime<Utc>| NewState::plain(facts_at(USER, 8, at), UserState::Received, None);
    let minute = TimeDelta::minutes(1);
    assert_eq!(record.run(&[signup(Utc::now() - minute)]).await.unwrap()[0], Written::Superseded);
    assert_eq!(world.claim(&facts_at(USER, 8, Utc::now() - minute)).await.1, ClaimResult::LookAgain);
    assert_eq!(world.count("SELECT count(*) FROM users").await, 0);
    let key = erasure_key();
    assert!(erasures::ignores(&world.pool, Some(&key), &user(), Utc::now() - minute).await.unwrap());
    assert!(!erasures::ignores(&world.pool, Some(&key), &user(), Utc::now() + minute).await.unwrap());
    assert_eq!(record.run(&[signup(Utc::now() + minute)]).await.unwrap()[0], Written::Yes);
    world.end().await;
}

#[tokio::test]
async fn another_user_of_the_number_is_not_touched() {
    let world = World::create().await;
    let hers = facts_at(USER, NUMBER, Utc::now() - TimeDelta::hours(1));
    let (request, granted) = world.claim(&hers).await;
    assert_eq!(granted, ClaimResult::Yes);
    world.ends(Ended { outcome: AttemptOutcome::Accepted, ..ended(&request, true) }).await;
    assert_eq!(world.link(&facts_at("sister", NUMBER, Utc::now()), &request).await, Written::Yes);
    assert_eq!(asked_and_erased(&world).await, Erased::Yes);
    assert_eq!(world.user("sister").await, "registered already_welcomed -");
    assert_eq!(world.count("SELECT count(*) FROM suppressions WHERE lifted_at IS NULL").await, 0);
    assert_eq!(world.claim(&facts_at("sister", NUMBER, Utc::now())).await.1, ClaimResult::WelcomedBefore);
    world.end().await;
}

#[tokio::test]
async fn a_stop_outlives_the_erasure_of_one_of_two_users() {
    let world = World::create().await;
    let hers = facts_at(USER, NUMBER, Utc::now() - TimeDelta::hours(1));
    let (request, _) = world.claim(&hers).await;
    world.ends(Ended { outcome: AttemptOutcome::Accepted, ..ended(&request, true) }).await;
    assert_eq!(world.link(&facts_at("sister", NUMBER, Utc::now()), &request).await, Written::Yes);
    assert_eq!(doors::stop(&world.pool, Person::Number(&number()), &STAFF).await.unwrap(), Effect::Done);
    assert_eq!(asked_and_erased(&world).await, Erased::Yes);
    assert_eq!(world.count("SELECT count(*) FROM suppressions WHERE lifted_at IS NULL").await, 1);
    assert_eq!(doors::lift(&world.pool, Person::Number(&number()), &STAFF).await.unwrap(), Effect::Done);
    world.end().await;
}

#[tokio::test]
async fn a_user_who_waits_with_the_number_waits_on_after_the_erasure() {
    let world = World::create().await;
    let record = Record { pool: world.pool.clone(), erasure: None };
    for name in [USER, "sister"] {
        let facts = facts_at(name, NUMBER, Utc::now() - TimeDelta::minutes(2));
        let state = NewState::plain(facts, UserState::Received, None);
        assert_eq!(record.run(&[state]).await.unwrap()[0], Written::Yes);
    }
    doors::request_erasure(&world.pool, &user(), Utc::now(), &STAFF).await.unwrap();
    // Meanwhile the number is stopped for everybody.
    let sister = facts_at("sister", NUMBER, Utc::now() - TimeDelta::minutes(1));
    assert_eq!(world.claim(&sister).await.1, ClaimResult::Suppressed);
    assert_eq!(world.user("sister").await, "suppressed opted_out -");
    assert_eq!(pending_erased(&world).await, Erased::Yes);
    assert_eq!(world.user("sister").await, "received - due -");
    assert_eq!(world.claim(&facts_at("sister", NUMBER, Utc::now())).await.1, ClaimResult::Yes);
    world.end().await;
}

#[tokio::test]
async fn a_stop_of_tips_outlives_the_erasure_of_one_of_two_users() {
    let world = World::create().await;
    let hers = facts_at(USER, NUMBER, Utc::now() - TimeDelta::hours(1));
    let (request, _) = world.claim(&hers).await;
    world.ends(Ended { outcome: AttemptOutcome::Accepted, ..ended(&request, true) }).await;
    assert_eq!(world.link(&facts_at("sister", NUMBER, Utc::now()), &request).await, Written::Yes);
    assert_eq!(doors::stop_tips(&world.pool, Person::User(&user()), &STAFF).await.unwrap(), Effect::Done);
    assert_eq!(asked_and_erased(&world).await, Erased::Yes);
    assert_eq!(world.count("SELECT count(*) FROM tip_suppressions").await, 1);
    assert_eq!(world.count("SELECT count(*) FROM suppressions WHERE lifted_at IS NULL").await, 0);
    world.end().await;
}

#[tokio::test]
async fn the_audit_log_stays_append_only() {
    let world = World::create().await;
    sqlx::query("INSERT INTO audit_log (actor, action, subject, reason) VALUES ('maya', 'pause', 'x', 'y')")
        .execute(&world.pool)
        .await
        .unwrap();
    for change in [
        "UPDATE audit_log SET reason = 'z'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "SET aamcare.pseudonymising = 'on'; UPDATE audit_log SET actor = 'z'",
    ] {
        let error = sqlx::raw_sql(change).execute(&world.pool).await.unwrap_err().to_string();
        assert!(error.contains("append-only"), "{change}: {error}");
    }
    world.end().await;
}

/// Tables whose columns only look as if they named people: the body of a template is the same for everyone.
const NAMELESS: [&str; 1] = ["contents"];

#[tokio::test]
async fn a_table_that_names_people_is_not_forgotten() {
    let world = World::create().await;
    let naming: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
           AND a.attname ~ '(user_id|phone|person_key|household|display_name|subject|body$|loss_of)' AND a.attnum > 0",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap();
    let naming: BTreeSet<&str> = naming.iter().map(String::as_str).collect();
    let known: BTreeSet<&str> = TABLES.into_iter().chain(NAMELESS).collect();
    let forgotten: Vec<&&str> = naming.difference(&known).collect();
    assert!(forgotten.is_empty(), "neither exported nor erased: {forgotten:?}");
    assert!(naming.len() > 10, "the search finds tables: {naming:?}");
    world.end().await;
}
