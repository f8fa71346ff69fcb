//! An error that ends a command.

use std::{error::Error, fmt, io, process::ExitCode};

use super::Exit;
use crate::{
    amqp::StartError,
    config::Faults,
    db::{advice, sqlstate},
};

/// What failed, why and what to do next, with the exit code. The text holds no number, name or secret.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    /// A failure that ends with this exit code.
    pub fn new(exit: Exit, message: impl ToString) -> Self {
        Self { exit, message: message.to_string() }
    }

    /// The command line or its input is wrong.
    pub fn usage(message: impl ToString) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// A dependency cannot be reached.
    pub fn unreachable(message: impl ToString) -> Self {
        Self::new(Exit::Unreachable, message)
    }

    /// A setting, a migration or a credential is wrong.
    pub fn configuration(message: impl ToString) -> Self {
        Self::new(Exit::Configuration, message)
    }

    /// A defect of the program.
    pub fn unexpected(message: impl ToString) -> Self {
        Self::new(Exit::Unexpected, message)
    }

    /// A statement failed. Leaves out the server's own text, because it can quote a row.
    pub fn statement(error: sqlx::Error) -> Self {
        Self::unreachable(format!("Postgres: {}. `worker doctor` says more", sqlstate(&error)))
    }

    /// A database cannot be reached. `what` and the variable `setting` name it.
    pub fn no_database(what: &str, setting: &str, error: &sqlx::Error) -> Self {
        Self::unreachable(format!(
            "{what} cannot be reached: {}. {} {setting} says where it is",
            sqlstate(error),
            advice(error)
        ))
    }

    /// The database lacks a migration.
    pub fn not_migrated() -> Self {
        Self::configuration("migrations are missing: run `worker migrate`, then repeat the command")
    }

    /// The same failure with one more clause.
    #[must_use]
    pub fn and(mut self, clause: &str) -> Self {
        self.message = format!("{}; {clause}", self.message);
        self
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// Prints the message to standard error, after the name of the program.
    pub fn report(&self, program: &str) -> ExitCode {
        eprintln!("{program}: {}", self.message);
        self.exit.into()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failure {}

/// The broker cannot be used.
impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let exit = match &error {
            StartError::Topology(clash) if clash.is_clash() => Exit::Configuration,
            _ => Exit::Unreachable,
        };
        Self::new(exit, error)
    }
}

/// A statement failed in a command that is safe to repeat.
impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        let what = sqlstate(&error);
        Self::unreachable(format!("the database failed: {what}. What was done is kept; repeat the command"))
    }
}

impl From<Faults> for Failure {
    fn from(faults: Faults) -> Self {
        Self::configuration(faults)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::unexpected(format!("{error:#}"))
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::unexpected(error)
    }
}
