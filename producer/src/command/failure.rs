//! Why a command stopped before its end, and what to do.

use std::process::ExitCode;

use shared::{
    amqp::{StartError, TopologyError},
    config::Faults,
    db,
};

use super::Exit;

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
    /// RabbitMQ went away, or refuses, after the start.
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
    /// Somebody else runs the same command.
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

/// Ends a command: the failure goes to standard error.
pub fn finish(command: &str, result: Result<Exit, Failure>) -> ExitCode {
    let exit = result.unwrap_or_else(|failure| {
        eprintln!("{command}: {failure}");
        failure.exit()
    });
    exit.into()
}
