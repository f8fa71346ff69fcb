//! How a command ends.

use std::process::ExitCode;

/// The exit codes of every command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All is done.
    Done = 0,
    /// A defect of ours.
    Unexpected = 1,
    /// The command line makes no sense.
    Usage = 2,
    /// Finished; some rows failed.
    SomeFailed = 3,
    /// Stopped by a guard before it could do harm.
    Guarded = 5,
    /// RabbitMQ, Postgres or the portal's database cannot be used now.
    Unreachable = 69,
    /// A setting must be mended first.
    Configuration = 78,
    /// Stopped by Ctrl-C or SIGTERM; safe to repeat.
    Interrupted = 130,
}

/// For the end of help texts.
pub const EXIT_CODES: &str = "\
Exit codes  0 done, 2 usage, 3 finished and some failed, 69 RabbitMQ or Postgres cannot be used,
            78 configuration, 130 interrupted; it is safe to repeat a command";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}
