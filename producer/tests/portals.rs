//! `import portal` from databases that another program or another version of the portal has made.

#![cfg(feature = "cli")]
// Helpers are tests, too.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use support::{CommandEnv, Ended, Program};

const TWO_PREGNANCIES: &str = include_str!("../../testing/cases/two-pregnancies/portal.sql");
const SMALLINT: &str = include_str!("../../testing/cases/is-active-smallint/portal.sql");

fn test_env(portal: &str) -> CommandEnv {
    let test = CommandEnv::new();
    test.run(test.portal.execute(portal));
    test
}

fn import(test: &CommandEnv, flags: &str) -> Ended {
    test.command(Program::Import).args("portal --output json").args(flags).end()
}

fn rows(test: &CommandEnv, sql: &str) -> Vec<String> {
    test.run(test.database.texts(sql)).into_iter().flatten().collect()
}

/// A dry run, then a real one. Both have the same report.
fn agreed(test: &CommandEnv) -> (Value, String) {
    let dry = import(test, "-n").expect(0);
    assert_eq!(rows(test, "SELECT user_id FROM users"), [""; 0]);
    let real = import(test, "").expect(0);
    let mut report = real.json();
    report["dry_run"] = json!(true);
    assert_eq!((dry.json(), dry.stderr), (report.clone(), real.stderr.clone()));
    (report, real.stderr)
}

#[test]
fn the_latest_profile_of_a_kind_counts() {
    let test = test_env(TWO_PREGNANCIES);
    let human = test.command(Program::Import).args("portal -n").end().expect(0);
    assert!(human.stdout.contains("accounts read                   2  adds up"), "{}", human.stdout);
    assert!(
        human.stdout.contains("Several profiles of one kind: 1 (the latest is used)"),
        "{}",
        human.stdout
    );
    let (report, notes) = agreed(&test);
    assert_eq!((&report["stored"]["new"], &report["older_profiles"]), (&json!(2), &json!(1)));
    assert_eq!(notes, "user 1: several profiles of one kind; the latest is used\n");
    let users = "SELECT concat_ws(' ', user_id, phone_raw) FROM users ORDER BY 1";
    assert_eq!(rows(&test, users), ["1 9841231009", "2 9841231002"]);
}

#[test]
fn many_profiles_of_many_accounts_are_one_row_each() {
    let test = test_env(TWO_PREGNANCIES);
    test.run(test.portal.execute(
        "INSERT INTO auth_user SELECT g, true FROM generate_series(3, 1500) g;
         ALTER TABLE core_pregnantwomanprofile DROP COLUMN id;
         INSERT INTO core_pregnantwomanprofile SELECT g, '984200' || lpad(g::text, 4, '0'), current_date - n
         FROM generate_series(3, 1500) g, generate_series(1, 4) n;
         INSERT INTO core_newmotherprofile SELECT g * 10 + n, g, '984300' || n || lpad(g::text, 3, '0'), current_date - n
         FROM generate_series(100, 999) g, generate_series(1, 3) n",
    ));
    let (report, _) = agreed(&test);
    assert_eq!((&report["stored"]["new"], &report["older_profiles"]), (&json!(1500), &json!(1499)));
    let latest = "SELECT phone_raw FROM users WHERE user_id IN ('50', '999') ORDER BY 1";
    assert_eq!(rows(&test, latest), ["9842000050", "9843003999"]);
}

