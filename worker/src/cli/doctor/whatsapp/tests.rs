use std::time::Duration;

use super::*;
use crate::{
    cli::doctor::finding::{Finding, Mark},
    twilio::ServiceSid,
};

const OURS: &str = "whatsapp:+14155550123";

fn settings() -> Settings {
    Settings {
        sender: Sender::From(OURS.to_owned()),
        kinds: "welcome, tip".to_owned(),
        welcomes: true,
        public_url: Some("https://sms.example.com/aamcare".parse().unwrap()),
        people: PeopleLimit::OfSender,
    }
}

fn sender() -> WhatsappSender {
    WhatsappSender {
        address: OURS.to_owned(),
        status: "ONLINE".to_owned(),
        quality: Some("HIGH".to_owned()),
        messaging_limit: Some("1K Customers/24hr".to_owned()),
        callback_urls: Vec::new(),
        offline_codes: Vec::new(),
    }
}

fn of(settings: &Settings, senders: &[WhatsappSender]) -> Vec<Finding> {
    let mut found = Findings::default();
    judge(&mut found, settings, senders);
    found.into_vec()
}

/// The one finding of a check.
#[track_caller]
fn the<'a>(found: &'a [Finding], check: &str) -> (Mark, &'a str) {
    let mut of_check = found.iter().filter(|finding| finding.check == check);
    let one = of_check.next().unwrap();
    assert!(of_check.next().is_none(), "{found:?}");
    (one.result, &one.text)
}

#[test]
fn a_good_sender_passes_every_check() {
    let found = of(&settings(), &[sender()]);
    assert!(found.iter().all(|finding| finding.result == Mark::Passed), "{found:?}");
    assert_eq!(the(&found, LIMIT).1, "1K Customers/24hr: 900 people in any 24 hours");
    assert!(the(&found, SENDER).1.ends_with("23 is online"), "{found:?}");
    assert!(found.iter().all(|finding| !finding.text.contains("4155550123")), "{found:?}");
}

#[test]
fn a_sender_that_is_not_online_fails_with_the_meaning_of_its_code() {
    let mut one = sender();
    one.status = "OFFLINE".to_owned();
    one.offline_codes = vec![63_001];
    let found = of(&settings(), &[one.clone()]);
    let fault = found.iter().find(|finding| finding.check == SENDER).unwrap();
    assert_eq!(fault.result, Mark::Failed);
    assert!(fault.text.ends_with("is offline, error 63001"), "{}", fault.text);
    assert_eq!(fault.advice.as_deref(), Some(explain(63_001)));
    let tips_only = Settings { welcomes: false, ..settings() };
    assert_eq!(the(&of(&tips_only, &[one]), SENDER).0, Mark::Warning, "welcomes do not depend on it");
}

#[test]
fn a_missing_sender_names_the_setting() {
    let found = of(&settings(), &[]);
    let (mark, text) = the(&found, SENDER);
    assert!(mark == Mark::Failed && text.contains("TWILIO_WHATSAPP_FROM"), "{text}");
    let service = Sender::Service(ServiceSid::parse(&format!("MG{:032x}", 1)).unwrap());
    let mut settings = Settings { sender: service, ..settings() };
    let found = of(&settings, &[]);
    let (mark, text) = the(&found, SENDER);
    assert!(mark == Mark::Failed && text.contains("Messaging Service"), "{text}");
    (settings.welcomes, settings.kinds) = (false, "tip".to_owned());
    let found = of(&settings, &[]);
    let (mark, text) = the(&found, SENDER);
    assert!(mark == Mark::Skipped && text.ends_with("tip cannot go by WhatsApp"), "{text}");
}

#[test]
fn the_sandbox_is_a_warning_that_explains_its_code_whether_twilio_lists_it_or_not() {
    let sandbox = "whatsapp:+14155238886";
    let settings = Settings { sender: Sender::From(sandbox.to_owned()), ..settings() };
    let listed = WhatsappSender { address: sandbox.to_owned(), ..sender() };
    for senders in [&[][..], &[listed][..]] {
        let found = of(&settings, senders);
        let (mark, text) = the(&found, SANDBOX);
        assert!(mark == Mark::Warning && text.contains("63015"), "{text}");
        assert!(found.iter().all(|finding| finding.result != Mark::Failed), "{found:?}");
    }
    let tips_only = Settings { welcomes: false, ..settings };
    assert_eq!(the(&of(&tips_only, &[]), SANDBOX).0, Mark::Skipped);
}

