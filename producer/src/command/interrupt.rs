//! Ctrl-C and SIGTERM: the first asks to stop, the second stops at once.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::Exit;

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
                eprintln!("Stopping after what is in flight; once more stops at once.");
                asked.cancel();
            }
        }
        std::process::exit(i32::from(Exit::Interrupted as u8));
    });
    Ok(token)
}
