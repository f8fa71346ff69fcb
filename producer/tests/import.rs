//! The command `import portal` on a real portal database.

#![cfg(feature = "cli")]
// Helpers are tests, too.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use support::{Command, CommandEnv, Ended, Program, Truth};

fn import(test: &CommandEnv, flags: &str) -> Ended {
    test.command(Program::Import).args("portal --output json").args(flags).end()
}

fn stored(report: &Value) -> [u64; 4] {
    ["new", "updated", "unchanged", "newer_here"].map(|key| report["stored"][key].as_u64().unwrap())
}

/// The expected numbers in the report on the sample portal.
fn assert_numbers(report: &Value) {
    let truth: Vec<Truth> = Truth::all().into_iter().filter(|t| t.active).collect();
    let count = |check: fn(&Truth) -> bool| json!(truth.iter().filter(|t| check(t)).count());
    assert_eq!(report["numbers"]["usable"], count(Truth::textable));
    assert_eq!(report["numbers"]["no_phone"], count(|t| !t.has_phone));
    let unusable = report["numbers"]["unusable"].as_object().unwrap();
    assert_eq!(unusable["landline"], count(|t| t.line_type == "FIXED_LINE"));
    let sum: u64 = unusable.values().filter_map(Value::as_u64).sum();
    assert_eq!(json!(sum), count(|t| t.has_phone && !t.textable()));
}

#[test]
fn every_user_of_the_sample_is_stored_as_expected() {
    let test = CommandEnv::with_portal();
    let ended = import(&test, "").expect(0);
    let report = ended.json();
    assert_eq!(stored(&report), [490, 0, 0, 0]);
    assert_eq!(report["skipped"], json!({"inactive": 10, "no_profile": 0, "invalid_id": 0}));
    assert_eq!(report["two_profiles"], json!({"same_number": 4, "numbers_differ": 8}));
    assert!(ended.stderr.contains("user 156:") && !ended.stderr.contains("user 34:"), "{}", ended.stderr);
    assert_numbers(&report);
    let sql =
        "SELECT concat_ws(' ', user_id, kind, coalesce(phone_e164, '-'), state, source, active) FROM users";
    let mut rows: Vec<String> = test.run(test.database.texts(sql)).into_iter().flatten().collect();
    let row = |t: &Truth| {
        let e164 = t.e164.filter(|_| t.textable()).unwrap_or("-");
        format!("{} {} {e164} stored import t", t.user_id, t.kind)
    };
    let mut expected: Vec<String> = Truth::all().iter().filter(|t| t.active).map(row).collect();
    rows.sort();
    expected.sort();
    assert_eq!(rows, expected);
}

#[test]
fn a_second_import_changes_nothing() {
    let test = CommandEnv::with_portal();
    import(&test, "").expect(0);
    let touched = "SELECT md5(string_agg(xmin::text, ',' ORDER BY user_id)) FROM users";
    let before = test.run(test.database.texts(touched));
    let report = import(&test, "").expect(0).json();
    assert_eq!(stored(&report), [0, 0, 490, 0]);
    assert_eq!(test.run(test.database.texts(touched)), before);
}

#[test]
fn a_dry_run_has_the_same_report_and_writes_nothing() {
    let test = CommandEnv::with_portal();
    let dry = import(&test, "--dry-run").expect(0).json();
    assert_eq!(test.run(test.database.number("SELECT count(*) FROM users")), 0);
    assert_numbers(&dry);
    let mut real = import(&test, "").expect(0).json();
    real["dry_run"] = json!(true);
    assert_eq!(dry, real);
    assert_eq!(test.run(test.database.number("SELECT count(*) FROM audit_log")), 1);
    let human = test.command(Program::Import).args("portal -n").end().expect(0).stdout;
    assert!(human.contains("adds up") && human.contains("Next: import portal"), "{human}");
}

