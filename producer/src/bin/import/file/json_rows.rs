//! One JSON object per line.

use std::{borrow::Cow, collections::BTreeMap, fmt, io::BufRead};

use producer::cli::{Failure, Length, next_line};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;
use shared::phone;

use super::{
    column_errors::Columns,
    layout::{Mapping, Role},
    raw_row::RawRow,
    row::{self, BadRow, Row, RowError},
};
use crate::record::Person;

/// The most different keys in one file. A file with more is not a list of users.
const MOST_KEYS: usize = 1000;

/// Passes every line that is not blank to `sink` until it returns false. At the end it checks the keys of all lines.
pub(super) fn each(
    mut reader: impl BufRead,
    mapping: &Mapping,
    mut sink: impl FnMut(Row) -> bool,
) -> Result<(), Failure> {
    let mut keys = Keys { mapping, known: BTreeMap::new() };
    let mut text = Vec::new();
    for line in 1.. {
        let read = match next_line(&mut reader, &mut text) {
            Ok(Length::End) => break,
            Ok(Length::Fits) if text.trim_ascii().is_empty() => continue,
            Ok(Length::Fits) => keys.read(&text),
            Ok(Length::TooLong) => Err(BadRow::record(RowError::TooLong)),
            Err(error) => {
                return Err(Failure::usage(format!("line {line}: the file cannot be read: {error}")));
            }
        };
        if keys.known.len() > MOST_KEYS {
            return Err(Failure::usage(format!("the file has more than {MOST_KEYS} different keys")));
        }
        if !sink(Row { line, read }) {
            return Ok(());
        }
    }
    let (names, roles): (Vec<String>, Vec<Role>) = keys.known.into_iter().unzip();
    // A name that matches one key loosely may match another one exactly. Only all keys together show it.
    if mapping.layout(Columns::Keys(&names))? == roles {
        Ok(())
    } else {
        Err(Failure::usage("write the keys of --map and --ignore exactly as the file does"))
    }
}

struct Keys<'m> {
    mapping: &'m Mapping,
    known: BTreeMap<String, Role>,
}

impl Keys<'_> {
    fn read(&mut self, text: &[u8]) -> Result<Person, BadRow> {
        let text = std::str::from_utf8(text).map_err(|_| BadRow::record(RowError::NotUtf8))?;
        let object: Object<'_> = serde_json::from_str(text).map_err(|_| BadRow::record(RowError::NotJson))?;
        let mut cells = RawRow::default();
        let mut problem = None;
        for (key, value) in object.0 {
            let Role::Holds(field) = self.role(key) else { continue };
            match scalar(value) {
                Some(text) => cells.set(field, text),
                None => problem = Some(RowError::WrongType),
            }
        }
        let read = row::read(cells);
        match problem {
            None => read,
            Some(problem) => Err(BadRow::despite(read, problem)),
        }
    }

    fn role(&mut self, key: Cow<'_, str>) -> Role {
        if let Some(role) = self.known.get(key.as_ref()) {
            return *role;
        }
        let role = self.mapping.role_of_key(&key);
        self.known.insert(key.into_owned(), role);
        role
    }
}

/// The value as text; null is blank. None for a list or an object.
fn scalar(value: &RawValue) -> Option<String> {
    let raw = value.get();
    match raw.as_bytes().first() {
        Some(b'"') => serde_json::from_str(raw).ok(),
        Some(b'{' | b'[') | None => None,
        Some(b'n') => Some(String::new()),
        Some(b't' | b'f') => Some(raw.to_owned()),
        // The raw text keeps integers of any length exact.
        Some(_) => Some(phone::of_json_number(raw).into_owned()),
    }
}

/// The pairs of an object, each key once.
struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Pairs)
    }
}

struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with each key once")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs: Vec<(Cow<'de, str>, &'de RawValue)> = Vec::new();
        while let Some((key, value)) = map.next_entry::<Key<'de>, _>()? {
            if pairs.iter().any(|(known, _)| *known == key.0) {
                return Err(serde::de::Error::custom("a key twice"));
            }
            pairs.push((key.0, value));
        }
        Ok(Object(pairs))
    }
}

#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    type Read = (u64, Result<String, RowError>);

    fn rows(text: &str) -> (Vec<Read>, Result<(), String>) {
        let mut rows = Vec::new();
        let sink = |row: Row| {
            let read = row.read.map(|p| format!("{} {}", p.user_id, p.phone)).map_err(|bad| bad.problem);
            rows.push((row.line, read));
            true
        };
        let end = each(text.as_bytes(), &Mapping::default(), sink).map_err(|e| e.to_string());
        (rows, end)
    }

    #[test]
    fn texts_numbers_and_nulls_are_cells() {
        let (read, end) = rows(
            "{\"user_id\":7,\"phone\":9807969278,\"name\":null}\n\n{\"user_id\":\"8\",\"phone\":\"\\u0967\"}\nx\n\
             {\"user_id\":9,\"phone\":[1]}\n{\"user_id\":1,\"user_id\":1}\n{\"user_id\":1,\"phone\":9.8E+09}\n\
             {\"user_id\":1,\"phone\":9.841234570}\n[\"1\",\"9841234567\"]",
        );
        assert_eq!(
            read,
            [
                (1, Ok("7 9807969278".to_owned())),
                (3, Ok("8 १".to_owned())),
                (4, Err(RowError::NotJson)),
                (5, Err(RowError::WrongType)),
                (6, Err(RowError::NotJson)),
                (7, Err(RowError::SpreadsheetNumber)),
                (8, Err(RowError::SpreadsheetNumber)),
                (9, Err(RowError::NotJson)),
            ]
        );
        assert_eq!(end, Ok(()));
    }

    #[test]
    fn unknown_keys_are_named_at_the_end() {
        let (read, end) = rows("{\"id\":1,\"phone\":\"\"}\n{\"id\":2,\"bp\":1}");
        assert!(read.len() == 2 && end.unwrap_err().contains("unknown columns: `bp`"));
    }
}
