//! Comma-separated signups with a header.

use std::io::Read;

use csv::StringRecord;
use producer::{Signup, UserKind, bounded::Bounded};
use serde::{Deserialize, de::IntoDeserializer, de::value::Error as WordError};
use shared::event::{SignedUpData, TextOrInteger};

use crate::{
    input::Sink,
    line::{Entry, Line, NoSignup, of_data},
};

/// Names of a column, the contract's first.
const USER_ID: &[&str] = &["user_id", "id"];
const PHONE: &[&str] = &["phone_number", "phone"];
const COUNTRY: &[&str] = &["country_hint", "country"];
const LANGUAGE: &[&str] = &["preferred_language", "language"];
const CHANNEL: &[&str] = &["preferred_channel", "channel"];
const KIND: &[&str] = &["kind"];
const NAME: &[&str] = &["display_name", "name"];

/// Sends every record; ends with the input, or when nobody listens.
pub(crate) fn read(reader: impl Read, sink: &Sink) {
    let (bounded, budget) = Bounded::new(reader);
    let mut records = csv::ReaderBuilder::new().flexible(true).from_reader(bounded);
    let columns = match records.headers().map(Columns::of) {
        Ok(Some(columns)) => columns,
        Ok(None) => return unreadable(sink, 1, "the first line must name the columns, user_id among them"),
        Err(error) => return unreadable(sink, 1, &explain(&error)),
    };
    let mut record = StringRecord::new();
    loop {
        budget.renew();
        let more = records.read_record(&mut record);
        let number = record.position().map_or_else(|| records.position().line(), csv::Position::line);
        let entry = match more {
            Ok(false) => return,
            Ok(true) => columns.signup(&record).map(Entry::Signup),
            Err(error) if !error.is_io_error() => Err(NoSignup::Unreadable(explain(&error))),
            Err(error) => return unreadable(sink, number, &explain(&error)),
        };
        if sink.blocking_send(Line { number: Some(number), entry }).is_err() {
            return;
        }
    }
}

fn unreadable(sink: &Sink, number: u64, why: &str) {
    let entry = Err(NoSignup::Unreadable(why.to_owned()));
    // Err: nobody listens, and reading ends anyway.
    let _ = sink.blocking_send(Line { number: Some(number), entry });
}

/// The reader's own text may quote the content.
fn explain(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Io(error) => format!("the input cannot be read on: {error}"),
        csv::ErrorKind::Utf8 { .. } => "not in UTF-8".to_owned(),
        _ => "not comma-separated values".to_owned(),
    }
}

struct Columns([Option<usize>; 7]);

impl Columns {
    /// None without a column for the user's id.
    fn of(header: &StringRecord) -> Option<Self> {
        let find = |names: &[&str]| {
            let named = |cell: &str, name: &str| cell.trim().eq_ignore_ascii_case(name);
            names.iter().find_map(|name| header.iter().position(|cell| named(cell, name)))
        };
        let columns = [USER_ID, PHONE, COUNTRY, LANGUAGE, CHANNEL, KIND, NAME].map(find);
        columns[0].is_some().then_some(Self(columns))
    }

    fn signup(&self, record: &StringRecord) -> Result<Signup, NoSignup> {
        let mut cells = self.0.iter().map(|column| {
            column.and_then(|at| record.get(at)).filter(|cell| !cell.is_empty()).map(str::to_owned)
        });
        let mut next = || cells.next().flatten();
        of_data(&SignedUpData {
            user_id: TextOrInteger(next().unwrap_or_default()),
            phone_number: next().map(TextOrInteger),
            country_hint: next(),
            preferred_language: next(),
            preferred_channel: next(),
            kind: next().map(|word| kind(word.trim())),
            display_name: next(),
        })
    }
}

fn kind(word: &str) -> UserKind {
    let known = UserKind::deserialize(IntoDeserializer::<WordError>::into_deserializer(word));
    known.unwrap_or(UserKind::Other)
}

#[cfg(test)]
mod tests {
    use producer::bounded::LONGEST_RECORD;
    use tokio::sync::mpsc;

    use super::*;

    fn lines(text: &str) -> Vec<Line> {
        let (sink, mut lines) = mpsc::channel(100);
        read(text.as_bytes(), &sink);
        drop(sink);
        std::iter::from_fn(|| lines.try_recv().ok()).collect()
    }

    fn signup(line: &Line) -> &Signup {
        match line.entry.as_ref().unwrap() {
            Entry::Signup(signup) => signup,
            Entry::Event { id, .. } => panic!("a full event, {id}"),
        }
    }

    #[test]
    fn columns_are_found_by_name() {
        let read = lines(
            "\u{FEFF}Name,PHONE,user_id,kind,x\n\"Rai, Puja\",९८०७९६९२७८,7,new_mother,\n,,8\n,1,,\n\"a\nb\",,9,aunt",
        );
        let one = signup(&read[0]);
        assert_eq!((one.user_id.as_str(), one.phone.as_str()), ("7", "९८०७९६९२७८"));
        assert_eq!(
            (one.display_name.as_deref(), one.user_kind),
            (Some("Rai, Puja"), Some(UserKind::NewMother))
        );
        assert_eq!(signup(&read[1]).phone, "");
        assert!(read[2].entry.as_ref().unwrap_err().to_string().contains("user_id"));
        assert_eq!(signup(&read[3]).user_kind, Some(UserKind::Other));
        assert_eq!(read.iter().filter_map(|l| l.number).collect::<Vec<_>>(), [2, 3, 4, 5]);
    }

    #[test]
    fn a_header_without_ids_ends_it() {
        let read = lines("phone\n1\n");
        assert!(read.len() == 1 && read[0].entry.as_ref().unwrap_err().to_string().contains("user_id"));
    }

    #[test]
    fn an_open_quote_does_not_swallow_the_file() {
        let text = format!("user_id,phone\n1,\"{}", "9\n".repeat(LONGEST_RECORD));
        let read = lines(&text);
        assert!(read.len() == 1 && read[0].entry.as_ref().unwrap_err().to_string().contains("quote"));
    }
}
