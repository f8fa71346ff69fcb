//! The command `backfill` on the real broker and database.

#![cfg(feature = "cli")]
// Helpers are tests, too.
#![allow(clippy::unwrap_used)]

mod canary;
mod pace;
mod runs;
mod selection;
use serde_json::{Value, json};
use shared::{events::Kind, lane::QueueLane};
use sqlx::{Connection, PgConnection};
use support::{Command, CommandEnv, Ended, Program, Truth, textable_numbers};

fn backfill(test: &CommandEnv, flags: &str) -> Ended {
    test.command(Program::Backfill).args("--output json").args(flags).end()
}

fn enqueued_ids(test: &CommandEnv) -> Vec<String> {
    let stored = |event: shared::events::Event| match event.kind {
        Kind::Stored(user) => user.to_string(),
        other => panic!("not a backfill event: {other:?}"),
    };
    let mut ids: Vec<String> =
        test.run(test.broker.drain(QueueLane::Backfill)).into_iter().map(stored).collect();
    ids.sort();
    ids
}

fn states(test: &CommandEnv) -> Vec<String> {
    let sql = "SELECT concat_ws(' ', state, lane, enqueued_at IS NOT NULL, count(*)) FROM users
               GROUP BY state, lane, enqueued_at IS NOT NULL ORDER BY 1";
    test.run(test.database.texts(sql)).into_iter().flatten().collect()
}

