//! One line per scenario, whether it passed or failed, for the table of `./dev faults`.

use std::{
    cell::Cell,
    fs::OpenOptions,
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

thread_local! {
    // A scenario's body runs on its test's own thread from beginning to end.
    static RESUMED: Cell<Option<Duration>> = const { Cell::new(None) };
}

/// Notes how long after the end of an outage the scenario of this thread sent its next message.
pub fn resumed(after: Duration) {
    RESUMED.set(Some(after));
}

pub(crate) fn noted_resumption() -> Option<Duration> {
    RESUMED.get()
}

/// The scenario of this thread is named by its test.
pub(crate) fn scenario() -> String {
    std::thread::current().name().unwrap_or("?").to_owned()
}

/// The report of one scenario.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) scenario: String,
    pub(crate) faults: usize,
    pub(crate) signups: usize,
    pub(crate) lost: usize,
    pub(crate) duplicates: u64,
    pub(crate) unknown: i64,
    pub(crate) parked: usize,
    pub(crate) resumed: Option<Duration>,
    pub(crate) took: Duration,
}

/// The file that `FAULTS_REPORT` names, if it does.
pub(crate) fn file() -> Option<PathBuf> {
    std::env::var_os("FAULTS_REPORT").map(PathBuf::from)
}

/// Appends the line to `file`, if there is one.
pub(crate) fn append(file: Option<&Path>, line: &Line) -> anyhow::Result<()> {
    let Some(path) = file else { return Ok(()) };
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    Ok(writeln!(file, "{}", row(line))?)
}

fn row(line: &Line) -> String {
    let Line { scenario, faults, signups, lost, duplicates, unknown, parked, resumed, took } = line;
    let resumed = resumed.map_or_else(|| "-".to_owned(), |after| format!("{:.1}", after.as_secs_f64()));
    let seconds = took.as_secs();
    format!(
        "{scenario}\t{faults}\t{signups}\t{lost}\t{duplicates}\t{unknown}\t{parked}\t{resumed}\t{seconds}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_shows_what_was_lost_and_sent_twice() {
        let mut line = Line {
            scenario: "twilio::away".into(),
            faults: 2,
            signups: 40,
            lost: 3,
            duplicates: 1,
            unknown: 6,
            parked: 5,
            resumed: Some(Duration::from_millis(1_250)),
            took: Duration::from_secs(61),
        };
        assert_eq!(row(&line), "twilio::away\t2\t40\t3\t1\t6\t5\t1.2\t61");
        line.resumed = None;
        assert_eq!(row(&line), "twilio::away\t2\t40\t3\t1\t6\t5\t-\t61");
    }
}