#[test]
fn is_active_and_phones_may_have_any_type() {
    let test = test_env(SMALLINT);
    let (report, _) = agreed(&test);
    assert_eq!((&report["stored"]["new"], &report["skipped"]["inactive"]), (&json!(1), &json!(1)));
    for (kind, active, inactive) in [
        ("boolean", "true", "false"),
        ("integer", "1", "0"),
        ("text", "'t'", "'f'"),
        ("text", "'true'", "'false'"),
        ("varchar(5)", "'YES'", "'no'"),
        ("char(3)", "'1'", "'0'"),
        ("boolean", "NULL", "false"),
        ("numeric(2, 1)", "1", "0"),
    ] {
        let column = format!(
            "ALTER TABLE auth_user DROP COLUMN is_active; ALTER TABLE auth_user ADD COLUMN is_active {kind};
             UPDATE auth_user SET is_active = CASE id WHEN 1 THEN {active} ELSE {inactive} END"
        );
        test.run(test.portal.execute(&column));
        let report = import(&test, "").expect(0).json();
        let counts = (&report["stored"]["unchanged"], &report["skipped"]["inactive"]);
        assert_eq!(counts, (&json!(1), &json!(1)), "{kind} {active}");
    }
    for kind in ["text", "varchar(30)", "char(30)", "numeric", "numeric(12, 0)", "double precision"] {
        test.run(test.portal.execute(&format!(
            "ALTER TABLE core_pregnantwomanprofile ALTER COLUMN phone_number TYPE {kind}
             USING phone_number::text::{kind}"
        )));
        let report = import(&test, "").expect(0).json();
        let counts = (&report["stored"]["unchanged"], &report["numbers"]["usable"]);
        assert_eq!(counts, (&json!(1), &json!(1)), "{kind}");
    }
}

#[test]
fn an_unreadable_is_active_stops_the_import_before_it_writes() {
    let test = test_env(SMALLINT);
    test.run(test.portal.execute(
        "ALTER TABLE auth_user ALTER COLUMN is_active TYPE text USING CASE id WHEN 1 THEN '1' ELSE 'gone' END",
    ));
    for flags in ["-n", ""] {
        let refused = import(&test, flags).expect(78);
        assert!(refused.stderr.contains("auth_user.is_active holds \"gone\""), "{}", refused.stderr);
    }
    assert_eq!(rows(&test, "SELECT user_id FROM users"), [""; 0]);
}

#[test]
fn dates_that_cannot_be_true_are_left_out_and_counted() {
    let test = test_env(TWO_PREGNANCIES);
    test.run(test.portal.execute(
        "DELETE FROM core_pregnantwomanprofile WHERE id = 2;
         UPDATE auth_user SET date_joined = 'infinity' WHERE id = 1;
         UPDATE core_pregnantwomanprofile SET due_date = CASE user_id WHEN 1 THEN current_date + 90 ELSE '2083-05-12' END;
         ALTER TABLE core_newmotherprofile ALTER COLUMN child_birth_date TYPE text;
         INSERT INTO core_newmotherprofile VALUES (1, 1, '9841231001', '2083-05-12')",
    ));
    let (report, notes) = agreed(&test);
    assert_eq!((&report["stored"]["new"], &report["bad_dates"]), (&json!(2), &json!(3)));
    let expected = "user 1: child_birth_date cannot be true; it is left out\n\
                    user 1: date_joined cannot be true; it is left out\n\
                    user 2: due_date cannot be true; it is left out\n";
    assert_eq!(notes, expected);
    let dates =
        "SELECT concat_ws(' ', user_id, due_date - current_date, child_birth_date, signed_up_at IS NULL)
                 FROM users ORDER BY 1";
    assert_eq!(rows(&test, dates), ["1 90 t", "2 f"]);
    let human = test.command(Program::Import).args("portal -n").end().expect(0).stdout;
    assert!(human.contains("Dates left out: 3.") && human.contains("Bikram Sambat"), "{human}");
}

/// The portal's `now()` is two minutes ahead of ours.
const AHEAD: &str = "
    CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql STABLE
        AS $$ SELECT pg_catalog.now() + interval '120 s' $$;
    DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database()); END $$";

#[test]
fn data_are_never_dated_after_our_clock() {
    let test = test_env(TWO_PREGNANCIES);
    test.run(test.portal.execute("DELETE FROM core_pregnantwomanprofile WHERE id = 2"));
    test.run(test.portal.execute(AHEAD));
    import(&test, "").expect(0);
    let later = "SELECT count(*)::text FROM users WHERE changed_at <= now() AND changed_at > now() - interval '1 minute'";
    assert_eq!(rows(&test, later), ["2"]);
    test.run(test.portal.execute("UPDATE auth_user SET is_active = false WHERE id = 2"));
    assert_eq!(import(&test, "").expect(0).json()["deactivated"], json!(1));
    let ahead = "SELECT count(*)::text FROM users WHERE changed_at > now()";
    assert_eq!(rows(&test, ahead), ["0"]);
}
