//! The file itself. What cannot be read twice is kept in a temporary file that nobody else can open and that is
//! gone with the process.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::Path,
    time::SystemTime,
};

use chrono::{DateTime, Utc};
use producer::command::Failure;

use super::encoding::{BEGINNING, BOM_BYTES, byte_order_mark, separator};

/// A file that can be read from its beginning any number of times.
pub(super) struct Source {
    file: File,
    version: (u64, Option<SystemTime>),
    /// None for what came through a pipe.
    pub(super) modified: Option<DateTime<Utc>>,
    pub(super) byte_order_mark: bool,
    pub(super) separator: u8,
}

impl Source {
    /// Opens `path`, `-` being standard input. Blocks until a pipe has ended.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        if path.as_os_str() == "-" {
            return Self::of(spool(&mut io::stdin().lock())?, false);
        }
        let unreadable = |e: io::Error| Failure::Usage(format!("{} cannot be read: {e}", path.display()));
        let mut file = File::open(path).map_err(unreadable)?;
        if file.metadata().map_err(unreadable)?.is_file() {
            Self::of(file, true)
        } else {
            Self::of(spool(&mut file).map_err(unreadable)?, false)
        }
    }

    fn of(mut file: File, lasting: bool) -> Result<Self, Failure> {
        file.seek(SeekFrom::Start(0))?;
        let mut beginning = Vec::with_capacity(BEGINNING);
        (&file).take(BEGINNING as u64).read_to_end(&mut beginning)?;
        let byte_order_mark = byte_order_mark(&beginning)?;
        let version = version(&file)?;
        let modified = version.1.filter(|_| lasting).map(DateTime::from);
        Ok(Self { file, version, modified, byte_order_mark, separator: separator(&beginning) })
    }

    /// From the first character.
    pub(super) fn reader(&mut self) -> io::Result<BufReader<&File>> {
        self.file.seek(SeekFrom::Start(if self.byte_order_mark { BOM_BYTES } else { 0 }))?;
        Ok(BufReader::new(&self.file))
    }

    /// Fails if somebody wrote to it since it was opened.
    pub(super) fn check_unchanged(&self) -> Result<(), Failure> {
        if version(&self.file)? == self.version {
            Ok(())
        } else {
            Err(Failure::Usage("the file changed while it was read; repeat the command".to_owned()))
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
