//! The commands `import csv` and `import jsonl`.

#![cfg(feature = "cli")]
// Helpers are tests, too.
#![allow(clippy::unwrap_used)]

use std::{fmt::Write, fs, os::unix::fs::PermissionsExt, path::PathBuf, time::SystemTime};

use serde_json::{Value, json};
use support::{CommandEnv, Ended, Program};
use tempfile::TempDir;

/// A test environment and a folder for files.
struct Desk {
    test: CommandEnv,
    folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { test: CommandEnv::new(), folder: TempDir::new().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        fs::write(self.path(name), content).unwrap();
        self.path(name).display().to_string()
    }

    /// Imports `content` as a file.
    fn csv(&self, content: impl AsRef<[u8]>, flags: &str) -> Ended {
        let file = self.file("users.csv", content);
        self.import(&format!("csv {file} --output json {flags}"))
    }

    fn import(&self, line: &str) -> Ended {
        self.test.command(Program::Import).args(line).end()
    }

    fn rows(&self, sql: &str) -> Vec<String> {
        self.test.run(self.test.database.texts(sql)).into_iter().flatten().collect()
    }

    fn users(&self) -> Vec<String> {
        self.rows(
            "SELECT concat_ws('|', user_id, kind, phone_raw, coalesce(phone_e164, '-'), language, display_name, due_date,
                    child_birth_date, to_char(signed_up_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), active, source)
             FROM users ORDER BY user_id",
        )
    }

    fn suppressed(&self) -> Vec<String> {
        self.rows("SELECT concat_ws(' ', phone_e164, source, actor, reason) FROM suppressions WHERE lifted_at IS NULL ORDER BY 1")
    }
}

fn stored(report: &Value) -> [u64; 4] {
    ["new", "updated", "unchanged", "newer_here"].map(|key| report["stored"][key].as_u64().unwrap())
}

const SAMPLE: &str = "\u{feff}User_ID;Phone number;kind;preferred_language;name;due_date;child_birth_date;date_joined;is_active\r
1;9807969278;pregnant_woman;ne;\"Karki; Maya\";2026-12-28;;2026-02-02 01:00:00+00;true\r
2; ०९८४०-०००००१ ;New mother;en;;;2026-07-15;2026-04-04T08:45:00+05:45;1\r
3;01-4412345;other;;;;;;\r
4;;pregnant_woman;;;;;2026-04-04;yes\r
5;9841000005;new_mother;;;;;;false\r
1;9807969278;pregnant_woman;ne;\"Karki; Maya\";2026-12-28;;2026-02-02 01:00:00+00;true\r
;;;;;;;;\r
";

#[test]
fn a_file_from_a_spreadsheet_is_read_unchanged() {
    let desk = Desk::new();
    let report = desk.csv(SAMPLE, "").expect(0).json();
    assert_eq!(
        (stored(&report), &report["skipped"]["inactive"], &report["repeated"]),
        ([4, 0, 0, 0], &json!(1), &json!(1))
    );
    assert_eq!(
        (&report["source"]["file"]["separator"], &report["source"]["file"]["byte_order_mark"]),
        (&json!(";"), &json!(true))
    );
    assert_eq!(
        report["numbers"],
        json!({"usable": 2, "without_prefix": 1, "no_phone": 1, "unusable": {"landline": 1}})
    );
    assert_eq!(
        desk.users(),
        [
            "1|pregnant_woman|9807969278|+9779807969278|ne|Karki; Maya|2026-12-28|2026-02-02 01:00|t|import",
            "2|new_mother| ०९८४०-०००००१ |+9779840000001|en|2026-07-15|2026-04-04 03:00|t|import",
            "3|other|01-4412345|-|t|import",
            "4|pregnant_woman||-|2026-04-04 00:00|t|import",
        ]
    );
    let again = desk.csv(SAMPLE, "").expect(0).json();
    assert_eq!(stored(&again), [0, 0, 4, 0]);
}

