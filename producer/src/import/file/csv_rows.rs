//! Separated values with a header.

use std::io::Read;

use csv::ByteRecord;
use producer::{bounded::Bounded, command::Failure};

use super::{
    cells::Cells,
    layout::{Mapping, Role},
    problem::Problem,
    row::{self, Bad, Row},
};
use crate::person::Person;

/// Gives every record to `sink` until that wants no more.
pub(super) fn each(
    reader: impl Read,
    separator: u8,
    mapping: &Mapping,
    mut sink: impl FnMut(Row) -> bool,
) -> Result<(), Failure> {
    let (bounded, budget) = Bounded::new(reader);
    // Lines are counted right only if they end at the line feed; a carriage return before it stays in the last cell.
    let mut reader = csv::ReaderBuilder::new();
    reader.flexible(true).delimiter(separator).terminator(csv::Terminator::Any(b'\n'));
    let mut records = reader.from_reader(bounded);
    let header = records.byte_headers().map_err(|e| broken(1, &e))?;
    let header: Vec<String> = header.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
    let roles = mapping.layout(&header)?;
    let mut record = ByteRecord::new();
    loop {
        budget.renew();
        let next = records.position().line();
        if !records.read_byte_record(&mut record).map_err(|e| broken(next, &e))? {
            return Ok(());
        }
        let line = line_of(&record, next, records.position().line());
        // Spreadsheets leave rows of nothing but separators at the end.
        let blank = record.iter().all(|cell| cell.trim_ascii().is_empty());
        if !blank && !sink(Row { line, read: read(&record, &roles) }) {
            return Ok(());
        }
    }
}

/// Where a record begins: the reader was at line `before`, perhaps ahead of empty lines, and is at line `after` now.
fn line_of(record: &ByteRecord, before: u64, after: u64) -> u64 {
    let breaks = record.iter().flatten().filter(|byte| **byte == b'\n').count() as u64;
    before.max(after.saturating_sub(breaks + 1))
}

fn read(record: &ByteRecord, roles: &[Role]) -> Result<Person, Bad> {
    if record.len() != roles.len() {
        return Err(Bad::record(Problem::FieldCount));
    }
    let mut cells = Cells::default();
    let mut readable = true;
    for (cell, role) in record.iter().zip(roles) {
        let cell = cell.strip_suffix(b"\r").unwrap_or(cell);
        match (std::str::from_utf8(cell), role) {
            (Ok(text), Role::Holds(field)) => cells.set(*field, text.to_owned()),
            (Err(_), Role::Holds(_)) => readable = false,
            (_, Role::Ignored | Role::Unknown) => {}
        }
    }
    let read = row::read(cells);
    if readable { read } else { Err(Bad::despite(read, Problem::NotUtf8)) }
}

/// The reader's own text may quote the content.
fn broken(line: u64, error: &csv::Error) -> Failure {
    match error.kind() {
        csv::ErrorKind::Io(error) => {
            Failure::Usage(format!("line {line}: the file cannot be read on: {error}"))
        }
        _ => Failure::Usage(format!("line {line}: not separated values")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(separator: u8, bytes: &[u8]) -> Vec<(u64, Result<String, Problem>)> {
        let mut rows = Vec::new();
        let sink = |row: Row| {
            rows.push((row.line, row.read.map(|p| p.user_id.to_string()).map_err(|bad| bad.problem)));
            true
        };
        each(bytes, separator, &Mapping::default(), sink).unwrap();
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
                (7, Err(Problem::FieldCount)),
                (8, Err(Problem::NotUtf8)),
                (9, Err(Problem::MissingId)),
            ]
        );
    }

    #[test]
    fn an_open_quote_does_not_swallow_the_file() {
        let text = format!("id,phone\n1,\"{}", "9\n".repeat(producer::bounded::LONGEST_RECORD));
        let error = each(text.as_bytes(), b',', &Mapping::default(), |_| true).unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("quote"), "{error}");
    }
}
