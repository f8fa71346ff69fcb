//! The command `signup relay` on the real broker and an outbox in a real database.

#![cfg(feature = "cli")]
// Helpers are tests, too.
#![allow(clippy::unwrap_used)]

use std::collections::HashSet;

use serde_json::json;
use shared::{
    amqp::Topology,
    events::{Event, Kind, decode},
    lane::QueueLane,
};
use support::{Command, CommandEnv, Ended, Program, Proxy};

const PENDING: &str = "SELECT count(*) FROM onboarding_outbox WHERE published_at IS NULL";
const PUBLISHED: &str = "SELECT count(*) FROM onboarding_outbox WHERE published_at IS NOT NULL";
const IDS: &str = "SELECT id::text FROM onboarding_outbox";

fn test_env() -> CommandEnv {
    let test = CommandEnv::new();
    let ddl = Command::new(Program::Signup).args("outbox-ddl").end().expect(0).stdout;
    test.run(test.portal.execute(&ddl));
    test
}

/// Inserts users `from` to `to` in one transaction.
fn insert(test: &CommandEnv, from: u32, to: u32) {
    test.run(test.portal.execute(&format!(
        "INSERT INTO onboarding_outbox (id, type, payload)
         SELECT gen_random_uuid(), 'np.aamcare.user.signed_up.v1',
                jsonb_build_object('user_id', n::text, 'phone_number', '98' || lpad(n::text, 8, '0'))
         FROM generate_series({from}, {to}) n"
    )));
}

fn once(test: &CommandEnv) -> Ended {
    test.command(Program::Signup).args("relay --once").end()
}

fn events(test: &CommandEnv) -> Vec<Event> {
    let bodies = test.run(test.broker.bodies(QueueLane::Live));
    bodies.iter().map(|body| decode(body).unwrap()).collect()
}

fn users(events: &[Event]) -> Vec<u32> {
    let user = |event: &Event| match &event.kind {
        Kind::SignedUp(signup) => signup.user_id.as_str().parse().unwrap(),
        other => panic!("not a signup: {other:?}"),
    };
    events.iter().map(user).collect()
}

#[test]
fn everything_arrives_in_order() {
    let test = test_env();
    insert(&test, 1, 350);
    let tally = json!({"published": 350, "failed": 0, "purged": 0});
    assert_eq!(once(&test).expect(0).json(), tally);
    assert_eq!(users(&events(&test)), (1..=350).collect::<Vec<_>>());
    assert_eq!(once(&test).expect(0).json(), json!({"published": 0, "failed": 0, "purged": 0}));
}

#[test]
fn a_row_keeps_its_id_and_time_and_an_event_its_own() {
    let test = test_env();
    test.run(test.portal.execute(
        r#"INSERT INTO onboarding_outbox (id, type, payload, created_at) VALUES
           ('00000000-0000-0000-0000-000000000001', 'np.aamcare.user.signed_up.v1', '{"user_id": 1}', '2020-01-02 03:04Z'),
           ('00000000-0000-0000-0000-000000000002', 'np.aamcare.user.signed_up.v1',
            '{"specversion": "1.0", "id": "own", "time": "2021-01-02T03:04:00Z",
              "type": "np.aamcare.user.signed_up.v1", "data": {"user_id": 2}}', now())"#,
    ));
    once(&test).expect(0);
    let told: Vec<_> =
        events(&test).into_iter().map(|e| format!("{} {}", e.id.unwrap(), e.time.at().unwrap())).collect();
    assert_eq!(
        told,
        ["00000000-0000-0000-0000-000000000001 2020-01-02 03:04:00 UTC", "own 2021-01-02 03:04:00 UTC"]
    );
}

#[test]
fn events_about_people_are_published_by_their_own_keys_in_order() {
    let test = test_env();
    for key in Topology::PEOPLE_KEYS {
        test.run(test.portal.execute(&format!(
            r#"INSERT INTO onboarding_outbox (id, type, payload) VALUES (gen_random_uuid(), 'np.aamcare.{key}',
               '{{"specversion": "1.0", "id": "own", "type": "np.aamcare.{key}", "data": {{"user_id": 2, "consents":
                  [{{"purpose": "tips", "channel": "any", "action": "grant"}}]}}}}')"#
        )));
    }
    assert_eq!(once(&test).expect(0).json(), json!({"published": 4, "failed": 0, "purged": 0}));
    let arrived: Vec<String> = test.run(test.broker.people()).into_iter().map(|(key, _)| key).collect();
    assert_eq!(arrived, Topology::PEOPLE_KEYS);
}

