//! Twilio's error codes as data: `codes.tsv`, one line per code, sorted by code, with the columns
//! code, class, and what it means and what to do.
//!
//! Source: Twilio's error and warning dictionary. Twilio splits codes from time to time, so a code that is
//! not listed is met by the fallbacks in `classify`.

use std::sync::LazyLock;
use std::time::Duration;

use super::class::{Class, FaultScope};

const TABLE: &str = include_str!("codes.tsv");

static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| TABLE.lines().filter_map(Entry::parse).collect());

#[derive(Clone, Copy, Debug)]
struct Entry {
    code: u32,
    class: Class,
    explanation: &'static str,
}

impl Entry {
    fn parse(line: &'static str) -> Option<Self> {
        let mut columns = line.split('\t');
        let code = columns.next()?.parse().ok()?;
        let class = parse_class(columns.next()?)?;
        let explanation = columns.next()?;
        columns.next().is_none().then_some(Self { code, class, explanation })
    }
}

fn parse_class(word: &str) -> Option<Class> {
    if let Some(seconds) = word.strip_prefix("later:") {
        return Some(Class::Later { min_delay: Duration::from_secs(seconds.parse().ok()?) });
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
            assert!(entry.explanation.matches(['.', ';']).count() >= 2, "{} says what to do", entry.code);
            assert_eq!(explain(entry.code), entry.explanation);
        }
        assert!(explain(1).contains("Not in the table"));
    }

    #[test]
    fn a_malformed_line_is_no_entry() {
        for line in
            ["", "21211", "x\trecipient\tA. B.", "1\tnobody\tA. B.", "1\tlater:x\tA. B.", "1\tcontent\tA\tB"]
        {
            assert!(Entry::parse(line).is_none(), "{line:?}");
        }
    }
}
