//! Scenarios that this machine cannot play, by name.

use std::{fs::OpenOptions, io::Write as _};

/// Says that the running test is left out and why, and appends that to the file that `FAULTS_SKIPPED` names.
pub fn skip(reason: &str) -> anyhow::Result<()> {
    let thread = std::thread::current();
    let line = format!("{}: {reason}", thread.name().unwrap_or("?"));
    println!("skipped: {line}");
    let Some(path) = std::env::var_os("FAULTS_SKIPPED") else { return Ok(()) };
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    Ok(writeln!(file, "{line}")?)
}
