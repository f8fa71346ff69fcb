//! All rows of a file, whatever it is written in.

use producer::cli::Failure;

use super::{csv_rows, json_rows, mapping::Mapping, row::Row, source::Source};

/// What a file is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    Csv,
    Jsonl,
}

impl Format {
    /// As it is typed.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
        }
    }
}

/// Gives every row to `sink`, which says whether it wants more. Fails on what is wrong with the file as a whole.
pub(super) fn each(
    source: &mut Source,
    format: Format,
    mapping: &Mapping,
    sink: impl FnMut(Row) -> bool,
) -> Result<(), Failure> {
    let beginning = source.beginning;
    let reader = source.reader()?;
    match format {
        Format::Csv => csv_rows::each(reader, &beginning, mapping, sink),
        Format::Jsonl => json_rows::each(reader, mapping, sink),
    }
}