#[test]
fn the_dry_run_counts_as_expected_and_the_real_run_does_the_same() {
    let test = CommandEnv::with_portal();
    test.command(Program::Import).args("portal").end().expect(0);
    let truth: Vec<Truth> = Truth::all().into_iter().filter(|t| t.active).collect();
    let textable = truth.iter().filter(|t| t.textable()).count();
    let messages = textable_numbers(&truth).len();

    let dry = backfill(&test, "--dry-run").expect(0).json();
    let enqueued = &dry["enqueued"];
    assert_eq!((&enqueued["total"], &enqueued["welcome"]), (&json!(truth.len()), &json!(messages)));
    assert_eq!(enqueued["shared_phone"], json!(textable - messages));
    assert_eq!(enqueued["rejected"]["empty"], json!(truth.iter().filter(|t| !t.has_phone).count()));
    let rejected: u64 = enqueued["rejected"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert_eq!(json!(rejected), json!(truth.len() - textable));
    assert_eq!((&dry["selected"], &dry["remaining"]), (&json!(truth.len()), &json!(0)));
    assert_eq!(dry["estimate"]["seconds"], json!(messages.div_ceil(10)));
    assert_eq!(states(&test), ["stored live f 490"]);
    assert_eq!(test.run(test.broker.ready_in(QueueLane::Backfill)), None);

    let real = backfill(&test, "--yes").expect(0).json();
    for part in ["enqueued", "skipped", "selected", "remaining", "changed_by_normalising", "examples"] {
        assert_eq!(real[part], dry[part], "{part}");
    }
    assert_eq!((&real["dry_run"], &real["schema"]), (&json!(false), &json!("backfill-report/2")));
    let mut expected: Vec<String> = truth.iter().map(|t| t.user_id.to_owned()).collect();
    expected.sort();
    assert_eq!(enqueued_ids(&test), expected);
    assert_eq!(states(&test), ["received backfill t 490"]);

    let again = backfill(&test, "--yes").expect(0).json();
    assert_eq!((&again["enqueued"]["total"], &again["skipped"]["queued"]), (&json!(0), &json!(490)));
    assert_eq!(enqueued_ids(&test), Vec::<String>::new());
}

const SETTLED: &str = "
    INSERT INTO users (user_id, phone_raw, state, reason, next_attempt_at, active, attempt_id, source, changed_at)
    SELECT id, phone, state::user_state, reason, due, active, attempt, 'event', now() FROM (VALUES
        ('changed',   '9841000001', 'registered', NULL,             NULL,  true,  NULL),
        ('failed',    '9841000002', 'failed',     'error_21211',    NULL,  true,  '00000000-0000-0000-0000-000000000002'),
        ('inactive',  '9841000003', 'stored',     NULL,             NULL,  false, NULL),
        ('lifted',    '9841000004', 'suppressed', 'opted_out',      NULL,  true,  NULL),
        ('mended',    '9841000005', 'failed',     'error_21211',    NULL,  true,  '00000000-0000-0000-0000-000000000005'),
        ('optedout',  '9841000006', 'suppressed', 'opted_out',      NULL,  true,  NULL),
        ('optednew',  '9841000006', 'stored',     NULL,             NULL,  true,  NULL),
        ('queued',    '9841000007', 'received',   NULL,             NULL,  true,  NULL),
        ('rejected',  '014412345',  'rejected',   'landline',       NULL,  true,  NULL),
        ('scheduled', '9841000008', 'received',   'path_fault',     now(), true,  NULL),
        ('shared',    '9841000009', 'registered', 'shared_phone',   NULL,  true,  NULL),
        ('sharednew', '9841000009', 'stored',     NULL,             NULL,  true,  NULL),
        ('welcomed',  '9841000009', 'registered', NULL,             NULL,  true,  '00000000-0000-0000-0000-000000000009')
    ) AS t (id, phone, state, reason, due, active, attempt_text)
    CROSS JOIN LATERAL (SELECT attempt_text::uuid AS attempt) a;
    INSERT INTO attempts (message_id, user_id, phone_e164, outcome, blocks, lane, worker_id, language, body_sha256,
                          segments, lease_until)
    VALUES ('00000000-0000-0000-0000-000000000002', 'failed', '+9779841000002', 'refused', false, 'live', 'w', 'ne', '', 1, now()),
           ('00000000-0000-0000-0000-000000000005', 'mended', '+9779841000099', 'refused', false, 'live', 'w', 'ne', '', 1, now()),
           ('00000000-0000-0000-0000-000000000009', 'welcomed', '+9779841000009', 'accepted', true, 'live', 'w', 'ne', '', 1, now());
    INSERT INTO suppressions (phone_e164, source, actor, reason, lifted_at)
    VALUES ('+9779841000006', 'twilio', 'worker', '21610', NULL), ('+9779841000004', 'twilio', 'worker', '21610', now())";

#[test]
fn a_settled_user_is_skipped_by_reason_and_keeps_the_state() {
    let test = CommandEnv::new();
    test.run(test.database.execute(SETTLED));
    let dry = backfill(&test, "-n").expect(0).json();
    let real = backfill(&test, "-y").expect(0).json();
    for report in [&dry, &real] {
        let skipped = json!({
            "total": 8, "already_welcomed": 1, "shared_phone": 1, "suppressed": 1, "rejected": {"landline": 1},
            "failed": 1, "scheduled": 1, "queued": 1, "inactive": 1,
        });
        let enqueued = json!({
            "total": 5, "welcome": 3, "already_welcomed": 0, "no_consent": 0, "shared_phone": 1, "suppressed": 1, "rejected": {},
            "segments": 3, "no_template": 0, "unreachable": 0, "channel_full": 0,
            "channels": {"sms": 3, "sms_after_waiting": 0, "whatsapp": 0, "whatsapp_categories": {}, "segments_in_place": 0},
        });
        assert_eq!((&report["skipped"], &report["enqueued"]), (&skipped, &enqueued));
    }
    assert_eq!(enqueued_ids(&test), ["changed", "lifted", "mended", "optednew", "sharednew"]);
    let sql =
        "SELECT concat_ws(' ', user_id, state) FROM users WHERE lane = 'backfill' OR enqueued_at IS NOT NULL";
    let mut marked: Vec<String> = test.run(test.database.texts(sql)).into_iter().flatten().collect();
    marked.sort();
    let enqueued = ["changed", "lifted", "mended", "optednew", "sharednew"];
    assert_eq!(marked, enqueued.map(|user| format!("{user} received")));
}

#[test]
fn without_a_binding_the_run_stops_and_no_user_is_marked() {
    let test = CommandEnv::new();
    test.run(test.database.execute(
        "INSERT INTO users (user_id, phone_raw, source, changed_at)
         SELECT n::text, '9841000001', 'import', now() FROM generate_series(1, 10000) n",
    ));
    let received = "SELECT count(*) FROM users WHERE state = 'received'";
    let running = test.command(Program::Backfill).args("--yes --output json").start();
    test.wait_for("the first page", async |w| Ok(w.database.number(received).await? > 0));
    test.run(test.broker.unbind(QueueLane::Backfill));
    let ended = running.end().expect(3);
    let report = ended.json();
    assert!(report["unconfirmed"]["returned"].as_u64().unwrap() > 0, "{report}");
    assert_eq!(report["enqueued"]["total"], json!(test.run(test.database.number(received))));
    assert!(ended.stderr.contains("no queue is bound"), "{}", ended.stderr);
}

#[test]
fn a_second_run_at_the_same_time_refuses() {
    let test = CommandEnv::new();
    let mut holder = test.run(async { Ok(PgConnection::connect(test.database.url()).await?) });
    let key = i64::from_be_bytes(*b"backfill");
    test.run(async { Ok(sqlx::query("SELECT pg_advisory_lock($1)").bind(key).execute(&mut holder).await?) });
    let ended = backfill(&test, "--yes").expect(69);
    assert!(ended.stderr.contains("another backfill is running"), "{}", ended.stderr);
    backfill(&test, "--dry-run").expect(0);
    test.run(async { Ok(holder.close().await?) });
    backfill(&test, "--yes").expect(0);
}

#[test]
fn the_command_fails_without_a_terminal() {
    let ended = Command::new(Program::Backfill).end().expect(2);
    assert!(ended.stderr.contains("--dry-run") && ended.stderr.contains("--yes"), "{}", ended.stderr);
}

#[test]
fn no_broker_is_69_and_no_configuration_78() {
    let test = CommandEnv::new();
    let command = test.command(Program::Backfill).env("AMQP_URL", "amqp://guest:s3cret@127.0.0.1:1");
    let ended = command.args("--yes").end().expect(69);
    assert!(ended.stderr.contains("RabbitMQ") && !ended.stderr.contains("s3cret"), "{}", ended.stderr);
    let bare = Command::new(Program::Backfill).env("SMS_PRICE_USD", "-1").args("--yes").end().expect(78);
    for part in ["DATABASE_URL:", "AMQP_URL:", "SMS_PRICE_USD:", "3 errors"] {
        assert!(bare.stderr.contains(part), "{}", bare.stderr);
    }
    let dry = Command::new(Program::Backfill).args("--dry-run").end().expect(78);
    assert!(!dry.stderr.contains("AMQP_URL"), "{}", dry.stderr);
}