#[test]
fn a_poison_row_blocks_no_other_and_keeps_its_error() {
    let test = test_env();
    insert(&test, 1, 1);
    test.run(test.portal.execute(
        r#"INSERT INTO onboarding_outbox (id, type, payload) VALUES
           ('00000000-0000-0000-0000-00000000000a', 'np.aamcare.user.signed_up.v1', '{"phone_number": "9807969278"}'),
           ('00000000-0000-0000-0000-00000000000b', 'signup', '{"user_id": "9807969278"}')"#,
    ));
    insert(&test, 2, 3);
    test.run(test.portal.execute(
        "INSERT INTO onboarding_outbox (id, type, payload, published_at) VALUES
         (gen_random_uuid(), '', '{}', now() - interval '25 hours'),
         (gen_random_uuid(), '', '{}', now() - interval '23 hours')",
    ));
    let ended = once(&test).expect(3);
    assert_eq!(ended.json(), json!({"published": 3, "failed": 2, "purged": 1}));
    assert!(!ended.stderr.contains("9807969278"), "{}", ended.stderr);
    assert_eq!(users(&events(&test)), [1, 2, 3]);
    let failed = "SELECT concat_ws(' ', attempts, last_error) FROM onboarding_outbox
                  WHERE published_at IS NULL ORDER BY seq";
    let errors: Vec<String> = test.run(test.portal.texts(failed)).into_iter().flatten().collect();
    assert!(errors[0].starts_with("1 body does not follow the contract"), "{errors:?}");
    assert!(errors[1].starts_with("1 type is not one of np.aamcare.user.signed_up.v1, "), "{errors:?}");
    assert!(errors.len() == 2 && !errors[0].contains("980"), "{errors:?}");

    test.run(test.portal.execute(
        r#"UPDATE onboarding_outbox SET type = 'np.aamcare.user.signed_up.v1', payload = '{"user_id": "4"}'
           WHERE last_error IS NOT NULL"#,
    ));
    assert_eq!(once(&test).expect(0).json()["published"], json!(2));
    assert_eq!(users(&events(&test)), [4, 4]);
}

#[test]
fn a_returned_event_is_kept_and_sigterm_ends_with_0() {
    let test = test_env();
    let running = test.command(Program::Signup).args("relay").start();
    insert(&test, 1, 1);
    test.wait_for("the first row", async |w| Ok(w.portal.number(PUBLISHED).await? == 1));
    test.run(test.broker.unbind(QueueLane::Live));
    insert(&test, 2, 2);
    let returned = "SELECT count(*) FROM onboarding_outbox
                    WHERE published_at IS NULL AND attempts > 0 AND last_error LIKE 'returned%'";
    test.wait_for("the return", async |w| Ok(w.portal.number(returned).await? == 1));
    running.terminate();
    assert_eq!(running.wait().expect(0).json()["published"], json!(1));
    // A new start binds the queue again.
    assert_eq!(once(&test).expect(0).json()["published"], json!(1));
    assert_eq!(users(&events(&test)), [1, 2]);
}

#[test]
fn a_relay_that_is_killed_repeatedly_loses_nothing() {
    let test = test_env();
    for round in 0..5 {
        insert(&test, round * 400 + 1, round * 400 + 400);
        let before = test.run(test.portal.number(PUBLISHED));
        let running = test.command(Program::Signup).args("relay").start();
        test.wait_for("some rows", async |w| Ok(w.portal.number(PUBLISHED).await? > before));
        running.kill();
    }
    once(&test).expect(0);
    assert_eq!(test.run(test.portal.number(PENDING)), 0);
    let rows: HashSet<String> = test.run(test.portal.texts(IDS)).into_iter().flatten().collect();
    let arrived: HashSet<String> =
        test.run(test.broker.drain(QueueLane::Live)).into_iter().filter_map(|event| event.id).collect();
    assert_eq!(rows.len(), 2000);
    assert_eq!(arrived, rows);
}

