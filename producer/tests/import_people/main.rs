//! What rows of files say about messages.

#![cfg(feature = "cli")]
// Helpers are tests, too.
#![allow(clippy::unwrap_used)]

mod desk;

use std::{fmt::Write, fs};

use serde_json::json;
use shared::{
    config::Env,
    consent::{
        Door, Person, Source,
        doors::{self, Effect},
    },
    domain::UserId,
    erasure::{self, ErasureKey},
};
use sqlx::{Connection, Executor, PgConnection};
use support::Program;

use crate::desk::Desk;

const ALL_COLUMNS: &str = "\
user_id,phone_number,country_hint,preferred_language,preferred_channel,kind,due_date,time_zone,tips_hour,cadence,household_id,active,consents,opted_out,loss,wrong_number
1,9841000001,NP,ne,whatsapp,pregnant_woman,2026-12-28,Asia/Dubai,7:00,Twice weekly,h-1,true,\"tips:whatsapp,onboarding:sms\",,,
2,9841000002,,,,,,,,,,,tips:any,true,,
3,9841000003,,,,,,,,,h-3,,,,yes,
4,9841000004,,,,,,,,,h-3,,tips:sms,,,
5,9841000005,,,,,,,,,,,,,,1
6,9876543210,IN,,,,,,,,,,,,,
7,9841000007,,,,,,,,,,,,,,
";

#[test]
fn every_column_takes_effect_once() {
    let desk = Desk::new();
    let report = desk.both(5, ALL_COLUMNS);
    assert_eq!(report["stored"]["new"], json!(7));
    let wishes = [&report["opted_out"], &report["losses"], &report["wrong_numbers"], &report["consents"]];
    assert_eq!(
        wishes,
        [
            &json!({"rows": 1, "suppressed": 1, "no_number": 0}),
            &json!({"rows": 1, "new": 1}),
            &json!({"rows": 1, "new": 1, "no_number": 0}),
            &json!({"rows": 3, "granted": 2, "known": 0, "outweighed": 0, "held": 2}),
        ]
    );
    let profiles = desk.rows(
        "SELECT concat_ws(' ', user_id, phone_e164, country_hint, channel, time_zone, tips_hour, cadence, household_id)
         FROM users WHERE user_id IN ('1', '6', '7') ORDER BY 1",
    );
    assert_eq!(
        profiles,
        [
            "1 +9779841000001 NP whatsapp Asia/Dubai 07:00 twice_weekly h-1",
            "6 +919876543210 IN",
            "7 +9779841000007"
        ]
    );
    assert_eq!(desk.consents("1"), ["onboarding sms t import", "tips whatsapp t import"]);
    let withdrawn = |purposes: &[&str]| -> Vec<String> {
        purposes
            .iter()
            .flat_map(|purpose| ["sms", "whatsapp"].map(|channel| format!("{purpose} {channel} f import")))
            .collect()
    };
    assert_eq!(desk.consents("2"), withdrawn(&["onboarding", "tips"]));
    // The household of the third, whose loss is in the row before.
    assert_eq!(desk.consents("3"), withdrawn(&["onboarding", "tips"]));
    assert_eq!(desk.consents("4"), withdrawn(&["onboarding", "tips"]));
    assert_eq!(desk.consents("5"), withdrawn(&["onboarding", "tips"]));
    assert_eq!(
        desk.status(),
        [
            "1 stored - not_sent",
            "2 suppressed opted_out skipped",
            "3 suppressed opted_out skipped",
            "4 suppressed opted_out skipped",
            "5 rejected wrong_number not_sent",
            "6 stored - not_sent",
            "7 stored - not_sent",
        ]
    );
    assert_eq!(desk.tasks(), ["loss 3 t", "wrong_number 5 t"]);
    assert_eq!(
        desk.suppressed(),
        [
            "+9779841000002 import any f f",
            "+9779841000003 import any f t",
            "+9779841000004 import any f t",
            "+9779841000005 import any t f",
        ]
    );
    let before = desk.all();
    let again = desk.both(5, ALL_COLUMNS);
    assert_eq!(desk.all(), before, "the second run changes nothing");
    assert_eq!(again["stored"]["unchanged"], json!(7));
    assert_eq!([&again["losses"]["new"], &again["wrong_numbers"]["new"]], [&json!(0), &json!(0)]);
    assert_eq!(again["consents"], json!({"rows": 3, "granted": 0, "known": 2, "outweighed": 0, "held": 2}));
}

