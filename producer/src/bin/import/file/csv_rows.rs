//! Separated values with a header.

use std::{collections::BTreeMap, io::Read};

use csv::ByteRecord;
use producer::cli::{Beginning, Bounded, Failure, formula};

use super::{
    column_errors::{self, Columns},
    layout::{Mapping, Role},
    raw_row::RawRow,
    row::{self, BadRow, Row, RowError},
};
use crate::record::Person;

/// Passes every record to `sink` until it returns false. `reader` begins at the header, and its lines end with LF.
/// Fails at the end if a column without a name holds something.
pub(super) fn each(
    reader: impl Read,
    beginning: &Beginning,
    mapping: &Mapping,
    mut sink: impl FnMut(Row) -> bool,
) -> Result<(), Failure> {
    let (bounded, budget) = Bounded::new(reader);
    let mut reader = csv::ReaderBuilder::new();
    reader.flexible(true).delimiter(beginning.separator).terminator(csv::Terminator::Any(b'\n'));
    let mut records = reader.from_reader(bounded);
    let above = beginning.lines;
    let header = records.byte_headers().map_err(|e| broken(above + 1, &e))?;
    let header: Vec<String> = header.iter().map(title).collect();
    let roles = mapping.layout(Columns::Header(&header))?;
    let mut nameless = Nameless { roles: &roles, holding: BTreeMap::new() };
    let mut record = ByteRecord::new();
    loop {
        budget.renew();
        let next = records.position().line();
        if !records.read_byte_record(&mut record).map_err(|e| broken(above + next, &e))? {
            return nameless.check();
        }
        let line = above + line_of(&record, next, records.position().line());
        nameless.see(&record, line);
        // Spreadsheets leave rows of nothing but separators at the end.
        let blank = record.iter().all(|cell| cell.trim_ascii().is_empty());
        if !blank && !sink(Row { line, read: read(&record, &roles) }) {
            return Ok(());
        }
    }
}

fn title(cell: &[u8]) -> String {
    formula::owned_text(String::from_utf8_lossy(cell).into_owned())
}

/// Columns without a name that hold something, and the first line in which they do.
struct Nameless<'r> {
    roles: &'r [Role],
    holding: BTreeMap<usize, u64>,
}

impl Nameless<'_> {
    fn see(&mut self, record: &ByteRecord, line: u64) {
        for (at, (cell, role)) in record.iter().zip(self.roles).enumerate() {
            if *role == Role::Nameless && !cell.trim_ascii().is_empty() {
                self.holding.entry(at).or_insert(line);
            }
        }
    }

    fn check(self) -> Result<(), Failure> {
        let holding: Vec<(usize, u64)> = self.holding.into_iter().collect();
        if holding.is_empty() { Ok(()) } else { Err(column_errors::nameless(&holding)) }
    }
}

/// The first line of a record. The reader was at line `before`, perhaps before empty lines, and is now at line
/// `after`.
fn line_of(record: &ByteRecord, before: u64, after: u64) -> u64 {
    let breaks = record.iter().flatten().filter(|byte| **byte == b'\n').count() as u64;
    before.max(after.saturating_sub(breaks + 1))
}

fn read(record: &ByteRecord, roles: &[Role]) -> Result<Person, BadRow> {
    // A spreadsheet omits empty cells at the end of some rows. Cells of columns without a name may be absent.
    let absent = roles.get(record.len()..);
    if absent.is_none_or(|absent| absent.iter().any(|role| *role != Role::Nameless)) {
        return Err(BadRow::record(RowError::FieldCount));
    }
    let mut cells = RawRow::default();
    let mut readable = true;
    for (cell, role) in record.iter().zip(roles) {
        match (std::str::from_utf8(cell), role) {
            (Ok(text), Role::Holds(field)) => cells.set(*field, text.to_owned()),
            (Err(_), Role::Holds(_)) => readable = false,
            (_, Role::Ignored | Role::Nameless | Role::Unknown) => {}
        }
    }
    let read = row::read(cells);
    if readable { read } else { Err(BadRow::despite(read, RowError::NotUtf8)) }
}

/// The text of the CSV reader may quote the content, so it is not shown.
fn broken(line: u64, error: &csv::Error) -> Failure {
    match error.kind() {
        csv::ErrorKind::Io(error) => Failure::usage(format!("line {line}: the file cannot be read: {error}")),
        _ => Failure::usage(format!("line {line}: not separated values")),
    }
}

#[cfg(test)]
mod tests {
    use shared::lines::UniversalLines;

    use super::*;

    fn beginning(separator: u8) -> Beginning {
        Beginning { byte_order_mark: false, separator, lines: 0, bytes: 0 }
    }

    fn rows(separator: u8, bytes: &[u8]) -> Vec<(u64, Result<String, RowError>)> {
        let mut rows = Vec::new();
        let sink = |row: Row| {
            rows.push((row.line, row.read.map(|p| p.user_id.to_string()).map_err(|bad| bad.problem)));
            true
        };
        each(UniversalLines::new(bytes), &beginning(separator), &Mapping::default(), sink).unwrap();
        rows
    }

    #[test]
    fn lines_are_numbered_and_blank_rows_skipped() {
        let read = rows(b';', b"id;phone\r\n1;\"9\n8\"\r\n\r\n;;\r\n2;9\r\n3;9;9\r\n4;\xFF\r\n; 9\r\n");
        assert_eq!(
            read,
            [
                (2, Ok("1".to_owned())),
                (6, Ok("2".to_owned())),
                (7, Err(RowError::FieldCount)),
                (8, Err(RowError::NotUtf8)),
                (9, Err(RowError::MissingId)),
            ]
        );
    }

    #[test]
    fn nameless_columns_may_be_absent_and_must_be_empty() {
        assert_eq!(
            rows(b',', b"id,phone,,\n1,9\n2,9,\n3,9,, \n4\n5,9,,,\n"),
            [
                (2, Ok("1".to_owned())),
                (3, Ok("2".to_owned())),
                (4, Ok("3".to_owned())),
                (5, Err(RowError::FieldCount)),
                (6, Err(RowError::FieldCount)),
            ]
        );
        let text = b",id,phone,\n0,1,9,\n1,2,9,x\n".as_slice();
        let error = each(text, &beginning(b','), &Mapping::default(), |_| true).unwrap_err().to_string();
        assert!(error.contains("#1 (first in line 2), #4 (first in line 3)"), "{error}");
        assert!(error.ends_with("--ignore '#1' --ignore '#4'"), "{error}");
    }

    #[test]
    fn an_open_quote_does_not_swallow_the_file() {
        let text = format!("id,phone\n1,\"{}", "9\n".repeat(producer::cli::LONGEST_RECORD));
        let error =
            each(text.as_bytes(), &beginning(b','), &Mapping::default(), |_| true).unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("quote"), "{error}");
    }
}
