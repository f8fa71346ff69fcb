//! The page of the codes of WhatsApp, written from the table of codes: `CODES_PAGE=write` writes it, and otherwise this test
//! compares it.

use std::fmt::Write as _;

use super::{Channel as _, Refusal, Whatsapp};
use crate::twilio::{
    Absence, Class, FaultScope, Sender, allows_fallback, classify_status, explain, is_of_people, is_of_rate,
};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/whatsapp-codes.md");

/// The codes that Twilio documents for WhatsApp and for templates.
const CODES: [u32; 60] = [
    21211, 21602, 21610, 21619, 21654, 21655, 21656, 21658, 21910, 63001, 63002, 63003, 63005, 63006, 63007,
    63008, 63009, 63010, 63011, 63012, 63013, 63014, 63015, 63016, 63017, 63018, 63019, 63020, 63021, 63022,
    63023, 63024, 63025, 63026, 63027, 63028, 63029, 63030, 63031, 63032, 63033, 63034, 63037, 63038, 63040,
    63041, 63042, 63043, 63044, 63045, 63046, 63047, 63049, 63050, 63051, 63062, 63112, 92005, 92006, 92007,
];

const INTRODUCTION: &str = "# Codes of WhatsApp

What follows when a message of WhatsApp fails with a code, in a callback or at once. The table is written from the worker's own
table of codes.

- **Concerns**: the person, the person on WhatsApp, the template, the sender, our account, the message alone, or the way to it.
- **Held back**: what is not sent until the fault is gone. No user fails by a fault of a template, a sender or the account.
- **SMS**: whether the message may go by SMS, where `CHANNELS` lists it, consent and budget allow it, and no more than
  `FALLBACK_WITHIN` has passed. A code that comes after Twilio accepted a message leads to no other call.
- **Next WhatsApp message**: when the person may get the next one.

A code of 63xxx that is not listed concerns the person until tomorrow, and raises the alert `OnboardingUnlistedCode`.

| code | concerns | welcome ends as | held back | SMS | next WhatsApp message | meaning, and what to do |
|---|---|---|---|---|---|---|
";

fn concerns(class: Class) -> &'static str {
    match class {
        Class::Recipient | Class::OptOut => "person",
        Class::Unreachable(_) | Class::Declined => "person on WhatsApp",
        Class::Template => "template",
        Class::Sender { .. } => "sender",
        Class::Account { .. } | Class::DailyCap => "account",
        Class::Content => "message",
        Class::Throttled { .. } | Class::Temporary | Class::Later { .. } | Class::Unknown => "way",
        Class::AlreadyDone | Class::LogOnly | Class::SkipLookup => "nothing",
    }
}

fn held(code: u32, refusal: Refusal) -> &'static str {
    match refusal {
        _ if is_of_people(code) => {
            "half the rate of WhatsApp, for some minutes; if more than a fifth of a minute's messages fail so, new people, until tomorrow"
        }
        _ if is_of_rate(code) => "half the rate of WhatsApp, for some minutes",
        Refusal::Fault(FaultScope::Account) => "everything",
        Refusal::Fault(_) => "the country",
        Refusal::DailyCap => "everything, until tomorrow",
        Refusal::Template => "the template",
        Refusal::Sender => "WhatsApp",
        _ => "–",
    }
}

fn next(refusal: Refusal) -> String {
    let days = |absence: Absence| {
        let days: Vec<String> = absence.days().map(|days| days.to_string()).collect();
        if days == ["1"] { "tomorrow".to_owned() } else { format!("after {} days", days.join(", then ")) }
    };
    match refusal {
        Refusal::Unreachable(absence) => days(absence),
        Refusal::Declined | Refusal::OptedOut => "after a new consent".to_owned(),
        Refusal::Template => "once the template is approved again".to_owned(),
        Refusal::Sender | Refusal::Fault(_) => "once a probe passes".to_owned(),
        Refusal::DailyCap => "tomorrow".to_owned(),
        _ => "at its time".to_owned(),
    }
}

fn ends(code: u32, refusal: Refusal) -> String {
    match refusal {
        Refusal::OptedOut => "`suppressed`, `opted_out`".to_owned(),
        _ if allows_fallback(code) => "sent by SMS".to_owned(),
        _ => format!("`registered`, `error_{code:05}`"),
    }
}

#[test]
fn the_page_of_codes_is_that_of_the_table() {
    let channel = Whatsapp::new(Sender::From("whatsapp:+14155238886".to_owned()));
    let mut page = INTRODUCTION.to_owned();
    for code in CODES {
        assert!(!explain(code).starts_with("Not in the table"), "{code}");
        let class = classify_status(code);
        let refusal = channel.classify(class);
        let sms = if allows_fallback(code) { "yes" } else { "no" };
        writeln!(
            page,
            "| {code} | {} | {} | {} | {sms} | {} | {} |",
            concerns(class),
            ends(code, refusal),
            held(code, refusal),
            next(refusal),
            explain(code)
        )
        .unwrap();
    }
    if std::env::var("CODES_PAGE").as_deref() == Ok("write") {
        std::fs::write(PAGE, &page).unwrap();
    }
    assert_eq!(std::fs::read_to_string(PAGE).unwrap_or_default(), page, "CODES_PAGE=write writes it");
}
