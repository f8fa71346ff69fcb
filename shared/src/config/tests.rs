use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use super::{Setting, page, settings::SECTIONS};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn all() -> impl Iterator<Item = &'static Setting> {
    SECTIONS.iter().flat_map(|section| section.settings)
}

#[test]
fn the_page_of_settings_is_made_from_the_table() {
    let path = root().join("docs/configuration.md");
    if std::env::var("CONFIGURATION_PAGE").is_ok_and(|v| v == "write") {
        fs::write(&path, page()).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap();
    assert!(
        written == page(),
        "docs/configuration.md is not what the table says; CONFIGURATION_PAGE=write writes it anew"
    );
}

#[test]
fn every_setting_fits_a_row_and_a_sentence() {
    let mut seen = BTreeSet::new();
    for setting in all() {
        let Setting { name, default, help, .. } = setting;
        assert!(seen.insert(name), "{name} is there twice");
        assert!(name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'), "{name}");
        assert!(!help.is_empty() && !help.ends_with('.') && !help.contains(['|', '\n']), "{name}: {help:?}");
        assert!(!setting.secret || default.unwrap_or_default().is_empty(), "{name} has a public default");
        assert!(setting.only_for.is_none() || default.is_none(), "{name} is not required");
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|e| e == "rs") && !path.ends_with("tests.rs"))
        .collect()
}

/// The code of our programs, outside tests: that of the table, and the rest.
fn code() -> (String, String) {
    let table = root().join("shared/src/config/settings");
    let files = ["shared/src", "producer/src", "worker/src"].map(|folder| rust_files(&root().join(folder)));
    let (table, rest): (Vec<_>, Vec<_>) =
        files.concat().into_iter().partition(|file| file.starts_with(&table));
    let read = |files: Vec<PathBuf>| -> String {
        let code = files.iter().map(|file| fs::read_to_string(file).unwrap());
        code.map(|code| code.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned()).collect()
    };
    (read(table), read(rest))
}

#[test]
fn nothing_is_read_that_is_not_in_the_table() {
    let (table, rest) = code();
    let defined = table.matches("Setting::new(").count() + table.matches("Setting::required(").count();
    assert_eq!(defined, all().count(), "a setting is in no section");
    assert!(
        !rest.contains("Setting::new(") && !rest.contains("Setting::required("),
        "one is outside the table"
    );
    let words: BTreeSet<&str> = rest.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).collect();
    for Setting { name, .. } in all() {
        // The library that filters log lines reads it by itself.
        assert!(words.contains(name) || *name == "RUST_LOG", "{name} is in the table, and nothing reads it");
    }
}

#[test]
fn a_fault_says_what_the_page_says() {
    let mut env = super::Env::of([("SEND_RATE", "many")]);
    env.value::<u32>(&super::settings::SEND_RATE);
    let text = env.finish(()).unwrap_err().to_string();
    assert!(text.contains("Message segments per second of all workers together; 0: unlimited."), "{text}");
}