const FLAWED: &str = "id,phone,due_date,opted_out\n\
    1,9841000001,2026-12-28,\n\
    2,9841000002,28/12/2026,true\n\
    ,9841000003,,\n\
    4,9.84100E+09,,\n\
    5,9841000005,,maybe\n\
    6,9841000006,\n\
    7,9841000007,,\n\
    7,9841000017,,\n\
    -8,hello,,\n";

#[test]
fn nothing_is_written_while_a_row_is_bad() {
    let desk = Desk::new();
    let report = desk.csv(FLAWED, "").expect(3).json();
    let expected = json!({"total": 7, "problems": {
        "missing_id": {"count": 1, "lines": [4]},
        "duplicate_id": {"count": 2, "lines": [8, 9]},
        "spreadsheet_number": {"count": 1, "lines": [5]},
        "field_count": {"count": 1, "lines": [7]},
        "bad_date": {"count": 1, "lines": [3]},
        "bad_flag": {"count": 1, "lines": [6]},
    }});
    assert_eq!((&report["bad"], &report["held"], &report["held_back"]), (&expected, &json!(true), &json!(2)));
    for table in ["users", "suppressions", "audit_log"] {
        assert_eq!(desk.rows(&format!("SELECT count(*)::text FROM {table}")), ["0"], "{table}");
    }
    let file = desk.path("users.csv").display().to_string();
    let human = desk.import(&format!("csv {file}")).expect(3).stdout;
    for part in
        ["NOTHING WAS WRITTEN", "adds up", "line 3\n    → write dates as", "lines 8, 9", "--allow-partial"]
    {
        assert!(human.contains(part), "{part} is not in\n{human}");
    }
    assert!(!human.contains("984"), "{human}");
}

#[test]
fn good_rows_can_be_imported_alone_and_an_opt_out_of_a_bad_row_counts() {
    let desk = Desk::new();
    let dry = desk.csv(FLAWED, "--allow-partial --dry-run").expect(3).json();
    assert_eq!(desk.rows("SELECT user_id FROM users"), [""; 0]);
    let mut report = desk.csv(FLAWED, "--allow-partial --actor maya").expect(3).json();
    assert_eq!((stored(&report), &report["bad"]["total"]), ([2, 0, 0, 0], &json!(7)));
    assert_eq!(report["opted_out"], json!({"rows": 1, "suppressed": 1, "no_number": 0}));
    assert_eq!(desk.rows("SELECT user_id FROM users ORDER BY 1"), ["-8", "1"]);
    assert_eq!(desk.suppressed(), ["+9779841000002 import maya opted out in imported data"]);
    report["dry_run"] = json!(true);
    report["source"] = dry["source"].clone();
    assert_eq!(dry, report);
}

