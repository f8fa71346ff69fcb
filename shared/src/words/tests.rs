//! The rules, one by one. The tables of cases are in `cases`.

mod cases;
mod properties;

use super::*;

fn class(body: &str) -> Class {
    understand(body, None).class()
}

fn classes(body: &str, payload: Option<&str>) -> Vec<&'static str> {
    understand(body, payload).classes().map(Class::as_str).collect()
}

#[test]
fn a_stop_word_alone_stops_and_inside_a_sentence_it_only_holds() {
    for body in ["stop", "STOP 👍", "stop.", "\u{200C}बन्द।", "END", "stop stop stop", "बन्द गर, बन्द गर"]
    {
        assert_eq!(class(body), Class::Stop, "{body}");
        assert_eq!(understand(body, None).silences(), Some(Silence::StopAll), "{body}");
    }
    for body in ["please don't stop", "बन्द छ अस्पताल", "stop start", "stop stop start"]
    {
        assert_eq!(class(body), Class::MaybeStop, "{body}");
        assert_eq!(understand(body, None).silences(), Some(Silence::HoldTips), "{body}");
    }
    for body in ["Cancel my appointment", "weekend", "रोकिए", "बन्दगोभी खान हुन्छ?", "yes"]
    {
        assert_eq!(class(body), Class::Other, "{body}");
        assert_eq!(understand(body, None).silences(), None, "{body}");
    }
}

#[test]
fn danger_comes_before_every_class_of_a_text() {
    for body in ["रगत रोकिएन", "the bleeding won't stop", "रोक्नुहोस् भनेको रगत", "miscarriage and fever"]
    {
        assert_eq!(class(body), Class::Danger, "{body}");
        assert_eq!(understand(body, None).urgency(), Urgency::Danger, "{body}");
    }
}

#[test]
fn stop_with_a_sign_of_danger_silences_tips_and_is_urgent() {
    let understood = understand("stop, I am bleeding", None);
    assert_eq!(understood.class(), Class::Danger);
    assert_eq!(understood.urgency(), Urgency::Danger);
    assert_eq!(understood.silences(), Some(Silence::HoldTips));
    assert!(understood.has(Class::MaybeStop) && !understood.has(Class::Stop));
    assert_eq!(classes("stop, I am bleeding", None), ["danger", "maybe_stop"]);
}

#[test]
fn a_loss_as_a_whole_stops_tips_and_a_mentioned_loss_only_holds_them() {
    let reported = understand("गर्भपात", None);
    assert_eq!((reported.class(), reported.silences()), (Class::Loss, Some(Silence::StopTips)));
    let feared = understand("what if I have a miscarriage?", None);
    assert_eq!((feared.class(), feared.silences()), (Class::LossMentioned, Some(Silence::HoldTips)));
    assert_eq!((reported.urgency(), feared.urgency()), (Urgency::Loss, Urgency::Loss));
}

#[test]
fn a_message_of_several_classes_has_the_highest_urgency_and_the_strongest_silence() {
    assert_eq!(
        classes("stop, I had a miscarriage and I am bleeding", None),
        ["loss_mentioned", "danger", "maybe_stop"]
    );
    assert_eq!(class("please stop, I lost my baby"), Class::LossMentioned);
    let pressed = understand("रगत", Some("stop"));
    assert_eq!(pressed.class(), Class::Stop);
    assert_eq!((pressed.urgency(), pressed.silences()), (Urgency::Danger, Some(Silence::StopAll)));
    assert_eq!(classes("रगत", Some("stop")), ["stop", "danger"]);
    assert_eq!(classes("रगत", Some("loss")), ["loss", "danger"]);
    assert_eq!(understand("रगत", Some("loss")).class(), Class::Danger);
}

#[test]
fn a_button_says_what_its_payload_says() {
    for (payload, class) in [
        ("stop", Class::Stop),
        ("start", Class::Start),
        ("help", Class::Help),
        ("weekly", Class::Less),
        ("loss", Class::Loss),
        ("born", Class::Birth),
        ("not_me", Class::WrongNumber),
    ] {
        assert_eq!(understand("बन्द नगर्नुहोस्", Some(payload)).class(), class, "{payload}");
        assert_eq!(understand("", Some(payload)).class(), class, "{payload}");
        assert_eq!(classes("do not stop", Some(payload)), [class.as_str()]);
    }
    assert_eq!(understand("stop", Some("of another template")).class(), Class::Stop);
    assert_eq!(understand("", Some("")).class(), Class::Other);
}

#[test]
fn consent_to_a_question_of_ours_is_not_a_start() {
    for body in ["yes", "हो", "ok", "हुन्छ", "no"] {
        assert_eq!(class(body), Class::Other, "{body}");
    }
}

#[test]
fn a_message_without_words_is_other() {
    for body in ["", " ", "\0", "👍", "❤️❤️", "।", "\u{200B}\u{FEFF}", "...", "1️⃣"] {
        assert_eq!(classes(body, None), ["other"], "{body:?}");
    }
    assert_eq!(class("?"), Class::Help);
}

#[test]
fn markup_and_marks_of_direction_neither_hide_nor_make_a_word() {
    for (body, expected) in [
        ("<b>stop</b>", Class::MaybeStop),
        ("'; DROP TABLE inbound; --", Class::Other),
        ("\u{202E}stop\u{202C}", Class::Stop),
        ("st\u{200F}op", Class::Stop),
        ("stop\0", Class::Stop),
        ("st\0op", Class::Other),
    ] {
        assert_eq!(class(body), expected, "{body:?}");
    }
}

#[test]
fn a_word_anywhere_in_the_longest_message_counts() {
    let at = |words: usize, word: &str| format!("{}{word}", "namaste ".repeat(words));
    assert_eq!(class(&at(500, "रगत")), Class::Danger);
    assert_eq!(class(&at(500, "stop")), Class::MaybeStop);
    assert!(at(500, "रगत").chars().count() < 4_096);
}

#[test]
fn a_body_beyond_the_limit_is_not_a_whole_phrase() {
    let exact = format!("stop{}", " ".repeat(MAX_CHARS - 4));
    assert_eq!(class(&exact), Class::Stop);
    assert_eq!(class(&format!("{exact}x")), Class::MaybeStop);
    assert_eq!(class(&format!("{}रगत", " ".repeat(MAX_CHARS))), Class::Other);
}

/// With a quadratic step the test would take minutes.
#[test]
fn very_long_bodies_are_read_in_time() {
    for piece in ["stop ", "a", "न्", "\u{301}\u{323}", "बच्चा ", "👩‍👩‍👧", "\0", "\u{202E}", "ं", "गर्भ बच्चा टाउको "]
    {
        let body = piece.repeat(100_000 / piece.chars().count());
        let _understood = understand(&body, None);
        let _folded = fold(&body);
    }
}

#[test]
fn nothing_of_the_text_is_kept() {
    let shown = format!("{:?}", understand("रगत secret", None));
    assert!(!shown.contains("रगत") && !shown.contains("secret"), "{shown}");
}

#[test]
fn the_version_of_the_rules_comes_with_the_result() {
    assert_eq!(understand("", None).version(), edition().version);
    assert!(edition().version > 0);
}
