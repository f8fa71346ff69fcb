//! Files and portals from practice, in `testing/cases`.

#![cfg(feature = "cli")]
// Helpers are tests, too.
#![allow(clippy::unwrap_used)]

use std::{fs, path::PathBuf};

use serde_json::{Value, json};
use support::{CommandEnv, Ended, Program};
use tempfile::NamedTempFile;

fn case(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../testing/cases", name].iter().collect()
}

/// `import csv` of a file of a case, with options as they are typed.
fn import(test: &CommandEnv, name: &str, options: &str) -> Ended {
    import_file(test, case(name).join("users.csv").to_str().unwrap(), options)
}

fn import_file(test: &CommandEnv, file: &str, options: &str) -> Ended {
    let command = test.command(Program::Import).args("csv --output json").arg(file);
    command.shell_args(options).end()
}

fn written(text: &str) -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    file
}

fn new(report: &Value) -> u64 {
    report["stored"]["new"].as_u64().unwrap()
}

fn rows(test: &CommandEnv, sql: &str) -> Vec<String> {
    test.run(test.database.texts(sql)).into_iter().flatten().collect()
}

/// The options that a message names, from the first one to its end.
fn advice(stderr: &str) -> &str {
    let start = ["--map '", "--ignore '"].iter().filter_map(|option| stderr.find(option)).min();
    stderr[start.unwrap_or_else(|| panic!("no option in {stderr}"))..].trim_end()
}

#[test]
fn files_of_spreadsheets_are_read_as_they_are() {
    let test = CommandEnv::new();
    let mapped =
        import(&test, "comma-in-column-title", "-n --map 'phone=Mobile number (10 digits, no spaces)'");
    assert_eq!(new(&mapped.expect(0).json()), 1);
    let comma = written("id,phone,\"Remarks, if any\",a,b\n1,9841234507,x,,\n");
    let ignored =
        import_file(&test, comma.path().to_str().unwrap(), "-n --ignore 'Remarks, if any' --ignore a,b");
    assert_eq!(new(&ignored.expect(0).json()), 1);
    for (name, users, separator) in
        [("sep-line", 1, ";"), ("carriage-returns-only", 2, ","), ("nameless-last-column", 2, ",")]
    {
        let report = import(&test, name, "-n").expect(0).json();
        assert_eq!((new(&report), &report["numbers"]["usable"]), (users, &json!(users)), "{name}");
        assert_eq!(report["source"]["file"]["separator"], json!(separator), "{name}");
    }
    let marked = written("\u{FEFF}sep=;\r\nid;phone;due_date\r\n1;9841234501;\r\n2;9841234502;soon\r\n");
    let report = import_file(&test, marked.path().to_str().unwrap(), "-n").expect(3).json();
    assert_eq!(report["bad"]["problems"]["bad_date"]["lines"], json!([4]));
}

#[test]
fn the_hint_of_an_error_works_as_printed() {
    let test = CommandEnv::new();
    let refused = import(&test, "same-column-twice", "-n --map phone=phone --ignore phone").expect(2);
    assert!(refused.stderr.contains("#2 `phone`, #3 `phone`"), "{}", refused.stderr);
    assert_eq!(
        new(&import(&test, "same-column-twice", &format!("-n {}", advice(&refused.stderr))).expect(0).json()),
        1
    );
    for (text, part) in [
        ("id,user_id,phone\n7,8,9841234507\n", "two columns could be the id"),
        ("id,phone,Phone,mobile\n7,9841234507,,\n", "3 columns could be the phone"),
        (",id,phone,,\n0,7,9841234507,,x\n", "#1 (first in line 2), #5 (first in line 2)"),
    ] {
        let file = written(text);
        let path = file.path().to_str().unwrap();
        let refused = import_file(&test, path, "-n").expect(2);
        assert!(refused.stderr.contains(part) && !refused.stderr.contains("984"), "{}", refused.stderr);
        let report = import_file(&test, path, &format!("-n {}", advice(&refused.stderr))).expect(0).json();
        assert_eq!((new(&report), &report["numbers"]["usable"]), (1, &json!(1)), "{text}");
    }
    let keys = written("{\"id\":7,\"phone\":9841234507}\n{\"id\":8,\"Phone\":9841234508}\n");
    let jsonl = |options: &str| {
        let command =
            test.command(Program::Import).args("jsonl -n --output json").arg(keys.path().to_str().unwrap());
        command.shell_args(options).end()
    };
    let refused = jsonl("").expect(2);
    let report = jsonl(advice(&refused.stderr)).expect(0).json();
    assert_eq!((new(&report), &report["numbers"]["usable"]), (2, &json!(1)));
}

#[test]
fn dates_of_another_calendar_are_bad() {
    let test = CommandEnv::new();
    let file = case("bikram-sambat-birth-date").join("users.csv");
    let human =
        test.command(Program::Import).args("csv -n").arg(file.to_str().unwrap()).end().expect(3).stdout;
    assert!(human.contains("lines 2, 3, 4") && human.contains("Bikram Sambat"), "{human}");
    let lines = "{\"id\":1,\"phone\":\"\",\"child_birth_date\":\"2083-05-12\"}\n\
                 {\"id\":2,\"phone\":\"\",\"signed_up_at\":\"2083-05-12T08:00:00+0545\"}\n";
    let jsonl = test.command(Program::Import).args("jsonl - -n --output json").end_with_input(lines);
    assert_eq!(jsonl.expect(3).json()["bad"]["problems"]["bad_date"]["lines"], json!([1, 2]));
}

#[test]
fn a_formula_of_a_spreadsheet_is_its_text() {
    let test = CommandEnv::new();
    let stored = written("id,phone\n1042,9841234511\n");
    import_file(&test, stored.path().to_str().unwrap(), "").expect(0);
    test.run(test.database.execute("UPDATE users SET changed_at = changed_at - interval '10 years'"));
    let report = import(&test, "excel-text-formula-id", "").expect(0).json();
    assert_eq!((new(&report), &report["stored"]["updated"]), (0, &json!(1)));
    let all = "SELECT concat_ws(' ', user_id, phone_raw, phone_e164) FROM users";
    assert_eq!(rows(&test, all), ["1042 9841234512 +9779841234512"]);
}

#[test]
fn offsets_without_a_colon_are_read() {
    let test = CommandEnv::new();
    assert_eq!(new(&import(&test, "iso-offset-without-colon", "").expect(0).json()), 3);
    let times =
        "SELECT to_char(signed_up_at AT TIME ZONE 'UTC', 'MM-DD HH24:MI:SS') FROM users ORDER BY user_id";
    assert_eq!(rows(&test, times), ["03-01 10:22:33", "03-01 04:37:33", "03-01 10:22:33"]);
}
