//! `--report FILE`: every row that an admin may want to look at, without a number or a name.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use producer::{UserId, cli::Failure};
use shared::spreadsheet::inert;

/// Comma-separated values, or nothing at all.
pub(super) struct RowReport(Option<csv::Writer<File>>);

impl RowReport {
    /// Begins the file anew, readable for its owner alone.
    pub(super) fn create(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self(None)) };
        let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
        let file =
            opened.map_err(|e| Failure::Usage(format!("{} cannot be written: {e}", path.display())))?;
        let mut report = Self(Some(csv::Writer::from_writer(file)));
        report.write(["user_id", "line", "reason", "what_to_do"])?;
        Ok(report)
    }

    /// One row of the file.
    pub(super) fn row(
        &mut self,
        user: Option<&UserId>,
        line: u64,
        reason: &str,
        advice: &str,
    ) -> io::Result<()> {
        if self.0.is_none() {
            return Ok(());
        }
        let line = line.to_string();
        self.write([user.map_or("", UserId::as_str), &line, reason, advice])
    }

    /// Everything is in the file.
    pub(super) fn close(mut self) -> io::Result<()> {
        self.0.as_mut().map_or(Ok(()), csv::Writer::flush)
    }

    fn write(&mut self, cells: [&str; 4]) -> io::Result<()> {
        self.0.as_mut().map_or(Ok(()), |csv| {
            csv.write_record(cells.map(|cell| inert(cell).into_owned())).map_err(io::Error::other)
        })
    }
}