#[test]
fn changes_are_imported_unless_the_stored_data_are_newer() {
    let test = CommandEnv::with_portal();
    import(&test, "").expect(0);
    test.run(test.database.execute(
        "UPDATE users SET state = 'registered' WHERE user_id = '1';
         UPDATE users SET changed_at = now() + interval '1 hour', phone_raw = 'newer' WHERE user_id = '2';
         UPDATE users SET country_hint = 'IN', phone_e164 = '+919800000001' WHERE user_id = '4';
         UPDATE users SET language = 'en' WHERE user_id = '5'",
    ));
    test.run(test.portal.execute(
        "UPDATE core_pregnantwomanprofile SET phone_number = '9841000009' WHERE user_id = 1;
         UPDATE auth_user SET is_active = false WHERE id = 3;
         UPDATE auth_user SET date_joined = 'infinity' WHERE id = 6;
         INSERT INTO auth_user VALUES (9001, 'staff', '', true, now())",
    ));
    let report = import(&test, "").expect(0).json();
    assert_eq!((stored(&report), &report["deactivated"]), ([0, 1, 487, 1], &json!(1)));
    assert_eq!(report["skipped"], json!({"inactive": 11, "no_profile": 1, "invalid_id": 0}));
    let sql = "SELECT concat_ws(' ', user_id, phone_raw, phone_e164, state, active, language) FROM users
               WHERE user_id IN ('1', '2', '3', '4', '5') ORDER BY user_id";
    let rows: Vec<String> = test.run(test.database.texts(sql)).into_iter().flatten().collect();
    assert_eq!(
        rows,
        [
            "1 9841000009 +9779841000009 stored t",
            "2 newer +9779800000000 stored t",
            "3 09840000001 +9779840000001 stored f",
            "4 9741171979 +919800000001 stored t",
            "5 +9779840781527 +9779840781527 stored t en",
        ]
    );
}

/// Users 1, 2, 4, 5 and 6 have a final state for the number in the portal. User 7 is in a queue.
const ENDED: &str = "
    UPDATE users SET country_hint = 'IN', phone_raw = '987654321' || user_id, phone_e164 = '+91987654321' || user_id
    WHERE user_id IN ('5', '6');
    INSERT INTO attempts (message_id, user_id, phone_e164, outcome, blocks, lane, worker_id, language, body_sha256,
                          segments, lease_until)
    SELECT gen_random_uuid(), user_id, phone_e164, outcome::attempt_outcome, outcome = 'accepted', 'live', 'w', 'ne',
           '', 1, now()
    FROM (VALUES ('1', 'refused'), ('2', 'accepted'), ('4', 'accepted'), ('5', 'accepted'), ('6', 'accepted'),
                 ('7', 'deferred')) AS t (id, outcome)
    JOIN users ON user_id = id;
    UPDATE users u SET
        state = CASE user_id WHEN '1' THEN 'failed' WHEN '7' THEN 'received' ELSE 'registered' END::user_state,
        reason = CASE user_id WHEN '1' THEN 'error_21211' END, registration_method = 'valid_number',
        registered_at = now(), retries = 3, retry_since = now(), next_attempt_at = now(),
        attempt_id = (SELECT message_id FROM attempts a WHERE a.user_id = u.user_id)
    WHERE user_id IN ('1', '2', '4', '5', '6', '7')";

const RENUMBERED: &str = "
    UPDATE core_pregnantwomanprofile SET phone_number = CASE user_id
        WHEN 1 THEN '9841000001' WHEN 2 THEN '9841000002' WHEN 5 THEN '+91 98765 43215'
        WHEN 6 THEN '9876543211' WHEN 7 THEN '9841000007'
        ELSE (SELECT string_agg(d, ' ') FROM regexp_split_to_table(phone_number, '') d) END
    WHERE user_id IN (1, 2, 4, 5, 6, 7);
    UPDATE core_newmotherprofile SET phone_number = CASE user_id
        WHEN 1 THEN '9841000001' WHEN 2 THEN '9841000002' WHEN 5 THEN '+91 98765 43215'
        WHEN 6 THEN '9876543211' WHEN 7 THEN '9841000007'
        ELSE (SELECT string_agg(d, ' ') FROM regexp_split_to_table(phone_number, '') d) END
    WHERE user_id IN (1, 2, 4, 5, 6, 7)";

