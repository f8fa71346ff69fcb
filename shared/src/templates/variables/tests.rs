use super::*;

const BODY: &str = "Week {{1}}: {{2}} Have a good day.";

fn placeholders(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The second value, in a template of two.
fn second(value: &str) -> Result<String, Unfit> {
    let checked = check(&placeholders(&["1", "2"]), BODY, &values(&[("1", "26"), ("2", value)]))?;
    Ok(checked["2"].clone())
}

#[test]
fn values_must_be_those_of_the_placeholders() {
    let two = placeholders(&["1", "2"]);
    let check = |pairs: &[(&str, &str)]| check(&two, BODY, &values(pairs));
    assert_eq!(check(&[("1", "26"), ("2", "x")]), Ok(values(&[("1", "26"), ("2", "x")])));
    assert_eq!(check(&[("1", "26")]), Err(Unfit::Missing("2".to_owned())));
    assert_eq!(check(&[]), Err(Unfit::Missing("1".to_owned())));
    assert_eq!(check(&[("1", "26"), ("2", "x"), ("3", "y")]), Err(Unfit::Extra("3".to_owned())));
    assert_eq!(check(&[("1", "26"), ("two", "x")]), Err(Unfit::Extra("two".to_owned())));
}

#[test]
fn a_template_without_placeholders_takes_no_value() {
    assert_eq!(check(&placeholders(&[]), "Welcome.", &values(&[])), Ok(values(&[])));
    let extra = check(&placeholders(&[]), "Welcome.", &values(&[("1", "x")]));
    assert_eq!(extra, Err(Unfit::Extra("1".to_owned())));
}

#[test]
fn names_that_twilio_does_not_take_are_refused() {
    let bad = placeholders(&["first name"]);
    let error = check(&bad, "{{first name}}", &values(&[("first name", "Sita")])).unwrap_err();
    assert_eq!(error, Unfit::Name("first name".to_owned()));
    let many: BTreeSet<String> = (0..101).map(|n| n.to_string()).collect();
    assert_eq!(check_names(&many, &many), Err(Unfit::TooMany(101)));
}

#[test]
fn spaces_are_trimmed_and_collapsed() {
    for (value, clean) in [
        ("drink water", "drink water"),
        ("  drink     water ", "drink water"),
        ("drink\u{a0}\u{a0}water\u{3000}now", "drink water now"),
        ("राम\u{200d} सीता", "राम\u{200d} सीता"),
        ("O'Neil \"x\" {1} \\", "O'Neil \"x\" {1} \\"),
        ("\n namaste \n", "namaste"),
    ] {
        assert_eq!(second(value), Ok(clean.to_owned()), "{value:?}");
    }
}

#[test]
fn values_that_whatsapp_would_refuse_or_that_change_the_text_around_them_are_refused() {
    let two = || "2".to_owned();
    for (value, fault) in [
        ("", Unfit::Empty(two())),
        (" \u{a0}\t\n", Unfit::Empty(two())),
        ("\u{200b}\u{200d}", Unfit::Empty(two())),
        ("\u{200e}", Unfit::Empty(two())),
        ("one\ntwo", Unfit::Control(two())),
        ("one\r\ntwo", Unfit::Control(two())),
        ("one\ttwo", Unfit::Control(two())),
        ("one\0two", Unfit::Control(two())),
        ("one\u{85}two", Unfit::Control(two())),
        ("one\u{2028}two", Unfit::Control(two())),
        ("one\u{7f}", Unfit::Control(two())),
        ("\u{202e}evil", Unfit::Direction(two())),
        ("a\u{202a}b", Unfit::Direction(two())),
        ("a\u{2066}b\u{2069}", Unfit::Direction(two())),
        ("a\u{200f}b", Unfit::Direction(two())),
        ("Dear {{1}}", Unfit::Braces(two())),
        ("a }} b", Unfit::Braces(two())),
    ] {
        assert_eq!(second(value), Err(fault), "{value:?}");
    }
}

#[test]
fn lengths_count_characters_after_filling() {
    let rest = BODY.chars().count() - "{{1}}{{2}}".len() + "26".len();
    let room = LONGEST_MESSAGE - rest;
    assert!(second(&"न".repeat(room)).is_ok());
    assert_eq!(second(&"न".repeat(room + 1)), Err(Unfit::LongMessage(LONGEST_MESSAGE + 1)));
    assert_eq!(second(&"न".repeat(1_600)), Err(Unfit::LongMessage(1_600 + rest)));
    let fault = Unfit::LongValue { name: "2".to_owned(), characters: 5_000 };
    assert_eq!(second(&"a".repeat(5_000)), Err(fault));
    assert!(second(&format!("a{}b", " ".repeat(5_000))).is_ok(), "a run of spaces is one");
}

#[test]
fn faults_do_not_show_values() {
    for value in ["Sita\n9841234567", "Sita {{9841234567}}", &"Sita9841234567".repeat(400)] {
        let fault = second(value).unwrap_err();
        let shown = format!("{fault} {fault:?}");
        assert!(!shown.contains("Sita") && !shown.contains("98412"), "{shown}");
    }
}
