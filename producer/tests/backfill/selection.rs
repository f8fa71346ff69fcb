//! The users that a backfill selects.

use std::io::Write;

use serde_json::{Value, json};
use support::{CommandEnv, Program};

use crate::{backfill, enqueued_ids};

const USERS: &str = "
    INSERT INTO users (user_id, phone_raw, kind, language, state, signed_up_at, source, changed_at)
    SELECT id, '98410000' || id, kind, language, state::user_state, at::timestamptz, 'import', now() FROM (VALUES
        ('01', 'pregnant_woman', 'ne',     'stored',   '2026-11-01T00:00:00Z'),
        ('02', 'new_mother',     'en_GB',  'stored',   '2026-11-10T18:14:59Z'),
        ('03', 'new_mother',     NULL,     'stored',   '2026-11-10T18:15:00Z'),
        ('04', NULL,             'Nepali', 'rejected', '2026-11-20T00:00:00Z'),
        ('05', 'other',          'fr',     'stored',   '2026-11-30T00:00:00Z')
    ) AS t (id, kind, language, state, at)";

fn test_env() -> CommandEnv {
    let test = CommandEnv::new();
    test.run(test.database.execute(USERS));
    test
}

fn selected(test: &CommandEnv, flags: &str) -> Value {
    backfill(test, &format!("--dry-run {flags}")).expect(0).json()["selected"].clone()
}

#[test]
fn filters_select_in_sql() {
    let test = test_env();
    for (flags, count) in [
        ("", 5),
        ("--kind new_mother", 2),
        ("--language en", 1),
        ("--language ne", 4),
        ("--state stored", 4),
        ("--state rejected", 1),
        ("--since 2026-11-11", 3),
        ("--since 2026-11-11 --kind new_mother --language ne --state stored", 1),
    ] {
        assert_eq!(selected(&test, flags), json!(count), "{flags}");
    }
    let english = test.command(Program::Backfill).env("DEFAULT_LANGUAGE", "en");
    let report = english.args("--dry-run --output json --language en").end().expect(0).json();
    assert_eq!(report["selected"], 3);
    let human = test.command(Program::Backfill).args("--dry-run --kind new_mother --limit 7").end().expect(0);
    assert!(human.stdout.contains("Next  backfill --kind new_mother --limit 7"), "{}", human.stdout);
    backfill(&test, "--dry-run --kind father").expect(2);
    backfill(&test, "--dry-run --since yesterday").expect(2);
}

#[test]
fn a_limit_stops_the_run_and_the_next_run_continues_after_it() {
    let test = test_env();
    let first = backfill(&test, "--yes --limit 2").expect(0).json();
    assert_eq!((&first["enqueued"]["total"], &first["remaining"]), (&json!(2), &json!(3)));
    assert_eq!((&first["selected"], &first["complete"]), (&json!(5), &json!(true)));
    assert_eq!(enqueued_ids(&test), ["01", "02"]);
    let second = backfill(&test, "--yes --limit 2").expect(0).json();
    assert_eq!((&second["enqueued"]["total"], &second["skipped"]["queued"]), (&json!(2), &json!(2)));
    assert_eq!(enqueued_ids(&test), ["03", "04"]);
}

#[test]
fn ids_are_read_from_a_file_or_from_standard_input() {
    let test = test_env();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all("\u{FEFF}05\r\n03\n\n03\nnobody\n".as_bytes()).unwrap();
    let path = file.path().to_str().unwrap();
    let dry = backfill(&test, &format!("--dry-run --ids-file {path}")).expect(0).json();
    assert_eq!((&dry["selected"], &dry["unknown_ids"]), (&json!(2), &json!(1)));
    let stored = "SELECT count(*) FROM backfill_ids";
    assert_eq!(test.run(test.database.number(stored)), 0, "a dry run leaves nothing");
    backfill(&test, &format!("--yes --ids-file {path}")).expect(0);
    assert_eq!(enqueued_ids(&test), ["03", "05"]);
    assert_eq!(test.run(test.database.number(stored)), 0, "a finished run needs them no more");

    let command = test.command(Program::Backfill).args("--yes --output json --ids-file - --language ne");
    let piped = command.end_with_input("01\n02\n").expect(0).json();
    assert_eq!((&piped["selected"], enqueued_ids(&test)), (&json!(1), vec!["01".to_owned()]));
}

#[test]
fn a_bad_file_of_ids_enqueues_no_user_and_names_the_line() {
    let test = test_env();
    let command = test.command(Program::Backfill).args("--yes --ids-file -");
    let ended = command.end_with_input(&format!("01\n{}\n", "9".repeat(5000))).expect(2);
    assert!(ended.stderr.contains("line 2") && ended.stderr.contains("128"), "{}", ended.stderr);
    let missing = backfill(&test, "--yes --ids-file /nowhere/ids").expect(2);
    assert!(missing.stderr.contains("/nowhere/ids"), "{}", missing.stderr);
    assert_eq!(enqueued_ids(&test), Vec::<String>::new());
    assert_eq!(test.run(test.database.number("SELECT count(*) FROM backfill_runs")), 0);
}

#[test]
fn the_dry_run_counts_with_the_window() {
    let test = test_env();
    let dry = |window: &str| {
        let command = test.command(Program::Backfill).env("BACKFILL_WINDOW", window);
        command.args("--dry-run --output json --rate 1").end().expect(0).json()["estimate"].clone()
    };
    let always = dry("");
    assert_eq!((&always["window"], &always["seconds"]), (&json!("always"), &json!(5)));
    let hours = dry("08:00-20:00 Asia/Kathmandu");
    assert_eq!(hours["window"], "08:00-20:00 Asia/Kathmandu");
    let end: chrono::DateTime<chrono::Utc> = hours["ends_at"].as_str().unwrap().parse().unwrap();
    let window: shared::window::Window = "08:00-20:00 Asia/Kathmandu".parse().unwrap();
    assert!(window.contains(end - chrono::TimeDelta::seconds(1)), "{end}");
}

#[test]
fn a_user_of_any_state_is_marked_as_enqueued() {
    let test = test_env();
    backfill(&test, "--yes --state rejected").expect(0);
    let marked = "SELECT count(*) FROM users WHERE state = 'received' AND lane = 'backfill' AND enqueued_at IS NOT NULL
                  AND next_attempt_at IS NULL";
    assert_eq!(test.run(test.database.number(marked)), 1);
}