const ROWS: &str = "
    SELECT concat_ws(' ', user_id, state, reason, num_nonnulls(attempt_id, registration_method, registered_at,
                     next_attempt_at, retry_since), retries)
    FROM users WHERE user_id IN ('1', '2', '4', '5', '6', '7') ORDER BY user_id";

#[test]
fn a_corrected_number_resets_the_state_and_another_spelling_does_not() {
    let test = CommandEnv::with_portal();
    import(&test, "").expect(0);
    test.run(test.database.execute(ENDED));
    let welcomes = |test: &CommandEnv| {
        let dry = test.command(Program::Backfill).args("--dry-run --output json").end().expect(0).json();
        dry["enqueued"]["welcome"].as_u64().unwrap()
    };
    let before = welcomes(&test);
    test.run(test.portal.execute(RENUMBERED));
    import(&test, "").expect(0);
    let rows: Vec<String> = test.run(test.database.texts(ROWS)).into_iter().flatten().collect();
    assert_eq!(
        rows,
        [
            "1 stored 0 0",
            "2 stored 0 0",
            "4 registered 5 3",
            "5 registered 5 3",
            "6 stored 0 0",
            "7 received 5 3",
        ]
    );
    // The failed user, and two who were welcomed on their old numbers. The number of user 6 is still read as Indian.
    assert_eq!(welcomes(&test), before + 3);
    let sixth = "SELECT phone_e164 FROM users WHERE user_id = '6'";
    assert_eq!(test.run(test.database.texts(sixth)), [Some("+919876543211".to_owned())]);
    let status =
        "SELECT concat_ws(' ', phone_e164, state, welcome_status, welcome_sid) FROM onboarding_status
                  WHERE user_id = '2'";
    let delivered: Vec<String> = test.run(test.database.texts(status)).into_iter().flatten().collect();
    assert_eq!(delivered, ["+9779841000002 stored not_sent"]);
}

#[test]
fn a_portal_may_lack_columns_or_have_a_language() {
    let test = CommandEnv::with_portal();
    test.run(test.portal.execute(
        "ALTER TABLE auth_user DROP COLUMN is_active, DROP COLUMN date_joined;
         ALTER TABLE core_newmotherprofile DROP COLUMN name, ADD COLUMN preferred_language text;
         UPDATE core_newmotherprofile SET preferred_language = 'en' WHERE user_id = 3",
    ));
    let report = import(&test, "").expect(0).json();
    assert_eq!((stored(&report), &report["skipped"]["inactive"]), ([500, 0, 0, 0], &json!(0)));
    let sql =
        "SELECT user_id FROM users WHERE language = 'en' AND display_name IS NULL AND signed_up_at IS NULL";
    assert_eq!(test.run(test.database.texts(sql)), [Some("3".to_owned())]);
}

#[test]
fn a_database_that_is_not_a_portal_is_refused() {
    let test = CommandEnv::new();
    let ended = import(&test, "").expect(78);
    assert!(ended.stderr.contains("core_newmotherprofile.phone_number"), "{}", ended.stderr);
    let unmigrated = test.command(Program::Import).args("portal").env("DATABASE_URL", test.portal.url());
    assert!(unmigrated.end().expect(78).stderr.contains("worker migrate"));
}

#[test]
fn no_database_is_69_and_no_configuration_78() {
    let away = "postgres://u:s3cret@127.0.0.1:1/x";
    let command = Command::new(Program::Import).args("portal").env("DATABASE_URL", away);
    let ended = command.env("PORTAL_DATABASE_URL", away).end().expect(69);
    assert!(ended.stderr.contains("DATABASE_URL") && !ended.stderr.contains("s3cret"), "{}", ended.stderr);
    let bare = Command::new(Program::Import).args("portal").env("DEFAULT_REGION", "Nepal").end().expect(78);
    for name in ["DATABASE_URL:", "PORTAL_DATABASE_URL:", "DEFAULT_REGION:", "3 errors"] {
        assert!(bare.stderr.contains(name), "{}", bare.stderr);
    }
    Command::new(Program::Import).end().expect(2);
}
