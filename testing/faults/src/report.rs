//! One line per scenario that went well, for the table of `./dev faults`.

use std::{fs::OpenOptions, io::Write as _, time::Duration};

/// What a finished scenario leaves to tell.
pub(crate) struct Line {
    pub(crate) faults: usize,
    pub(crate) signups: usize,
    pub(crate) lost: usize,
    pub(crate) duplicates: u64,
    pub(crate) parked: usize,
    pub(crate) took: Duration,
}

/// Appends the line to the file that `FAULTS_REPORT` names, if it does. The scenario is named by its test.
pub(crate) fn append(line: &Line) -> anyhow::Result<()> {
    let Some(path) = std::env::var_os("FAULTS_REPORT") else { return Ok(()) };
    let thread = std::thread::current();
    let scenario = thread.name().unwrap_or("?");
    let Line { faults, signups, lost, duplicates, parked, took } = line;
    let seconds = took.as_secs();
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    Ok(writeln!(file, "{scenario}\t{faults}\t{signups}\t{lost}\t{duplicates}\t{parked}\t{seconds}")?)
}
