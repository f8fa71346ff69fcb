//! How commands that show data print it: text, JSON or comma-separated values.

use std::io::{self, Write};

use chrono::{DateTime, SecondsFormat, Utc};
use clap::{
    ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser},
};
use serde::Serialize;

use crate::spreadsheet::inert;

/// The formats of the argument `--output`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Text to read
    #[value(name = "human")]
    Text,
    /// One JSON document
    Json,
    /// One JSON object per line
    Jsonl,
    /// Comma-separated values with a header
    Csv,
}

/// Reads `--output` of a command that offers only some of the formats.
pub fn formats<const N: usize>(offered: [Output; N]) -> impl TypedValueParser<Value = Output> {
    let names = offered.iter().filter_map(Output::to_possible_value);
    PossibleValuesParser::new(names).map(|name| Output::from_str(&name, false).unwrap_or(Output::Text))
}

/// Writes to standard output. A closed pipe is not an error, because the reader may have seen enough.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes a text and a line break to standard output.
pub fn print_line(text: &str) -> io::Result<()> {
    print(&format!("{text}\n"))
}

/// A time for text output: UTC, to the second.
pub fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// One JSON document, indented, with a line break at its end.
pub fn json(value: &impl Serialize) -> io::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

/// One JSON object on one line, without a line break.
pub fn json_line(value: &impl Serialize) -> String {
    // Reports hold only values that serialise.
    serde_json::to_string(value).unwrap_or_default()
}

/// One JSON object per line, each with the schema it follows.
pub fn json_lines(schema: &'static str, rows: &[impl Serialize]) -> String {
    #[derive(Serialize)]
    struct Line<'a, T> {
        schema: &'static str,
        #[serde(flatten)]
        row: &'a T,
    }
    rows.iter().map(|row| json_line(&Line { schema, row }) + "\n").collect()
}

/// One row of a table.
pub trait Record: Serialize {
    /// The names of the columns. Published: add at the end, never rename.
    const COLUMNS: &'static [&'static str];

    /// The same number of cells, as they are printed.
    fn cells(&self) -> Vec<String>;
}

/// Rows in the format asked for; JSON carries the schema, such as `audit/1`.
pub fn records<R: Record>(schema: &'static str, rows: &[R], output: Output) -> io::Result<String> {
    #[derive(Serialize)]
    struct Document<'a, R> {
        schema: &'static str,
        rows: &'a [R],
    }
    match output {
        Output::Text => Ok(table(rows)),
        Output::Json => json(&Document { schema, rows }),
        Output::Jsonl => Ok(json_lines(schema, rows)),
        Output::Csv => csv(rows),
    }
}

/// An aligned table, numbers to the right.
pub fn table<R: Record>(rows: &[R]) -> String {
    let mut lines = vec![R::COLUMNS.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>()];
    lines.extend(rows.iter().map(|row| row.cells().iter().map(|cell| one_line(cell)).collect()));
    let columns = 0..R::COLUMNS.len();
    let cell = |line: &[String], n: usize| line.get(n).cloned().unwrap_or_default();
    let widths: Vec<usize> = columns
        .clone()
        .map(|n| lines.iter().map(|l| cell(l, n).chars().count()).max().unwrap_or(0))
        .collect();
    let numeric: Vec<bool> = columns
        .map(|n| lines.len() > 1 && lines[1..].iter().all(|l| cell(l, n).parse::<u64>().is_ok()))
        .collect();
    let mut text = String::new();
    for line in &lines {
        let padded: Vec<String> = widths
            .iter()
            .zip(&numeric)
            .enumerate()
            .map(|(n, (width, right))| {
                if *right {
                    format!("{:>width$}", cell(line, n))
                } else {
                    format!("{:<width$}", cell(line, n))
                }
            })
            .collect();
        text += padded.join("  ").trim_end();
        text.push('\n');
    }
    text
}

/// Without control characters, which could end the line or move the cursor of a terminal.
fn one_line(cell: &str) -> String {
    cell.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Comma-separated values with a header.
pub fn csv<R: Record>(rows: &[R]) -> io::Result<String> {
    csv_of(R::COLUMNS, rows.iter().map(Record::cells))
}

/// Like [`csv`], for columns that the caller chooses. Escapes cells that a spreadsheet would take for formulas.
pub fn csv_of(columns: &[&str], rows: impl Iterator<Item = Vec<String>>) -> io::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(columns)?;
    for row in rows {
        writer.write_record(row.iter().map(|cell| inert(cell).into_owned()))?;
    }
    let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Pet(&'static str, u8);

    impl Record for Pet {
        const COLUMNS: &'static [&'static str] = &["name", "age"];

        fn cells(&self) -> Vec<String> {
            vec![self.0.to_owned(), self.1.to_string()]
        }
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        assert_eq!(table(&[Pet("Tiger", 7), Pet("Al\tex", 12)]), "name   age\nTiger    7\nAl ex   12\n");
    }

    #[test]
    fn no_cell_of_csv_is_a_formula() {
        let text = csv(&[Pet("=HYPERLINK(\"x\")", 1), Pet("@x", 2), Pet("Tiger", 3)]).unwrap();
        assert_eq!(text, "name,age\n\"'=HYPERLINK(\"\"x\"\")\",1\n'@x,2\nTiger,3\n");
    }

    #[test]
    fn cells_are_quoted_where_csv_needs_it() {
        assert_eq!(csv(&[Pet("a, \"b\"", 1)]).unwrap(), "name,age\n\"a, \"\"b\"\"\",1\n");
    }
}
