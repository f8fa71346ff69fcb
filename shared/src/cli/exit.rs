//! How a command ends.

use std::process::ExitCode;

/// The exit codes of all programs. Scripts rely on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The command did everything.
    Done = 0,
    /// A defect of the program.
    Unexpected = 1,
    /// The command line or its input is wrong. clap uses the same code.
    Usage = 2,
    /// The command finished, and some items failed.
    SomeFailed = 3,
    /// A canary or another guard stopped the command.
    Guarded = 5,
    /// RabbitMQ, Postgres or Twilio cannot be reached.
    Unreachable = 69,
    /// A setting, a migration or a credential is wrong or missing.
    Configuration = 78,
    /// The operator interrupted the command, or did not agree to it.
    Interrupted = 130,
}

/// The exit codes, for the end of a help text.
pub const EXIT_CODES: &str = "\
Exit codes  0 done, 2 usage, 3 finished and some failed, 69 RabbitMQ or Postgres cannot be used,
            78 configuration, 130 interrupted; it is safe to repeat a command";

impl Exit {
    /// [`Exit::Done`], or [`Exit::SomeFailed`] if something failed.
    pub fn all_done(all: bool) -> Self {
        if all { Self::Done } else { Self::SomeFailed }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}
