//! The command `signup` on the real broker.

#![cfg(feature = "cli")]
// Helpers are tests, too.
#![allow(clippy::unwrap_used)]

use shared::{amqp::Topology, events::Kind, lane::QueueLane};
use support::{Command, CommandEnv, Program};

fn counts(published: u64, confirmed: u64, returned: u64, refused: u64, rejected: u64) -> serde_json::Value {
    serde_json::json!({
        "published": published, "confirmed": confirmed, "returned": returned, "refused": refused,
        "rejected": rejected,
    })
}

fn user_ids(test: &CommandEnv) -> Vec<String> {
    let signup = |event: shared::events::Event| match event.kind {
        Kind::SignedUp(signup) => signup.user_id.to_string(),
        other => panic!("not a signup: {other:?}"),
    };
    let mut ids: Vec<String> = test.run(test.broker.drain(QueueLane::Live)).into_iter().map(signup).collect();
    ids.sort_by_key(|id| (id.len(), id.clone()));
    ids
}

#[test]
fn one_signup_takes_its_number_from_standard_input() {
    let test = CommandEnv::new();
    let command = test.command(Program::Signup);
    let ended = command.args("--user-id 1042 --phone - --kind new_mother").end_with_input("९८०-७९६९२७८\n");
    assert_eq!(ended.expect(0).json(), counts(1, 1, 0, 0, 0));
    let events = test.run(test.broker.drain(QueueLane::Live));
    let [Kind::SignedUp(signup)] = events.iter().map(|e| &e.kind).collect::<Vec<_>>()[..] else { panic!() };
    assert_eq!((signup.user_id.as_str(), signup.phone.as_str()), ("1042", "९८०-७९६९२७८"));
}