#[test]
fn every_row_that_needs_attention_is_in_the_row_report() {
    let desk = Desk::new();
    let path = desk.path("rows.csv");
    desk.csv(FLAWED, &format!("--dry-run --report {}", path.display())).expect(3);
    let text = fs::read_to_string(&path).unwrap();
    let rows: Vec<String> =
        text.lines().map(|line| line.splitn(4, ',').take(3).collect::<Vec<_>>().join(",")).collect();
    assert_eq!(
        rows,
        [
            "user_id,line,reason",
            "2,3,bad_date",
            ",4,missing_id",
            "4,5,spreadsheet_number",
            "5,6,bad_flag",
            ",7,field_count",
            "7,8,duplicate_id",
            "7,9,duplicate_id",
            "'-8,10,not_a_number",
        ]
    );
    assert!(!text.contains("984") && !text.contains("hello"));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn opt_outs_suppress_and_are_never_lifted() {
    let desk = Desk::new();
    let opted = "id,phone,opted_out,active\n1,9841000001,true,\n2,+977 984-1000001,yes,\n3,hello,1,\n4,9841000004,true,false\n5,9841000005,,\n";
    let report = desk.csv(opted, "--actor maya --reason asked").expect(0).json();
    assert_eq!(report["opted_out"], json!({"rows": 4, "suppressed": 2, "no_number": 1}));
    let both = ["+9779841000001 import maya asked", "+9779841000004 import maya asked"];
    assert_eq!(desk.suppressed(), both);
    desk.csv(opted.replace("true", "false").replace("yes", "no"), "").expect(0);
    assert_eq!(desk.suppressed(), both);
    let again = desk.csv(opted, "").expect(0).json();
    assert_eq!((&again["opted_out"]["suppressed"], desk.suppressed().len()), (&json!(0), 2));
    assert_eq!(
        desk.rows("SELECT concat_ws(' ', actor, action, split_part(subject, ',', 1), reason) FROM audit_log ORDER BY id LIMIT 1"),
        ["maya import csv 5 rows asked"]
    );
}

#[test]
fn an_event_that_is_newer_than_the_file_is_kept() {
    let desk = Desk::new();
    desk.csv("id,phone,name,due_date\n1,9841000001,Maya,2026-12-28\n2,9841000002,,\n3,9841000003,,\n", "")
        .expect(0);
    desk.test.run(desk.test.database.execute(
        "UPDATE users SET source = 'event', changed_at = now() - interval '1 hour' WHERE user_id IN ('1', '2')",
    ));
    let file = desk.file("old.csv", "id,phone,active\n1,9841000011,\n2,9841000002,no\n3,9841000003,\n");
    let old = fs::File::options().write(true).open(&file).unwrap();
    old.set_modified(SystemTime::now() - std::time::Duration::from_hours(2)).unwrap();
    let report = desk.import(&format!("csv {file} --output json")).expect(0).json();
    assert_eq!((stored(&report), &report["deactivated"]), ([0, 0, 1, 1], &json!(0)));
    // With a newer --source-time the file counts. Fields that it lacks are kept.
    let now = "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')";
    let now = desk.rows(now).remove(0);
    let report = desk.import(&format!("csv {file} --output json --source-time {now}")).expect(0).json();
    assert_eq!((stored(&report), &report["deactivated"]), ([0, 1, 1, 0], &json!(1)));
    assert_eq!(
        desk.users(),
        [
            "1|9841000011|+9779841000011|Maya|2026-12-28|t|import",
            "2|9841000002|+9779841000002|f|import",
            "3|9841000003|+9779841000003|t|import",
        ]
    );
    let future = desk.import(&format!("csv {file} --source-time 2100-01-01T00:00:00Z")).expect(2);
    assert!(future.stderr.contains("future"), "{}", future.stderr);
}

#[test]
fn unusable_files_are_refused_with_a_hint() {
    let desk = Desk::new();
    let utf16: Vec<u8> = "\u{feff}id,phone\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: [(&[u8], &str, &str); 8] = [
        (&utf16, "", "UTF-16"),
        (b"", "", "empty"),
        (b"PK\x03\x04....", "", "CSV UTF-8"),
        (b"id,phone,bp,note\n1,2,3,4\n", "", "`bp`, `note`"),
        (b"id,phone,bp\n1,2,3\n", "--ignore bq", "no column `bq`"),
        (b"1,9807969278,Maya\n", "", "--map id=COLUMN"),
        (b"id,phone\n1,\"2\n", "--map tel=phone", "no field `tel`"),
        (b"id,user_id,phone\n1,2,3\n", "", "two columns could be the id"),
    ];
    for (bytes, flags, part) in cases {
        let ended = desk.csv(bytes, flags).expect(2);
        assert!(ended.stderr.contains(part) && !ended.stderr.contains("980"), "{part}: {}", ended.stderr);
    }
    let missing = desk.import("csv /nowhere.csv").expect(2);
    assert!(missing.stderr.contains("/nowhere.csv"));
    let mapped = desk
        .csv("Nr\tMobile\tbp\n1\t9841000001\t120\n2\t9841000002\n", "--map id=Nr,phone=Mobile --ignore bp");
    assert_eq!(mapped.expect(3).json()["bad"]["problems"]["field_count"]["lines"], json!([3]));
    let latin = desk.csv(b"id,phone,name\n1,9841000001,Ren\xe9\n", "");
    assert_eq!(latin.expect(3).json()["bad"]["problems"]["not_utf8"]["lines"], json!([2]));
    assert_eq!(desk.rows("SELECT user_id FROM users"), [""; 0]);
}

