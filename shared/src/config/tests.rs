use std::collections::BTreeSet;

use super::{Setting, page, settings::SECTIONS};
use crate::repository::{check_page, code, root};

fn all() -> impl Iterator<Item = &'static Setting> {
    SECTIONS.iter().flat_map(|section| section.settings)
}

#[test]
fn the_page_of_settings_is_made_from_the_table() {
    check_page("configuration.md", &page(), "CONFIGURATION_PAGE");
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

#[test]
fn all_settings_that_are_read_are_in_the_table() {
    let folder = root().join("shared/src/config/settings");
    let (table, rest): (Vec<_>, Vec<_>) = code().into_iter().partition(|(file, _)| file.starts_with(&folder));
    let [table, rest] =
        [table, rest].map(|files| files.into_iter().map(|(_, code)| code).collect::<String>());
    let defined = table.matches("Setting::new(").count() + table.matches("Setting::required(").count();
    assert_eq!(defined, all().count(), "a setting is in no section");
    assert!(
        !rest.contains("Setting::new(") && !rest.contains("Setting::required("),
        "one is outside the table"
    );
    let words: BTreeSet<&str> = rest.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).collect();
    for Setting { name, .. } in all() {
        // The logging library reads it.
        assert!(words.contains(name) || *name == "RUST_LOG", "{name} is in the table, and nothing reads it");
    }
}

#[test]
fn a_fault_quotes_the_help_of_its_setting() {
    let mut env = super::Env::of([("SEND_RATE", "many")]);
    env.value::<u32>(&super::settings::SEND_RATE);
    let text = env.finish(()).unwrap_err().to_string();
    assert!(text.contains("Message segments per second of all workers together; 0: unlimited."), "{text}");
}

#[test]
fn each_pod_mounts_only_the_secrets_it_reads() {
    for file in ["worker.yml", "migrate.yml"] {
        let text = std::fs::read_to_string(root().join("deploy/kubernetes").join(file)).unwrap();
        let between = |begin: &str, end: char| -> BTreeSet<String> {
            let parts = text.split(begin).skip(1);
            parts.map(|rest| rest.split(end).next().unwrap_or_default().to_owned()).collect()
        };
        let read = between("value: /run/secrets/onboarding/", '}');
        assert!(!read.is_empty());
        assert_eq!(between("{key: ", ','), read, "{file}: a volume without `items` holds every key");
    }
}
