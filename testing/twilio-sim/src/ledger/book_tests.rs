//! The ledger's promises.

use std::time::Duration;

use super::*;
use crate::faults::{Ending, FailedStatus};
use crate::messages::{Lifecycle, Origin, SentContent};
use crate::sid::SidMint;

fn message(mint: &SidMint, to: &str) -> Message {
    Message {
        sid: mint.message(),
        sequence: 0,
        to: to.to_owned(),
        origin: Origin { from: None, service: Some("MG00000000000000000000000000000001".to_owned()) },
        chosen_sender: "AAMCARE".to_owned(),
        body: "नमस्ते".to_owned(),
        content: Some(SentContent { sid: "HX1".to_owned(), variables: Some("{}".to_owned()) }),
        whatsapp: None,
        hold: None,
        media: 0,
        segments: 1,
        created_ms: 1_000,
        lifecycle: Lifecycle {
            with_service: true,
            ending: Ending::Failed(FailedStatus::Undelivered, 30003),
            pace: Duration::from_millis(5),
        },
        callback: None,
        list_lag_ms: 0,
        fetch_lag_ms: 0,
    }
}

fn totals(book: &Book) -> Stats {
    book.stats(StatsDetail::Totals, DayDetail::default())
}

#[test]
fn duplicates_are_counted() {
    let (book, mint) = (Book::open(&Options::default()).unwrap(), SidMint::new(1));
    for to in ["+1", "+2", "+2", "+2", "+3", "+3"] {
        book.asked(Some(to), 1);
        book.accept(message(&mint, to));
    }
    book.asked(Some("+4"), 1);
    let stats = book.stats(StatsDetail::PerNumber, DayDetail::default());
    assert_eq!((stats.accepted, stats.distinct_numbers, stats.duplicates), (6, 3, 3));
    assert_eq!((stats.numbers_with_duplicates, stats.max_per_number), (2, 3));
    let mut numbers = stats.duplicate_numbers.clone();
    numbers.sort();
    assert_eq!(numbers, ["+2", "+3"]);
    assert_eq!(stats.peak_per_second.asked.messages, 7);
    let counts = stats.per_number.unwrap();
    assert_eq!(counts["+2"], NumberStats { asked: 3, accepted: 3 });
    assert_eq!(counts["+4"], NumberStats { asked: 1, accepted: 0 });
}

#[test]
fn fast_mode_forgets_messages_but_not_numbers() {
    let book = Book::open(&Options { fast: true, ..Options::default() }).unwrap();
    let mint = SidMint::new(1);
    let first = book.accept(message(&mint, "+9771"));
    for number in 10_000..10_000 + FAST_KEEP {
        book.accept(message(&mint, &format!("+{number}")));
    }
    assert!(book.message(first.sid).is_none());
    assert!(book.newest(Some("+9771"), None, 0, 10, |_| true).is_empty());
    book.accept(message(&mint, "+9771"));
    let stats = totals(&book);
    assert_eq!((stats.accepted, stats.duplicates, stats.max_per_number), (10_002, 1, 2));
    assert_eq!(book.newest(None, None, 0, usize::MAX, |_| true).len(), FAST_KEEP);
}

#[test]
fn newest_first_and_before_a_position() {
    let (book, mint) = (Book::open(&Options::default()).unwrap(), SidMint::new(1));
    for to in ["+1", "+2", "+1", "+1"] {
        book.accept(message(&mint, to));
    }
    let positions = |to, below, skip| -> Vec<u64> {
        book.newest(to, below, skip, 10, |_| true).iter().map(|message| message.sequence).collect()
    };
    assert_eq!(positions(None, None, 0), [3, 2, 1, 0]);
    assert_eq!(positions(Some("+1"), None, 1), [2, 0]);
    assert_eq!(positions(None, Some(2), 0), [1, 0]);
}

#[test]
fn the_file_survives() {
    let name = format!("twilio-sim-ledger-{}-{}", std::process::id(), now_ms());
    let path = std::env::temp_dir().join(name);
    let options = Options { ledger_file: Some(path.clone()), ..Options::default() };
    let mint = SidMint::new(1);
    let kept = {
        let book = Book::open(&options).unwrap();
        book.accept(message(&mint, "+9779841234567"));
        book.accept(message(&mint, "+9779841234567"))
    };
    let reopened = Book::open(&options).unwrap();
    assert_eq!((totals(&reopened).accepted, totals(&reopened).duplicates), (2, 1));
    assert_eq!(reopened.message(kept.sid).as_deref(), Some(&*kept));
    reopened.clear();
    assert_eq!(totals(&Book::open(&options).unwrap()).accepted, 0);
    std::fs::remove_file(path).unwrap();
}

#[test]
fn clearing_forgets_all() {
    let (book, mint) = (Book::open(&Options::default()).unwrap(), SidMint::new(1));
    book.asked(Some("+1"), 1);
    book.answered(Operation::Create, 201);
    book.accept(message(&mint, "+1"));
    let before = book.generation();
    book.clear();
    let stats = totals(&book);
    assert_eq!((stats.accepted, stats.distinct_numbers, stats.max_asked_per_number), (0, 0, 0));
    assert!(stats.requests.is_empty() && book.timeline().arrivals.is_empty());
    assert_ne!(book.generation(), before);
}