#[test]
fn an_import_of_consents_grants_nothing_that_was_withdrawn_later() {
    let desk = Desk::new();
    let file = "id,phone,consents\n1,9841000001,tips:any\n2,9841000002,tips:sms\n3,9841000003,tips:sms\n";
    desk.both(40, file);
    assert_eq!(desk.consents("1"), ["tips sms t import", "tips whatsapp t import"]);
    // All withdraw on every channel: one as of the next file, one after it, one before it.
    for (user, minutes) in [("1", 20), ("2", 10), ("3", 30)] {
        desk.run(&format!(
            "INSERT INTO consent_ledger (entry_key, person_key, purpose, channel, action, source, actor, said_at)
             SELECT sha256('{user}'), person_key, 'tips', 'any', 'withdraw', 'event', 'portal',
                    to_timestamp({}) - interval '{minutes} minutes'
             FROM person_keys WHERE user_id = '{user}'",
            desk.began
        ));
    }
    let report = desk.both(20, file);
    assert_eq!(report["consents"], json!({"rows": 3, "granted": 1, "known": 0, "outweighed": 2, "held": 0}));
    let withdrawn = ["tips sms f event", "tips whatsapp f event"];
    assert_eq!(
        (desk.consents("1"), desk.consents("2")),
        (withdrawn.map(String::from).to_vec(), withdrawn.map(String::from).to_vec())
    );
    assert_eq!(desk.consents("3"), ["tips sms t import", "tips whatsapp f event"]);
}

#[test]
fn no_newer_import_revives_anyone_after_a_stop_or_a_loss() {
    let desk = Desk::new();
    let first = "id,phone,opted_out,loss\n1,9841000001,true,\n2,9841000002,,true\n";
    desk.both(40, first);
    let rows = "id,phone,name,consents,opted_out,loss\n\
                1,9841000001,Maya,\"onboarding:sms,tips:sms\",false,false\n\
                2,9841000002,Sita,\"onboarding:any,support_after_loss:sms\",false,false\n";
    let report = desk.both(20, rows);
    assert_eq!(report["consents"], json!({"rows": 2, "granted": 0, "known": 0, "outweighed": 0, "held": 4}));
    // The rest of the rows is stored.
    assert_eq!(desk.rows("SELECT display_name FROM users ORDER BY user_id"), ["Maya", "Sita"]);
    let stopped = ["1 suppressed opted_out skipped", "2 suppressed opted_out skipped"];
    assert_eq!(desk.status(), stopped);
    assert_eq!(desk.suppressed(), ["+9779841000001 import any f f", "+9779841000002 import any f t"]);
    assert!(desk.consents("1").iter().chain(&desk.consents("2")).all(|consent| consent.contains(" f ")));
    let path = desk.folder.path().join("rows.csv");
    desk.import(20, rows, &format!("--report {}", path.display()));
    let report = fs::read_to_string(path).unwrap();
    assert!(report.contains("1,2,stopped,") && report.contains("2,3,stopped,"), "{report}");
    assert!(!report.contains("loss"), "{report}");
}

#[test]
fn a_stop_that_staff_lifted_is_not_repeated_by_the_same_file() {
    let desk = Desk::new();
    let file = "id,phone,opted_out\n1,9841000001,true\n";
    desk.both(40, file);
    let user = UserId::parse("1").unwrap();
    let door = Door { source: Source::Staff, actor: "maya", reason: "asked", action: None };
    let lifted =
        desk.test.run(async { Ok(doors::lift(&desk.test.database.pool, Person::User(&user), &door).await?) });
    assert_eq!((lifted, desk.suppressed().len()), (Effect::Done, 0));
    let before = desk.all();
    assert_eq!(desk.both(40, file)["opted_out"]["suppressed"], json!(0));
    assert_eq!((desk.all(), desk.suppressed().len()), (before, 0));
    // Newer data that say so stop again.
    assert_eq!(desk.both(20, file)["opted_out"]["suppressed"], json!(1));
    assert_eq!(desk.suppressed().len(), 1);
}

#[test]
fn a_loss_from_before_the_user_silences_the_number_that_a_file_brings() {
    let desk = Desk::new();
    let user = UserId::parse("1").unwrap();
    let door = Door { source: Source::Event, actor: "portal", reason: "test", action: None };
    desk.test.run(async { Ok(doors::loss(&desk.test.database.pool, Person::User(&user), &door).await?) });
    let file = "id,phone\n1,9841000001\n2,9841000002\n";
    desk.import(20, file, "--dry-run");
    assert_eq!(desk.suppressed(), [""; 0]);
    desk.import(20, file, "");
    assert_eq!(desk.suppressed(), ["+9779841000001 event any f t"]);
    assert_eq!(desk.status(), ["1 suppressed opted_out skipped", "2 stored - not_sent"]);
}

