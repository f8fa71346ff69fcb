use chrono::Utc;

use super::*;
use crate::templates::registry::fixtures::mapped;

/// The verdict on a mapping after a change.
fn after(change: impl FnOnce(&mut Mapped)) -> Verdict {
    let mut one = mapped();
    change(&mut one);
    Verdict::of(&one)
}

#[test]
fn only_an_approved_template_that_fits_its_mapping_is_sendable() {
    assert_eq!(after(|_| {}), Verdict::Sendable);
    for (status, state) in [
        ("unsubmitted", "unsubmitted"),
        ("received", "received"),
        ("pending", "pending"),
        ("rejected", "rejected"),
        ("paused", "paused"),
        ("disabled", "disabled"),
        ("in_appeal", "unknown"),
        ("deleted", "unknown"),
        ("approved_soon", "unknown"),
    ] {
        let verdict = after(|one| one.content.status = status.to_owned());
        assert!(!verdict.is_sendable() && verdict.state() == state, "{status}: {verdict}");
    }
}

#[test]
fn what_changed_since_the_mapping_holds_a_template_back() {
    for (verdict, state, text) in [
        (after(|one| one.content.removed_at = Some(Utc::now())), "removed", "removed at Twilio"),
        (after(|one| one.content.held_code = Some(63041)), "held", "held after error 63041"),
        (
            after(|one| one.content.category = "MARKETING".to_owned()),
            "recategorised",
            "category MARKETING instead of UTILITY",
        ),
        (
            after(|one| one.content.template_language = "mr".to_owned()),
            "changed",
            "language mr instead of hi",
        ),
        (
            after(|one| one.content.placeholders.push("3".to_owned())),
            "changed",
            "the placeholder 3 has no value",
        ),
        (after(|one| one.content.placeholders.truncate(1)), "changed", "the template has no placeholder 2"),
        (
            after(|one| {
                one.variables.insert("2".to_owned(), "shoe_size".to_owned());
            }),
            "changed",
            "this release does not know the field shoe_size",
        ),
    ] {
        assert_eq!((verdict.state(), verdict.to_string().as_str()), (state, text));
        assert!(!verdict.advice().is_empty() && Verdict::STATES.contains(&verdict.state()), "{verdict}");
    }
}

#[test]
fn a_text_under_another_language_is_a_risk() {
    for (language, filed, is_risk) in [
        (Language::Ne, "hi", true),
        (Language::Ne, "en", true),
        (Language::Ne, "", true),
        (Language::Ne, "ne_NP", false),
        (Language::En, "en_GB", false),
        (Language::En, "en", false),
        (Language::En, "hi", true),
    ] {
        assert_eq!(language_risk(language, filed).is_some(), is_risk, "{language} under {filed}");
    }
}
