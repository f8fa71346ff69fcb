//! The file and its rows. Input that cannot be read twice is kept in a temporary file. No other process can open
//! it, and it ends with this process.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::Path,
    time::SystemTime,
};

use chrono::{DateTime, Utc};
use producer::cli::{Beginning, Failure, first_bytes};
use shared::lines::UniversalLines;

use super::{csv_rows, json_rows, layout::Mapping, row::Row};

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    Csv,
    Jsonl,
}

impl Format {
    /// The name of the command.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
        }
    }
}

/// Passes every row to `sink` until it returns false. Fails on errors of the file as a whole.
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

/// A file that can be read several times.
pub(super) struct Source {
    file: File,
    version: (u64, Option<SystemTime>),
    /// None for a pipe.
    pub(super) modified: Option<DateTime<Utc>>,
    pub(super) beginning: Beginning,
}

impl Source {
    /// Opens `path`, `-` being standard input. Blocks until a pipe has ended.
    pub(super) fn open(path: &Path, format: Format) -> Result<Self, Failure> {
        if path.as_os_str() == "-" {
            return Self::of(spool(&mut io::stdin().lock())?, false, format);
        }
        let unreadable = |e: io::Error| Failure::usage(format!("{} cannot be read: {e}", path.display()));
        let mut file = File::open(path).map_err(unreadable)?;
        if file.metadata().map_err(unreadable)?.is_file() {
            Self::of(file, true, format)
        } else {
            Self::of(spool(&mut file).map_err(unreadable)?, false, format)
        }
    }

    fn of(mut file: File, lasting: bool, format: Format) -> Result<Self, Failure> {
        file.seek(SeekFrom::Start(0))?;
        let bytes = first_bytes(&file)?;
        let beginning = match format {
            Format::Csv => Beginning::of_table(&bytes)?,
            Format::Jsonl => Beginning::of_text(&bytes)?,
        };
        let version = version(&file)?;
        let modified = version.1.filter(|_| lasting).map(DateTime::from);
        Ok(Self { file, version, modified, beginning })
    }

    /// A reader from the first character or, for separated values, from the header. Every line ends with LF.
    pub(super) fn reader(&mut self) -> io::Result<BufReader<UniversalLines<&File>>> {
        self.file.seek(SeekFrom::Start(0))?;
        let mut reader = BufReader::new(UniversalLines::new(&self.file));
        io::copy(&mut reader.by_ref().take(self.beginning.bytes), &mut io::sink())?;
        Ok(reader)
    }

    /// Fails if the file changed since it was opened.
    pub(super) fn check_unchanged(&self) -> Result<(), Failure> {
        if version(&self.file)? == self.version {
            Ok(())
        } else {
            Err(Failure::usage("the file changed while it was read; repeat the command"))
        }
    }
}

fn version(file: &File) -> io::Result<(u64, Option<SystemTime>)> {
    let metadata = file.metadata()?;
    Ok((metadata.len(), metadata.modified().ok()))
}

fn spool(from: &mut impl Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(from, &mut file)?;
    Ok(file)
}
