//! How a command ends: its exit code, what stopped it, and the signals that end it.

use std::process::ExitCode;

use shared::{
    amqp::{StartError, TopologyError},
    config::{Faults, settings::OUTBOX_DATABASE_URL},
    db,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::relay;

/// The exit codes of every command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The command is done.
    Done = 0,
    /// A defect of the program.
    Unexpected = 1,
    /// The command line is wrong.
    Usage = 2,
    /// Finished; some rows failed.
    SomeFailed = 3,
    /// Stopped by a guard before it could do harm.
    Guarded = 5,
    /// RabbitMQ, Postgres or the portal's database cannot be used now.
    Unreachable = 69,
    /// A setting must be fixed first.
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

/// Why a command stopped. The texts hold no number, name or secret.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Settings that are missing or wrong.
    #[error(transparent)]
    Configuration(#[from] Faults),
    /// The command line or the input is wrong.
    #[error("{0}")]
    Usage(String),
    /// RabbitMQ cannot be used.
    #[error(transparent)]
    Broker(#[from] StartError),
    /// RabbitMQ became unreachable, or refuses events, after the start.
    #[error("{0}")]
    BrokerLost(String),
    /// A database cannot be reached.
    #[error(
        "{what} cannot be reached: {}. {} {setting} says where it is",
        db::sqlstate(source),
        db::advice(source)
    )]
    NoDatabase {
        /// Which database.
        what: &'static str,
        /// The variable that says where it is.
        setting: &'static str,
        /// The error of the connection.
        source: sqlx::Error,
    },
    /// A statement failed.
    #[error("the database failed: {}. What was done is kept; repeat the command", db::sqlstate(.0))]
    Database(#[from] sqlx::Error),
    /// Tables are missing.
    #[error("the database lacks a migration. Run `worker migrate`, then repeat the command")]
    NotMigrated,
    /// The portal's tables are not as expected.
    #[error("{0}")]
    Portal(String),
    /// The same command is already running.
    #[error("{0}")]
    Busy(&'static str),
    /// A file or the terminal failed.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

impl Failure {
    /// The exit code for it.
    pub fn exit(&self) -> Exit {
        match self {
            Failure::Broker(StartError::Topology(TopologyError::Clash { .. }))
            | Failure::Configuration(_)
            | Failure::NotMigrated
            | Failure::Portal(_) => Exit::Configuration,
            Failure::Usage(_) => Exit::Usage,
            Failure::Io(_) => Exit::Unexpected,
            Failure::Broker(_)
            | Failure::BrokerLost(_)
            | Failure::NoDatabase { .. }
            | Failure::Database(_)
            | Failure::Busy(_) => Exit::Unreachable,
        }
    }
}

impl From<relay::Error> for Failure {
    fn from(error: relay::Error) -> Self {
        match error {
            relay::Error::Unreachable(source) => {
                Self::NoDatabase { what: "the outbox", setting: OUTBOX_DATABASE_URL.name, source }
            }
            relay::Error::NoTable(why) => Self::Portal(why),
            relay::Error::Broker(error) => Self::Broker(error),
            relay::Error::BrokerLost(why) => Self::BrokerLost(why),
            relay::Error::Database(error) => Self::Database(error),
        }
    }
}

/// Ends a command. A failure is printed on standard error.
pub fn finish(command: &str, result: Result<Exit, Failure>) -> ExitCode {
    let exit = result.unwrap_or_else(|failure| {
        eprintln!("{command}: {failure}");
        failure.exit()
    });
    exit.into()
}

/// Cancelled by the first Ctrl-C or SIGTERM.
pub fn interruption() -> std::io::Result<CancellationToken> {
    let (mut int, mut term) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let token = CancellationToken::new();
    let asked = token.clone();
    tokio::spawn(async move {
        for first in [true, false] {
            tokio::select! {
                _ = int.recv() => {}
                _ = term.recv() => {}
            }
            if first {
                eprintln!("Stopping after the events in flight. A second signal stops at once.");
                asked.cancel();
            }
        }
        std::process::exit(i32::from(Exit::Interrupted as u8));
    });
    Ok(token)
}