#[test]
fn json_lines_are_read_from_standard_input() {
    let desk = Desk::new();
    let lines = "{\"user_id\":7,\"phone_number\":9807969278,\"kind\":\"new_mother\",\"opted_out\":false}\n\n\
                 {\"user_id\":\"8\",\"phone_number\":null,\"display_name\":\"=1+1\"}\n";
    let command = desk.test.command(Program::Import).args("jsonl - --output json");
    let report = command.end_with_input(lines).expect(0).json();
    assert_eq!((stored(&report), &report["source"]["file"]["format"]), ([2, 0, 0, 0], &json!("jsonl")));
    assert_eq!(desk.users(), ["7|new_mother|9807969278|+9779807969278|t|import", "8||-|=1+1|t|import"]);
    let bad = format!("{lines}[9807969278]\n{{\"user_id\":9,\"phone_number\":[1]}}\n");
    let command = desk.test.command(Program::Import).args("jsonl - --output json");
    let problems = command.end_with_input(&bad).expect(3).json()["bad"]["problems"].clone();
    assert_eq!(
        (&problems["not_json"]["lines"], &problems["wrong_type"]["lines"]),
        (&json!([4]), &json!([5]))
    );
    let command = desk.test.command(Program::Import).args("jsonl -");
    let unknown = command.end_with_input("{\"user_id\":1,\"phone\":\"\",\"bp\":120}\n").expect(2);
    assert!(unknown.stderr.contains("`bp`"), "{}", unknown.stderr);
}

#[test]
fn many_batches_add_up_and_shared_numbers_are_suppressed_once() {
    let desk = Desk::new();
    let mut text = "id,phone,opted_out,active\n".to_owned();
    for n in 0..5000 {
        let (out, active) = (if n % 5 == 0 { "true" } else { "" }, n % 7 != 0);
        writeln!(text, "{n},98410{:05},{out},{active}", n % 2500).unwrap();
    }
    let dry = desk.csv(&text, "--dry-run").expect(0).json();
    let mut real = desk.csv(&text, "").expect(0).json();
    assert_eq!((stored(&real), &real["skipped"]["inactive"]), ([4285, 0, 0, 0], &json!(715)));
    assert_eq!(real["opted_out"], json!({"rows": 1000, "suppressed": 500, "no_number": 0}));
    assert_eq!(
        desk.rows("SELECT concat(count(*), ' ', count(DISTINCT phone_e164)) FROM suppressions"),
        ["500 500"]
    );
    real["dry_run"] = json!(true);
    real["source"] = dry["source"].clone();
    assert_eq!(dry, real);
}

#[test]
fn an_interruption_while_the_input_is_read_writes_nothing() {
    let desk = Desk::new();
    let mut running = desk.test.command(Program::Import).args("csv -").start();
    running.write("id,phone\n1,9841000001\n");
    let connected = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                     AND application_name = 'import'";
    desk.test.wait_for("its connection", async |test| Ok(test.database.number(connected).await? > 0));
    running.interrupt();
    let ended = running.wait().expect(130);
    assert!(ended.stderr.contains("nothing was written"), "{}", ended.stderr);
    assert_eq!(desk.rows("SELECT user_id FROM users"), [""; 0]);
}