#[test]
fn two_relays_share_the_rows() {
    let test = test_env();
    insert(&test, 1, 1000);
    let both = [(); 2].map(|()| test.command(Program::Signup).args("relay").start());
    test.wait_for("all rows", async |w| Ok(w.portal.number(PENDING).await? == 0));
    let counts = both.map(|relay| {
        relay.terminate();
        relay.wait().expect(0).json()["published"].as_u64().unwrap()
    });
    assert_eq!(counts.iter().sum::<u64>(), 1000);
    let mut arrived = users(&events(&test));
    arrived.sort_unstable();
    assert_eq!(arrived, (1..=1000).collect::<Vec<_>>());
}

#[test]
fn the_relay_waits_for_an_unreachable_broker_and_marks_nothing() {
    let test = test_env();
    let broker = test.broker.url();
    let (head, tail) = broker.rsplit_once('@').unwrap();
    let (host, path) = tail.find('/').map_or((tail, ""), |at| tail.split_at(at));
    let proxy = test.run(async {
        let target = tokio::net::lookup_host(host).await?;
        let proxy = Proxy::to(target).await?;
        proxy.close().await?;
        Ok(proxy)
    });
    let command = test.command(Program::Signup);
    let running = command.env("AMQP_URL", &format!("{head}@{}{path}", proxy.address())).args("relay").start();
    insert(&test, 1, 10);
    let trying = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                  AND application_name = 'signup relay' AND state = 'idle in transaction'";
    test.wait_for("a first try", async |w| Ok(w.portal.number(trying).await? > 0));
    test.wait_for("its end", async |w| Ok(w.portal.number(trying).await? == 0));
    let untouched = "SELECT count(*) FROM onboarding_outbox WHERE published_at IS NULL AND attempts = 0";
    assert_eq!(test.run(test.portal.number(untouched)), 10);
    test.run(proxy.open());
    test.wait_for("the rows", async |w| Ok(w.portal.number(PUBLISHED).await? == 10));
    test.run(proxy.close());
    insert(&test, 11, 20);
    test.wait_for("another try", async |w| Ok(w.portal.number(trying).await? > 0));
    test.run(proxy.open());
    test.wait_for("the others", async |w| Ok(w.portal.number(PUBLISHED).await? == 20));
    running.terminate();
    assert_eq!(running.wait().expect(0).json(), json!({"published": 20, "failed": 0, "purged": 0}));
    assert_eq!(users(&events(&test)).into_iter().collect::<HashSet<_>>(), (1..=20).collect());
}

#[test]
fn missing_settings_and_tables_are_named() {
    let test = CommandEnv::new();
    let ended = once(&test).expect(78);
    assert!(
        ended.stderr.contains("onboarding_outbox") && ended.stderr.contains("outbox-ddl"),
        "{}",
        ended.stderr
    );
    let bare = Command::new(Program::Signup).args("relay").end().expect(78);
    assert!(
        bare.stderr.contains("OUTBOX_DATABASE_URL:") && bare.stderr.contains("AMQP_URL:"),
        "{}",
        bare.stderr
    );
    let remote = test.command(Program::Signup).env("OUTBOX_DATABASE_URL", "postgres://u@db.example.com/x");
    let insecure = remote.args("relay").end().expect(78);
    assert!(insecure.stderr.contains("sslmode"), "{}", insecure.stderr);
    let away = test.command(Program::Signup).env("OUTBOX_DATABASE_URL", "postgres://u:s3cret@127.0.0.1:1/x");
    let ended = away.args("relay").end().expect(69);
    assert!(
        ended.stderr.contains("OUTBOX_DATABASE_URL") && !ended.stderr.contains("s3cret"),
        "{}",
        ended.stderr
    );
}

#[test]
fn an_address_for_metrics_that_is_in_use_is_named() {
    let test = test_env();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = test.command(Program::Signup).env("RELAY_OPS_ADDR", &address).args("relay").end().expect(78);
    assert!(ended.stderr.contains("RELAY_OPS_ADDR") && ended.stderr.contains(&address), "{}", ended.stderr);
}