#[test]
fn rows_of_an_erased_user_are_ignored_and_a_number_that_was_stopped_stays_so() {
    let mut desk = Desk::new();
    desk.key = "07".repeat(32);
    let key = ErasureKey::read(&mut Env::of([("ERASURE_KEY", desk.key.as_str())])).unwrap();
    let (user, number) = (UserId::parse("1").unwrap(), "+9779841000002");
    desk.test.run(async {
        let pool = &desk.test.database.pool;
        erasure::adopt_key(pool, &key).await?;
        let users = "INSERT INTO erased_users (digest, as_of, erased_at) VALUES ($1, now() - interval '10 min', now())";
        sqlx::query(users).bind(&key.user(&user)[..]).execute(pool).await?;
        let numbers = "INSERT INTO erased_numbers (digest, welcomed, suppressed, erased_at)
                       VALUES ($1, true, true, now() - interval '30 min')";
        sqlx::query(numbers).bind(&key.number(number)[..]).execute(pool).await?;
        Ok(())
    });
    let file =
        "id,phone,consents,loss\n1,9841000001,tips:sms,true\n2,9841000002,\"tips:sms,onboarding:sms\",\n";
    let report = desk.both(20, file);
    assert_eq!([&report["stored"]["new"], &report["stored"]["erased"]], [&json!(1), &json!(1)]);
    assert_eq!(report["losses"], json!({"rows": 0, "new": 0}));
    assert_eq!(report["consents"], json!({"rows": 1, "granted": 0, "known": 0, "outweighed": 0, "held": 2}));
    assert_eq!(desk.status(), ["2 registered already_welcomed skipped"]);
    assert_eq!(desk.suppressed(), ["+9779841000002 staff any f f"]);
    assert!(desk.tasks().is_empty());
}

#[test]
fn a_wrong_number_holds_until_another_number_comes() {
    let desk = Desk::new();
    desk.both(40, "id,phone,wrong_number\n1,9841000001,\n2,9841000002,\n");
    desk.both(30, "id,phone,wrong_number\n1,9841000001,true\n2,,true\n");
    assert_eq!(desk.status(), ["1 rejected wrong_number not_sent", "2 stored - not_sent"]);
    let report = desk.both(20, "id,phone,wrong_number\n1,9841000011,\n2,,true\n");
    assert_eq!(report["wrong_numbers"], json!({"rows": 1, "new": 0, "no_number": 1}));
    assert_eq!(desk.status(), ["1 stored - not_sent", "2 stored - not_sent"]);
    assert_eq!(desk.suppressed(), ["+9779841000001 import any t f"]);
}

#[test]
fn a_bad_word_costs_its_row_only_and_says_what_to_do() {
    let desk = Desk::new();
    let mut rows =
        "id,phone,consents,tips_hour,cadence,time_zone,country_hint,household_id,loss,wrong_number\n\
                    0,9841000000,tips:sms,18:00,weekly,Asia/Kathmandu,np,9,,\n"
            .to_owned();
    let bad = [
        ("bad_consents", "news:sms,,,,,,,"),
        ("bad_tips_hour", ",08:00,,,,,,"),
        ("bad_cadence", ",,hourly,,,,,"),
        ("bad_time_zone", ",,,+05:45,,,,"),
        ("bad_country_hint", ",,,,Nepal,,,"),
        ("bad_household_id", ",,,,,4.2E+01,,"),
        ("bad_flag", ",,,,,,maybe,"),
        ("bad_flag", ",,,,,,,maybe"),
        // The loss counts although the row is bad.
        ("bad_tips_hour", ",noon,,,,,true,"),
    ];
    for (n, (_, cells)) in (1..).zip(bad) {
        writeln!(rows, "{n},984100000{n},{cells}").unwrap();
    }
    let held = desk.import_for(20, &rows, "", 3);
    assert_eq!((&held["bad"]["total"], &held["held"], desk.all().len()), (&json!(9), &json!(true), 0));
    let dry = desk.import_for(20, &rows, "--allow-partial --dry-run", 3);
    let path = desk.folder.path().join("rows.csv");
    let mut real = desk.import_for(20, &rows, &format!("--allow-partial --report {}", path.display()), 3);
    real["dry_run"] = json!(true);
    assert_eq!(dry, real);
    assert_eq!(real["stored"]["new"], json!(1));
    assert_eq!(desk.consents("0"), ["tips sms t import"]);
    let report = fs::read_to_string(path).unwrap();
    for (n, (reason, _)) in (1..).zip(bad) {
        assert!(report.contains(&format!("{n},{},{reason},", n + 2)), "{report}");
    }
    assert!(report.contains("tips:whatsapp,onboarding:sms") && report.contains("twice_weekly"), "{report}");
    assert!(!report.contains("hourly") && !report.contains("984"), "{report}");
    assert_eq!(desk.tasks(), ["loss 9 t"]);
    assert_eq!(desk.suppressed(), ["+9779841000009 import any f t"]);
    assert_eq!(desk.rows("SELECT user_id FROM users"), ["0"]);
}

