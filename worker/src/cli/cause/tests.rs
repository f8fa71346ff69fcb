use clap::Parser as _;

use super::*;
use crate::cli::{Arguments, Command, dead};

/// The transcripts of docs/admin.md of a version that filtered with `--reason`.
const OLD_PAGE: &str = include_str!("../../../../testing/scenarios/tests/it/transcripts/old_transcripts.txt");
/// The table of codes.
const OUTCOMES: &str = include_str!("../../../../docs/outcome.md");

/// The words of a command line, as a shell splits it. Knows single quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (n, part) in line.split('\'').enumerate() {
        if n % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

/// The commands of the worker in the old page.
fn old_commands() -> Vec<Vec<String>> {
    let lines = OLD_PAGE.lines().filter_map(|line| line.strip_prefix("$ "));
    let ours = lines.filter_map(|line| line.rsplit(" | ").next());
    ours.map(words).filter(|words| words[0] == "worker").collect()
}

/// What this version makes of a command line: the code it selects by, and the justification.
fn new_meaning(words: &[String]) -> Result<(Option<String>, Option<String>), String> {
    let arguments = Arguments::try_parse_from(words).map_err(|error| error.to_string())?;
    let owned = |meaning: Meaning<'_>| (meaning.cause.map(str::to_owned), meaning.reason.map(str::to_owned));
    match &arguments.command {
        Command::Reopen(reopen) => reopen.meaning().map(|(_, meaning)| owned(meaning)),
        Command::Dead(dead::Command::Replay(replay)) => replay.change.meaning().map(owned),
        Command::Dead(dead::Command::Drop(drop)) => drop.change.meaning().map(owned),
        Command::Dead(dead::Command::List(list)) => Ok((list.cause().map(str::to_owned), None)),
        Command::Dead(dead::Command::Show(show)) => Ok((None, show.justification().map(str::to_owned))),
        _ => Ok((None, None)),
    }
    .map_err(|failure| failure.to_string())
}

fn option(words: &[String], name: &str) -> Option<String> {
    let at = words.iter().position(|word| word == name)?;
    words.get(at + 1).cloned()
}

#[test]
fn old_commands_of_the_page_select_and_justify_as_before() {
    let commands = old_commands();
    assert!(commands.len() >= 25, "{}", commands.len());
    let mut old_spellings = 0;
    for words in commands {
        let meaning = new_meaning(&words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
        if words[1] == "reopen" || words[1] == "dead" {
            let old = (option(&words, "--reason"), option(&words, "--because"));
            assert_eq!(meaning, old, "{words:?}");
            old_spellings += usize::from(old.0.is_some());
        }
    }
    assert!(old_spellings >= 5, "{old_spellings}");
}

#[test]
fn no_old_spelling_selects_more_than_before() {
    for command in ["reopen", "dead list", "dead replay", "dead drop"] {
        for ids in ["", " 7"] {
            for reason in ["", " --reason schema", " --reason error_30040", " --reason schma"] {
                for because in ["", " --because 'two words'"] {
                    for dry_run in ["", " --dry-run"] {
                        let words = words(&format!("worker {command}{ids}{reason}{because}{dry_run}"));
                        let (filter, justified) = (option(&words, "--reason"), !because.is_empty());
                        // A change without a justification was refused, so that line is not an old spelling.
                        let refused = command != "dead list" && !justified && dry_run.is_empty();
                        match new_meaning(&words) {
                            Ok((cause, _)) if command == "reopen" || !refused => {
                                assert_eq!(cause, filter, "{words:?}");
                            }
                            Ok((cause, reason)) => {
                                assert!(cause.is_none() && reason == filter, "{words:?}");
                                assert!(!ids.is_empty(), "one word must not select every letter: {words:?}");
                            }
                            Err(_) => {}
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn an_unknown_word_is_refused_with_the_way_to_write_it() {
    for line in [
        "worker dead drop --reason schma --yes --because 'a test'",
        "worker dead drop --reason schma --yes",
        "worker dead replay --reason schma --dry-run",
        "worker dead replay 7 --reason schma --dry-run",
        "worker reopen --reason 'sender is registered now'",
        "worker reopen --because 'sender is registered now'",
    ] {
        let error = new_meaning(&words(line)).expect_err(line);
        assert!(error.contains("--cause"), "{line}: {error}");
    }
    for line in
        ["worker dead drop --cause schema --yes", "worker dead drop 7", "worker dead drop --reason schema"]
    {
        let error = new_meaning(&words(line)).expect_err(line);
        assert!(error.contains("--reason"), "{line}: {error}");
    }
    let twice = "worker reopen --cause error_30040 --reason one --because two";
    assert!(new_meaning(&words(twice)).is_err());
}

#[test]
fn the_new_spelling_needs_no_notice() {
    for (line, cause, reason) in [
        (
            "worker reopen --cause error_30040 --reason 'it is registered'",
            Some("error_30040"),
            "it is registered",
        ),
        ("worker dead drop --cause schema --reason malformed", Some("schema"), "malformed"),
        ("worker dead drop 7 --reason 'a test of the portal'", None, "a test of the portal"),
        ("worker dead replay 7 --reason test", None, "test"),
        ("worker dead replay --yes --reason 'all of them'", None, "all of them"),
        ("worker dead show 7 --reveal --reason test", None, "test"),
    ] {
        let meaning = new_meaning(&words(line)).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!(meaning, (cause.map(str::to_owned), Some(reason.to_owned())), "{line}");
    }
    let typed = Typed { cause: Some("schema"), reason: Some("a test"), because: None };
    assert_eq!(typed.meaning().map(|meaning| meaning.notice).ok(), Some(None));
    let old = Typed { reason: Some("schema"), ..Typed::default() };
    assert!(
        old.meaning().is_ok_and(|meaning| meaning.notice.is_some_and(|text| text.contains("--cause schema")))
    );
}

#[test]
fn every_code_of_the_page_is_known() {
    let section = OUTCOMES.split("## Dead letters").nth(1).expect("the section");
    let codes = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let codes: Vec<&str> = codes.take(DEAD_LETTER_CODES.len()).collect();
    assert_eq!(codes.len(), DEAD_LETTER_CODES.len());
    assert!(codes.iter().all(|code| is_code(code)), "{codes:?}");
}
