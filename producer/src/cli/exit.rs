//! How a program ends, and the signals that end it.

use std::process::ExitCode;

use shared::{
    cli::{Exit, Failure},
    config::settings::OUTBOX_DATABASE_URL,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::relay;

impl From<relay::Error> for Failure {
    fn from(error: relay::Error) -> Self {
        match error {
            relay::Error::Unreachable(source) => {
                Self::no_database("the outbox", OUTBOX_DATABASE_URL.name, &source)
            }
            relay::Error::NoTable(why) => Self::configuration(why),
            relay::Error::Broker(error) => error.into(),
            relay::Error::BrokerLost(why) => Self::unreachable(why),
            relay::Error::Database(error) => error.into(),
        }
    }
}

/// Ends a command. A failure is printed on standard error.
pub fn finish(command: &str, result: Result<Exit, Failure>) -> ExitCode {
    result.map_or_else(|failure| failure.report(command), ExitCode::from)
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
