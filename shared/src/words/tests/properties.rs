//! Properties of every text.

use proptest::{collection::vec, prelude::*, sample::select};

use super::*;

/// Pieces that folding treats specially.
const PIECES: [&str; 36] = [
    "stop",
    "STOP",
    "बन्द",
    "बंद",
    "रगत",
    "गर्भपात",
    "help",
    "baby",
    "a",
    "É",
    "e",
    "\u{301}",
    "\u{323}",
    "क",
    "त",
    "न",
    "व",
    "ी",
    "ि",
    "्",
    "ं",
    "ँ",
    "\u{93C}",
    "\u{929}",
    "\u{951}",
    "९",
    "\u{200D}",
    "\u{FE0F}",
    "'",
    "?",
    "।",
    " ",
    "\0",
    "👍🏽",
    "ℹ",
    "\u{AC00}",
];
/// What people add around a word.
const AROUND: [&str; 18] = [
    "", " ", ".", "!", "।", "॥", "👍", "👍🏽", "❤️", "🙏", "\"", "'", "\u{200C}", "\u{FEFF}", "\n", "...", "*",
    "\u{202B}",
];
/// Phrases of the lists, one or more of each class of whole messages.
const WHOLE: [(&str, Class); 12] = [
    ("stop", Class::Stop),
    ("opt out", Class::Stop),
    ("बन्द गर्नुहोस्", Class::Stop),
    ("चाहिँदैन", Class::Stop),
    ("roknuhos", Class::Stop),
    ("start", Class::Start),
    ("फेरि सुरु", Class::Start),
    ("मद्दत", Class::Help),
    ("हप्तामा एक", Class::Less),
    ("छोरी भयो", Class::Birth),
    ("गर्भ तुहियो", Class::Loss),
    ("wrong number", Class::WrongNumber),
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        vec(select(&PIECES[..]), 0..12).prop_map(|pieces| pieces.concat()),
        "[\u{900}-\u{97F} ]{0,24}",
    ]
}

fn around() -> impl Strategy<Value = String> {
    vec(select(&AROUND[..]), 0..5).prop_map(|marks| marks.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn folding_again_changes_nothing(text in text()) {
        let once = fold(&text);
        prop_assert_eq!(fold(&once), once);
    }

    #[test]
    fn a_folded_text_has_single_blanks_between_words(text in text()) {
        let folded = fold(&text);
        prop_assert_eq!(folded.split_whitespace().collect::<Vec<_>>().join(" "), folded);
    }

    #[test]
    fn every_text_has_a_class_and_its_effects_follow_from_its_classes(text in text(), payload in text()) {
        let understood = understand(&text, Some(&payload));
        prop_assert!(understood.has(understood.class()));
        prop_assert!(understood.urgency() >= understood.class().urgency());
        prop_assert!(understood.silences() >= understood.class().silence());
        prop_assert_eq!(understood.has(Class::Other), understood.classes().count() == 1 && understood.class() == Class::Other);
    }

    #[test]
    fn marks_around_a_whole_message_do_not_change_its_class(
        (phrase, class) in select(&WHOLE[..]), before in around(), after in around(), upper: bool,
    ) {
        let phrase = if upper { phrase.to_uppercase() } else { phrase.to_owned() };
        prop_assert_eq!(understand(&format!("{before}{phrase}{after}"), None).class(), class);
    }

    #[test]
    fn a_repeated_whole_message_is_the_message((phrase, class) in select(&WHOLE[..]), times in 1..6_usize) {
        prop_assert_eq!(understand(&vec![phrase; times].join(", "), None).class(), class);
    }

    #[test]
    fn a_word_before_a_whole_message_makes_it_a_longer_one((phrase, _) in select(&WHOLE[..]), word in "[b-d]{3,9}") {
        let understood = understand(&format!("{word} {phrase}"), None);
        prop_assert!(!understood.has(Class::Stop) && !understood.has(Class::Loss));
    }
}
