//! Results on standard output.

use std::io::{self, Write};

use serde::Serialize;

/// How a result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Output {
    /// For people.
    Human,
    /// One JSON object on one line.
    Json,
}

/// Writes `text` and a line break. A reader that went away is no failure.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// `value` as one line of JSON.
pub fn json_line(value: &impl Serialize) -> String {
    // Counters and words: nothing in a report can fail to serialise.
    serde_json::to_string(value).unwrap_or_default()
}
