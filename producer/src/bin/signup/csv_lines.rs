//! Signups as separated values with a header.

use std::{borrow::Cow, io::Read};

use csv::StringRecord;
use producer::{
    ProfileChange, Signup, UserKind,
    cli::{Beginning, Bounded, formula},
};
use serde::{Deserialize, de::IntoDeserializer, de::value::Error as WordError};
use shared::events::{SignedUpData, TextOrInteger};

use crate::line::{BadLine, Entry, Line, Sink, of_data};

/// Names of a column, the contract's first.
const USER_ID: &[&str] = &["user_id", "id"];
const PHONE: &[&str] = &["phone_number", "phone"];
const COUNTRY: &[&str] = &["country_hint", "country"];
const LANGUAGE: &[&str] = &["preferred_language", "language"];
const CHANNEL: &[&str] = &["preferred_channel", "channel"];
const KIND: &[&str] = &["kind"];
const NAME: &[&str] = &["display_name", "name"];

/// Sends every record. Returns at the end of the input, or when the receiver is gone.
pub(crate) fn read(reader: impl Read, sink: &Sink) {
    let (beginning, reader) = match Beginning::of_stream(reader) {
        Ok(begun) => begun,
        Err(why) => return unreadable(sink, 1, &why.to_string()),
    };
    let above = beginning.lines;
    let (bounded, budget) = Bounded::new(reader);
    let mut records = csv::ReaderBuilder::new();
    let mut records = records.flexible(true).delimiter(beginning.separator).from_reader(bounded);
    let columns = match records.headers().map(Columns::of) {
        Ok(Ok(columns)) => columns,
        Ok(Err(why)) => return unreadable(sink, above + 1, &why),
        Err(error) => return unreadable(sink, above + 1, &explain(&error)),
    };
    let mut record = StringRecord::new();
    loop {
        budget.renew();
        let more = records.read_record(&mut record);
        let number = above + record.position().map_or_else(|| records.position().line(), csv::Position::line);
        let entry = match more {
            Ok(false) => return,
            Ok(true) => columns.signup(&record).map(Entry::Signup),
            Err(error) if !error.is_io_error() => Err(BadLine::Unreadable(explain(&error))),
            Err(error) => return unreadable(sink, number, &explain(&error)),
        };
        if sink.blocking_send(Line { number: Some(number), entry }).is_err() {
            return;
        }
    }
}

fn unreadable(sink: &Sink, number: u64, why: &str) {
    let entry = Err(BadLine::Unreadable(why.to_owned()));
    // Err: the receiver is gone, and reading ends anyway.
    let _ = sink.blocking_send(Line { number: Some(number), entry });
}

/// The text of the CSV reader may quote the content, so it is not shown.
fn explain(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Io(error) => format!("the input cannot be read: {error}"),
        csv::ErrorKind::Utf8 { .. } => "not in UTF-8".to_owned(),
        _ => "not separated values".to_owned(),
    }
}

struct Columns([Option<usize>; 7]);

impl Columns {
    /// Finds the columns. Fails without a column for the user's id, or with two columns of one name.
    fn of(header: &StringRecord) -> Result<Self, String> {
        let titles: Vec<String> =
            header.iter().map(|cell| formula::text(cell).trim().to_ascii_lowercase()).collect();
        let mut columns = [None; 7];
        for (column, names) in
            columns.iter_mut().zip([USER_ID, PHONE, COUNTRY, LANGUAGE, CHANNEL, KIND, NAME])
        {
            let Some(name) = names.iter().find(|name| titles.iter().any(|title| title == *name)) else {
                continue;
            };
            let mut named = titles.iter().enumerate().filter(|(_, title)| title == name).map(|(at, _)| at);
            *column = named.next();
            if let (Some(one), Some(other)) = (*column, named.next()) {
                return Err(format!(
                    "columns {} and {} are both called {name}: rename one",
                    one + 1,
                    other + 1
                ));
            }
        }
        match columns[0] {
            Some(_) => Ok(Self(columns)),
            None => Err("the first line must name the columns, user_id among them".to_owned()),
        }
    }

    fn signup(&self, record: &StringRecord) -> Result<Signup, BadLine> {
        let mut cells = self.0.iter().map(|column| {
            column
                .and_then(|at| record.get(at))
                .map(formula::text)
                .filter(|cell| !cell.is_empty())
                .map(Cow::into_owned)
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
            profile: ProfileChange::default(),
            consents: Vec::new(),
        })
    }
}

fn kind(word: &str) -> UserKind {
    let known = UserKind::deserialize(IntoDeserializer::<WordError>::into_deserializer(word));
    known.unwrap_or(UserKind::Other)
}

#[cfg(test)]
mod tests {
    use producer::cli::LONGEST_RECORD;
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
    fn files_of_spreadsheets_are_read() {
        for text in [
            "sep=;\rID;phone\r=\"1042\";=\"9841234512\"\r7;9841234507",
            "\u{FEFF}sep=;\r\nid;phone\r\n\"=\"\"1042\"\"\";9841234512\r\n7;9841234507\r\n",
            "\nid\tphone\n1042\t9841234512\n7\t9841234507\n",
        ] {
            let read: Vec<_> = lines(text)
                .iter()
                .map(|line| {
                    let one = signup(line);
                    (line.number, format!("{} {}", one.user_id.as_str(), one.phone))
                })
                .collect();
            let expected = [(Some(3), "1042 9841234512".to_owned()), (Some(4), "7 9841234507".to_owned())];
            assert_eq!(read, expected, "{text}");
        }
    }

    #[test]
    fn two_columns_of_one_name_are_refused() {
        let why = |text: &str| {
            let read = lines(text);
            assert_eq!(read.len(), 1);
            read[0].entry.as_ref().unwrap_err().to_string()
        };
        assert_eq!(why("id,phone,Phone\n1,2,3\n"), "columns 2 and 3 are both called phone: rename one");
        assert!(why("id,id,phone\n1,2,3\n").contains("1 and 2 are both called id"));
        let other = lines("user_id,id,phone,x,x\n1,2,3,4,5\n");
        assert_eq!(signup(&other[0]).user_id.as_str(), "1");
    }

    #[test]
    fn an_open_quote_does_not_swallow_the_file() {
        let text = format!("user_id,phone\n1,\"{}", "9\n".repeat(LONGEST_RECORD));
        let read = lines(&text);
        assert!(read.len() == 1 && read[0].entry.as_ref().unwrap_err().to_string().contains("quote"));
    }
}