#[test]
fn a_dry_run_of_many_batches_counts_as_the_import_does() {
    let desk = Desk::new();
    desk.both(50, "id,phone,household_id\n7,9841000003,h-1\n8,9841000900,h-2\n");
    let mut rows = "id,phone,household_id,consents,opted_out,loss,wrong_number,active\n".to_owned();
    for n in 0..3000 {
        let flag = |every: u32, of: u32| if n % every == of { "true" } else { "" };
        let consents = if n % 2 == 0 { "\"tips:whatsapp,onboarding:sms\"" } else { "" };
        let active = if n % 41 == 0 { "false" } else { "" };
        let household = if n % 3 == 0 { format!("h-{}", n % 200) } else { String::new() };
        writeln!(
            rows,
            "{n},98410{:05},{household},{consents},{},{},{},{active}",
            n % 1700,
            flag(23, 5),
            flag(57, 9),
            flag(67, 11)
        )
        .unwrap();
    }
    let report = desk.both(20, &rows);
    for kind in ["opted_out", "losses", "wrong_numbers", "consents"] {
        eprintln!("{kind}: {}", report[kind]);
        assert!(report[kind]["rows"].as_u64() > Some(20), "{kind}");
    }
    let before = desk.all();
    let again = desk.both(20, &rows);
    assert_eq!(desk.all(), before);
    assert_eq!((&again["losses"]["new"], &again["consents"]["granted"]), (&json!(0), &json!(0)));
}

#[test]
fn a_row_and_what_it_says_are_stored_together_or_not_at_all() {
    let desk = Desk::new();
    desk.run(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
         CREATE TRIGGER fail BEFORE INSERT ON staff_tasks FOR EACH ROW EXECUTE FUNCTION fail()",
    );
    let file = "id,phone,consents,loss\n1,9841000001,tips:sms,\n2,9841000002,,true\n3,9841000003,,\n";
    let path = desk.folder.path().join("users.csv");
    fs::write(&path, file).unwrap();
    let line = format!("csv {} --source-time 2026-01-01T00:00:00Z --output json", path.display());
    let run = || desk.test.command(Program::Import).args(&line).end();
    assert_ne!(run().code, 0);
    assert_eq!(desk.rows("SELECT user_id FROM users WHERE user_id = '2'"), [""; 0]);
    assert_eq!((desk.suppressed().len(), desk.tasks().len()), (0, 0));
    desk.run("DROP TRIGGER fail ON staff_tasks");
    let report = run().expect(0).json();
    assert_eq!((&report["losses"]["new"], desk.tasks()), (&json!(1), vec!["loss 2 t".to_owned()]));
    assert_eq!(desk.status()[1], "2 suppressed opted_out skipped");
}

#[test]
fn a_loss_in_a_file_waits_for_claims_that_are_being_written() {
    let desk = Desk::new();
    let claim = desk.test.run(async {
        let mut claim = PgConnection::connect(desk.test.database.url()).await?;
        claim.execute("BEGIN; LOCK TABLE claim_gate IN ROW EXCLUSIVE MODE").await?;
        Ok(claim)
    });
    let path = desk.folder.path().join("users.csv");
    fs::write(&path, "id,phone,loss\n1,9841000001,true\n").unwrap();
    let running = desk.test.command(Program::Import).args(&format!("csv {}", path.display())).start();
    let waiting = "SELECT count(*) FROM pg_locks WHERE relation = 'claim_gate'::regclass AND NOT granted";
    desk.test.wait_for("it waits", async |test| Ok(test.database.number(waiting).await? > 0));
    assert_eq!(
        desk.rows("SELECT user_id FROM users"),
        [""; 0],
        "not committed while a claim is being written"
    );
    desk.test.run(async { Ok(claim.close().await?) });
    running.wait().expect(0);
    assert_eq!(desk.suppressed(), ["+9779841000001 import any f t"]);
}
