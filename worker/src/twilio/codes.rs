//! Twilio's error codes as data: `codes.tsv`, one line per code, sorted by code, with the columns code, class, the channel
//! that may be used after it (`sms`, or `-` for none), and what it means and what to do, in English and in Nepali (`-`
//! where the class says it).
//!
//! Source: Twilio's error and warning dictionary; codes of WhatsApp also from WhatsApp's own list, as Twilio maps it. Twilio splits codes from time to time, so a code that is
//! not listed is met by the fallbacks in `classify`.

use std::sync::LazyLock;
use std::time::Duration;

use super::class::{Absence, Class, FaultScope, SenderScope};

const TABLE: &str = include_str!("codes.tsv");

static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| TABLE.lines().filter_map(Entry::parse).collect());

#[derive(Clone, Copy, Debug)]
struct Entry {
    code: u32,
    class: Class,
    /// Whether the message may go by SMS after it.
    fallback: bool,
    explanation: &'static str,
    /// In Nepali.
    translation: Option<&'static str>,
}

impl Entry {
    fn parse(line: &'static str) -> Option<Self> {
        let mut columns = line.split('\t');
        let code = columns.next()?.parse().ok()?;
        let class = parse_class(columns.next()?)?;
        let fallback = match columns.next()? {
            "sms" => true,
            "-" => false,
            _ => return None,
        };
        let explanation = columns.next()?;
        let translation = Some(columns.next()?).filter(|text| *text != "-");
        columns.next().is_none().then_some(Self { code, class, fallback, explanation, translation })
    }
}

fn parse_class(word: &str) -> Option<Class> {
    if let Some(seconds) = word.strip_prefix("later:") {
        return Some(Class::Later { min_delay: Duration::from_secs(seconds.parse().ok()?) });
    }
    if let Some(days) = word.strip_prefix("unreachable:") {
        return Absence::parse(days).map(Class::Unreachable);
    }
    Some(match word {
        "recipient" => Class::Recipient,
        "optout" => Class::OptOut,
        "account" => Class::Account { scope: FaultScope::Account },
        "destination" => Class::Account { scope: FaultScope::Destination },
        "country" => Class::Account { scope: FaultScope::Country },
        "content" => Class::Content,
        "throttled" => Class::Throttled { min_delay: Duration::ZERO },
        "temporary" => Class::Temporary,
        "dailycap" => Class::DailyCap,
        "declined" => Class::Declined,
        "template" => Class::Template,
        "sender" => Class::Sender { scope: SenderScope::Sender },
        "business" => Class::Sender { scope: SenderScope::Business },
        "alreadydone" => Class::AlreadyDone,
        "unknown" => Class::Unknown,
        "logonly" => Class::LogOnly,
        "skiplookup" => Class::SkipLookup,
        _ => return None,
    })
}

fn find(code: u32) -> Option<&'static Entry> {
    let at = ENTRIES.binary_search_by_key(&code, |entry| entry.code).ok()?;
    ENTRIES.get(at)
}

/// The class the table gives this code, without any fallback.
pub(crate) fn class_of(code: u32) -> Option<Class> {
    find(code).map(|entry| entry.class)
}

/// Whether a message that failed with this code may go by SMS: it provably did not arrive, and the reason is not the person's
/// wish.
pub(crate) fn allows_fallback(code: u32) -> bool {
    find(code).is_some_and(|entry| entry.fallback)
}

/// Whether WhatsApp refused a message because too many go out: of the account (63017), or of the sender, the account or the
/// business (63018).
pub(crate) fn is_of_rate(code: u32) -> bool {
    matches!(code, 63_017 | 63_018)
}

/// Whether the reason can be that the business wrote to as many people as it may: WhatsApp does not say which limit was reached.
pub(crate) fn is_of_people(code: u32) -> bool {
    code == 63_018
}

/// What the code means and what to do, in Nepali. None: its class says it.
pub(crate) fn explain_in_nepali(code: u32) -> Option<&'static str> {
    find(code).and_then(|entry| entry.translation)
}

/// What the code means and what to do, in one or two sentences.
pub(crate) fn explain(code: u32) -> &'static str {
    find(code).map_or("Not in the table. See twilio.com/docs/errors followed by the code.", |entry| {
        entry.explanation
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_an_entry_and_no_code_appears_twice() {
        assert_eq!(ENTRIES.len(), TABLE.lines().count());
        assert!(ENTRIES.windows(2).all(|pair| pair[0].code < pair[1].code), "sorted, no duplicates");
    }

    #[test]
    fn every_code_is_explained_with_what_to_do() {
        for entry in ENTRIES.iter() {
            assert!(entry.explanation.ends_with('.'), "{}", entry.code);
            assert!(
                entry.explanation.matches(['.', ';', ':']).count() >= 2,
                "{} says what to do",
                entry.code
            );
            assert_eq!(explain(entry.code), entry.explanation);
        }
        assert!(explain(1).contains("Not in the table"));
    }

    #[test]
    fn every_code_of_whatsapp_and_of_templates_is_explained_in_nepali_with_what_to_do() {
        let of_channel = |code: &u32| matches!(code, 63_001..=63_112 | 92_005..=92_007) && *code != 63_036;
        for entry in ENTRIES.iter().filter(|entry| of_channel(&entry.code)) {
            let text = explain_in_nepali(entry.code).unwrap();
            assert!(
                text.ends_with('।') && text.matches(['।', ':', ';']).count() >= 2,
                "{} {text}",
                entry.code
            );
        }
        for code in [21_211, 21_602, 21_610, 21_619, 21_654, 21_655, 21_656, 21_658, 21_910] {
            assert!(explain_in_nepali(code).is_some(), "{code}");
        }
        assert_eq!(explain_in_nepali(30_003), None);
    }

    #[test]
    fn only_codes_of_messages_that_provably_did_not_arrive_allow_another_channel() {
        let allowed: Vec<u32> = ENTRIES.iter().filter(|e| e.fallback).map(|e| e.code).collect();
        assert_eq!(
            allowed,
            [
                21_211, 63_001, 63_002, 63_003, 63_005, 63_006, 63_007, 63_008, 63_009, 63_010, 63_012,
                63_013, 63_017, 63_018, 63_019, 63_020, 63_021, 63_022, 63_023, 63_024, 63_026, 63_027,
                63_028, 63_029, 63_032, 63_034, 63_037, 63_038, 63_040, 63_041, 63_042, 63_049, 63_051,
                63_062, 63_112
            ]
        );
        assert!(!allows_fallback(63_014) && !allows_fallback(21_610) && !allows_fallback(63_999));
    }

    #[test]
    fn a_malformed_line_is_no_entry() {
        for line in [
            "",
            "21211",
            "x\trecipient\t-\tA. B.\t-",
            "1\tnobody\t-\tA. B.\t-",
            "1\tlater:x\t-\tA. B.\t-",
            "1\tunreachable:0\t-\tA. B.\t-",
            "1\tunreachable:1,2,3,4,5\t-\tA. B.\t-",
            "1\tcontent\twhatsapp\tA. B.\t-",
            "1\tcontent\t-\tA. B.",
            "1\tcontent\t-\tA\tB\tC",
        ] {
            assert!(Entry::parse(line).is_none(), "{line:?}");
        }
    }
}
