//! How the worker's commands end.

use std::process::ExitCode;

/// The command line makes no sense; clap uses the same.
pub(crate) const USAGE: u8 = 2;
/// Finished, with some failures.
pub(crate) const SOME_FAILED: u8 = 3;
/// Something that is needed cannot be reached.
pub(crate) const UNREACHABLE: u8 = 69;
/// The configuration is wrong.
pub(crate) const CONFIGURATION: u8 = 78;
/// Interrupted by the person who started it.
pub(crate) const INTERRUPTED: u8 = 130;

/// An error with the exit code it leads to.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    pub(crate) fn new(code: u8, message: impl ToString) -> Self {
        Self { code, message: message.to_string() }
    }

    /// Prints the message to standard error.
    pub(crate) fn report(&self) -> ExitCode {
        eprintln!("worker: {}", self.message);
        ExitCode::from(self.code)
    }
}

impl From<shared::config::Faults> for Failure {
    fn from(faults: shared::config::Faults) -> Self {
        Self::new(CONFIGURATION, faults)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(1, format!("{error:#}"))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(1, error)
    }
}
