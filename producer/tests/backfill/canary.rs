//! The canary of a run: its outcomes decide whether the rest is enqueued.

use serde_json::json;
use support::{CommandEnv, Program};

const RECEIVED: &str = "SELECT count(*) FROM users WHERE state = 'received'";

pub(crate) fn env_of(users: u32) -> CommandEnv {
    let test = CommandEnv::new();
    test.run(test.database.execute(&format!(
        "INSERT INTO users (user_id, phone_raw, source, changed_at)
         SELECT lpad(n::text, 3, '0'), '98' || lpad(n::text, 8, '0'), 'import', now()
         FROM generate_series(1, {users}) n"
    )));
    test
}

/// Writes outcomes for waiting `users` in order, as the worker and its callbacks do.
pub(crate) fn welcome(test: &CommandEnv, users: u32, status: &str) {
    test.run(test.database.execute(&format!(
        "WITH due AS (SELECT user_id, phone_raw FROM users WHERE state = 'received' ORDER BY user_id LIMIT {users}),
              made AS (INSERT INTO attempts (message_id, user_id, phone_e164, outcome, lane, worker_id, language,
                                             body_sha256, segments, lease_until, twilio_status)
                       SELECT gen_random_uuid(), user_id, '+977' || phone_raw, 'accepted', 'backfill', 'w', 'ne', '',
                              1, now(), '{status}' FROM due
                       RETURNING message_id, user_id)
         UPDATE users u SET state = 'registered', attempt_id = made.message_id
         FROM made WHERE u.user_id = made.user_id"
    )));
}

#[test]
fn a_failed_canary_stops_the_run_before_the_rest() {
    let test = env_of(20);
    let running = test.command(Program::Backfill).args("--yes --output json --canary 5").start();
    test.wait_for("the canary", async |w| Ok(w.database.number(RECEIVED).await? == 5));
    welcome(&test, 4, "delivered");
    welcome(&test, 1, "undelivered");
    let ended = running.end().expect(5);
    let report = ended.json();
    let canary = json!({"delivered": 4, "failed": 1, "sent": 0, "open": 0, "without_message": 0});
    assert_eq!((&report["canary"], &report["enqueued"]["total"]), (&canary, &json!(5)));
    assert_eq!((&report["remaining"], &report["complete"]), (&json!(15), &json!(false)));
    assert!(ended.stderr.contains("backfill --resume "), "{}", ended.stderr);
    assert_eq!(
        test.run(test.database.number("SELECT count(*) FROM backfill_runs WHERE state = 'halted'")),
        1
    );

    let again = test.command(Program::Backfill).args("--yes --output json --resume last").end().expect(5);
    assert_eq!(again.json()["enqueued"]["total"], 5, "it is judged again, with nobody more");
    let resume = "--yes --output json --resume last --canary-share 0.8";
    let rest = test.command(Program::Backfill).args(resume).end().expect(0).json();
    assert_eq!((&rest["enqueued"]["total"], &rest["remaining"]), (&json!(20), &json!(0)));
}

#[test]
fn a_passed_canary_lets_the_rest_be_enqueued() {
    let test = env_of(20);
    let running = test.command(Program::Backfill).args("--yes --output json --canary 5").start();
    test.wait_for("the canary", async |w| Ok(w.database.number(RECEIVED).await? == 5));
    welcome(&test, 5, "delivered");
    let report = running.end().expect(0).json();
    assert_eq!((&report["canary"]["delivered"], &report["enqueued"]["total"]), (&json!(5), &json!(20)));
}

#[test]
fn at_the_end_of_its_time_sent_counts_and_silence_does_not() {
    let test = env_of(20);
    let wait = "--yes --output json --canary-wait 3s";
    let silent = test.command(Program::Backfill).args(wait).args("--canary 5").end().expect(5).json();
    assert_eq!((&silent["canary"]["open"], &silent["enqueued"]["total"]), (&json!(5), &json!(5)));
    welcome(&test, 5, "sent");
    let report = test.command(Program::Backfill).args(wait).args("--resume last").end().expect(0).json();
    assert_eq!((&report["canary"]["sent"], &report["enqueued"]["total"]), (&json!(5), &json!(20)));
}