#[test]
fn the_addresses_of_the_sender_fit_public_url() {
    for (address, fits) in [
        ("https://sms.example.com/aamcare/twilio/status", true),
        ("https://sms.example.com/aamcare", true),
        ("https://sms.example.com:443/aamcare/in?x=1", true),
        ("https://sms.example.com/aamcare2/in", false),
        ("https://sms.example.com/", false),
        ("http://sms.example.com/aamcare/in", false),
        ("https://sms.example.com:8443/aamcare/in", false),
        ("https://old.example.com/aamcare/in", false),
        ("not an address", false),
    ] {
        let mut one = sender();
        one.callback_urls = vec!["https://sms.example.com/aamcare/in".to_owned(), address.to_owned()];
        let expected = if fits { Mark::Passed } else { Mark::Warning };
        assert_eq!(the(&of(&settings(), &[one]), CALLBACKS).0, expected, "{address}");
    }
    let mut one = sender();
    one.callback_urls = vec!["https://user:secret@old.example.com/in".to_owned()];
    let found = of(&settings(), &[one.clone()]);
    let text = the(&found, CALLBACKS).1;
    assert!(text.contains("old.example.com") && !text.contains("secret"), "{text}");
    let without = Settings { public_url: None, ..settings() };
    assert_eq!(the(&of(&without, &[one]), CALLBACKS).0, Mark::Skipped);
}

#[test]
fn a_low_quality_is_a_warning() {
    for (word, mark) in [
        (Some("LOW"), Mark::Warning),
        (Some("RED"), Mark::Warning),
        (Some("MEDIUM"), Mark::Passed),
        (Some("UNKNOWN"), Mark::Skipped),
        (None, Mark::Skipped),
    ] {
        let one = WhatsappSender { quality: word.map(str::to_owned), ..sender() };
        assert_eq!(the(&of(&settings(), &[one]), QUALITY).0, mark, "{word:?}");
    }
}

#[test]
fn a_setting_above_the_limit_of_the_sender_is_a_warning() {
    for (people, words, mark) in [
        (PeopleLimit::OfSender, Some("1K Customers/24hr"), Mark::Passed),
        (PeopleLimit::OfSender, Some("many"), Mark::Warning),
        (PeopleLimit::OfSender, None, Mark::Warning),
        (PeopleLimit::Fixed(1_000), Some("1K Customers/24hr"), Mark::Passed),
        (PeopleLimit::Fixed(1_001), Some("1K Customers/24hr"), Mark::Warning),
        (PeopleLimit::Fixed(1_001), Some("Unlimited"), Mark::Passed),
        (PeopleLimit::Fixed(1_001), None, Mark::Skipped),
        (PeopleLimit::Unlimited, Some("1K Customers/24hr"), Mark::Warning),
        (PeopleLimit::Unlimited, Some("Unlimited"), Mark::Passed),
    ] {
        let one = WhatsappSender { messaging_limit: words.map(str::to_owned), ..sender() };
        let found = of(&Settings { people, ..settings() }, &[one]);
        assert_eq!(the(&found, LIMIT).0, mark, "{people:?} {words:?}");
    }
    let lower = WhatsappSender { messaging_limit: Some("250".to_owned()), ..sender() };
    let found = of(&settings(), &[sender(), lower]);
    assert_eq!(the(&found, LIMIT).1, "250: 225 people in any 24 hours", "the lowest of several");
}

#[test]
fn what_workers_keep_to_is_shown_with_its_age() {
    let limit = Some(MessagingLimit::People(1_000));
    let minutes = |n: u64| Some(Duration::from_secs(n * 60));
    for (limit, age, error, mark, text) in [
        (None, None, None, Mark::Skipped, "225 people in any 24 hours: no worker has read the limit yet"),
        (limit, minutes(3), None, Mark::Passed, "900 people in any 24 hours, read 3 min ago"),
        (limit, minutes(25 * 60), None, Mark::Warning, "900 people in any 24 hours: read 25 h ago"),
        (limit, minutes(3), Some("HTTP 500"), Mark::Warning, "could not read the limit (HTTP 500)"),
    ] {
        let mut found = Findings::default();
        in_use(
            &mut found,
            PeopleLimit::OfSender,
            &SenderState { limit, age, error: error.map(str::to_owned) },
        );
        let found = found.into_vec();
        let (is, said) = the(&found, IN_USE);
        assert!(is == mark && said.contains(text), "{said}");
    }
    let mut found = Findings::default();
    in_use(&mut found, PeopleLimit::Fixed(40), &SenderState { limit, age: None, error: None });
    assert!(the(&found.into_vec(), IN_USE).1.starts_with("40 people"));
}

#[test]
fn a_lowered_rate_is_a_warning() {
    for (share, mark, text) in [(1.0, Mark::Passed, "all of"), (0.5, Mark::Warning, "50 % of")] {
        let mut found = Findings::default();
        rate(&mut found, share);
        let found = found.into_vec();
        let (is, said) = the(&found, RATE);
        assert!(is == mark && said.starts_with(text), "{said}");
    }
}
