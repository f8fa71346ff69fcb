//! The tables in `testing/cases/inbound-words`.

use super::*;
use crate::phone::escape::unescape;

const CASES: &str = include_str!("../../../../testing/cases/inbound-words/words.tsv");
const ORDINARY: &str = include_str!("../../../../testing/cases/inbound-words/ordinary-sentences.txt");

/// The lines of a table without its comments.
fn lines(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.split('\n').filter(|line| !line.is_empty() && !line.starts_with("# "))
}

/// Expected class and body.
fn cases() -> Vec<(Class, String)> {
    let read = |line: &'static str| {
        let (class, body) = line.split_once('\t').expect("class, tab, body");
        (Class::from_name(class).expect(class), unescape(body).expect("known escapes").into_owned())
    };
    lines(CASES).map(read).collect()
}

#[test]
fn every_case_has_its_class() {
    let understood = |(class, body): (Class, String)| {
        let found = understand(&body, None).class();
        (found != class).then(|| format!("{body:?} is {found}, expected {class}"))
    };
    let wrong: Vec<String> = cases().into_iter().filter_map(understood).collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_cases_are_at_least_a_thousand_and_differ() {
    let mut bodies: Vec<String> = cases().into_iter().map(|(_, body)| body).collect();
    assert!(bodies.len() >= 1_000, "{}", bodies.len());
    bodies.sort_unstable();
    assert_eq!(bodies.windows(2).find(|pair| pair[0] == pair[1]), None);
}

#[test]
fn every_class_has_cases() {
    for class in Class::ALL {
        let count = cases().iter().filter(|(its, _)| *its == class).count();
        assert!(count >= 20, "{class}: {count}");
    }
}

#[test]
fn no_ordinary_sentence_or_name_stops_messages_or_reports_a_loss() {
    assert!(lines(ORDINARY).count() >= 10_000, "{}", lines(ORDINARY).count());
    let silences = |line: &&str| {
        let understood = understand(line, None);
        understood.has(Class::Stop) || understood.has(Class::Loss)
    };
    let wrong: Vec<&str> = lines(ORDINARY).filter(silences).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