#[test]
fn good_lines_are_published_and_bad_ones_named_without_their_number() {
    let test = CommandEnv::new();
    let lines = (0..2000).map(|n| format!("{{\"user_id\":{n},\"phone_number\":\"98{n:08}\"}}\n"));
    let mut input: String = lines.collect();
    input += "{\"user_id\":\"\",\"phone_number\":\"9807969278\"}\n\nnot json 9807969278\n";
    input +=
        r#"{"specversion":"1.0","id":"e1","type":"np.aamcare.user.signed_up.v1","data":{"user_id":2000}}"#;
    let ended = test.command(Program::Signup).args("--format jsonl -").end_with_input(&input).expect(3);
    assert_eq!(ended.json(), counts(2001, 2001, 0, 0, 2));
    assert!(ended.stderr.contains("line 2001:") && ended.stderr.contains("line 2003:"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("9807969278"), "{}", ended.stderr);
    assert_eq!(user_ids(&test), (0..=2000).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[test]
fn a_full_event_is_published_byte_for_byte() {
    let test = CommandEnv::new();
    let full = r#"{"specversion":"1.0", "id":"e-1", "time":"2020-01-02T03:04:05Z", "more": [1.50],
        "type":"np.aamcare.user.signed_up.v1", "data":{"user_id": 7, "phone_number":"980"}}"#
        .replace('\n', " ");
    let input = format!("{full}\r\n{{\"user_id\":\"8\"}}\n");
    test.command(Program::Signup).args("--format jsonl -").end_with_input(&input).expect(0);
    let bodies = test.run(test.broker.bodies(QueueLane::Live));
    assert_eq!(bodies.len(), 2);
    assert_eq!(String::from_utf8(bodies[0].clone()).unwrap(), full);
    let own = shared::events::decode(&bodies[1]).unwrap();
    assert!(own.id.is_some() && own.time.at().is_some());
}

#[test]
fn full_events_about_people_are_published_by_their_own_keys() {
    let test = CommandEnv::new();
    let data = r#"{"user_id":"8","consents":[{"purpose":"tips","channel":"any","action":"withdraw"}]}"#;
    let event = |key: &str| {
        format!(r#"{{"specversion":"1.0", "id":"{key}", "type":"np.aamcare.{key}", "data":{data}}}"#)
    };
    let events = Topology::PEOPLE_KEYS.map(|key| (key.to_owned(), event(key)));
    let bad = event("user.consent_changed.v1").replace("tips", "9807969278");
    let lines = events.iter().map(|(_, event)| event.as_str()).chain([bad.as_str()]);
    let input = lines.collect::<Vec<_>>().join("\n");
    let ended = test.command(Program::Signup).args("--format jsonl -").end_with_input(&input).expect(3);
    assert_eq!(ended.json(), counts(4, 4, 0, 0, 1));
    let named = "line 5: body does not follow the contract: consents[0]: unknown purpose";
    assert!(ended.stderr.contains(named) && !ended.stderr.contains("9807"), "{}", ended.stderr);
    let mut arrived = test.run(test.broker.people());
    arrived.sort();
    let mut sent = events.map(|(key, event)| (key, event.into_bytes()));
    sent.sort();
    assert_eq!(arrived, sent);
}

#[test]
fn csv_is_read_from_a_file() {
    let test = CommandEnv::new();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "id,phone,language\n1,9807969278,ne\n,9,en\n2,,\n").unwrap();
    let command = test.command(Program::Signup);
    let ended = command.args("--format csv").args(file.path().to_str().unwrap()).end().expect(3);
    assert_eq!(ended.json(), counts(2, 2, 0, 0, 1));
    assert!(ended.stderr.contains("line 3:"), "{}", ended.stderr);
    assert_eq!(user_ids(&test), ["1", "2"]);
}

#[test]
fn without_a_binding_signups_are_returned() {
    let test = CommandEnv::new();
    let mut running = test.command(Program::Signup).args("--format jsonl -").start();
    running.write("{\"user_id\":1,\"phone_number\":\"1\"}\n");
    test.wait_for("the first signup", async |w| Ok(w.broker.ready_in(QueueLane::Live).await? == Some(1)));
    test.run(test.broker.unbind(QueueLane::Live));
    running.write("{\"user_id\":2,\"phone_number\":\"1\"}\n{\"user_id\":3,\"phone_number\":\"1\"}\n");
    let ended = running.end().expect(3);
    assert_eq!(ended.json(), counts(3, 1, 2, 0, 0));
    assert!(ended.stderr.contains("line 2:") && ended.stderr.contains("returned"), "{}", ended.stderr);
    assert_eq!(user_ids(&test), ["1"]);
}

#[test]
fn ctrl_c_counts_what_was_published() {
    let test = CommandEnv::new();
    let mut running = test.command(Program::Signup).args("--format jsonl -").start();
    running.write("{\"user_id\":1,\"phone_number\":\"1\"}\n");
    test.wait_for("the first signup", async |w| Ok(w.broker.ready_in(QueueLane::Live).await? == Some(1)));
    running.interrupt();
    assert_eq!(running.wait().expect(130).json(), counts(1, 1, 0, 0, 0));
}

#[test]
fn no_broker_is_69_and_no_configuration_78() {
    let one = |command: Command| command.args("--user-id 1 --phone 9807969278").end();
    let away =
        one(Command::new(Program::Signup).env("AMQP_URL", "amqp://guest:s3cret@127.0.0.1:1")).expect(69);
    assert!(
        away.stderr.contains("RabbitMQ cannot be reached") && !away.stderr.contains("s3cret"),
        "{}",
        away.stderr
    );
    let bare = one(Command::new(Program::Signup).env("AMQP_NAMESPACE", "a b")).expect(78);
    assert!(bare.stderr.contains("AMQP_URL") && bare.stderr.contains("AMQP_NAMESPACE"), "{}", bare.stderr);
}

#[test]
fn a_senseless_command_line_is_2() {
    for args in
        ["", "--user-id 1", "--format jsonl", "--format jsonl /no/such/file", "--user-id 1 --phone 2 x"]
    {
        let command = Command::new(Program::Signup).env("AMQP_URL", "amqp://guest@127.0.0.1:1");
        command.args(args).end().expect(2);
    }
    let help = Command::new(Program::Signup).args("--help").end().expect(0);
    assert!(help.stdout.find("Examples").unwrap() < help.stdout.find("Usage").unwrap());
}
