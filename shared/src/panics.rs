//! What a panic says.

use std::panic::{Location, PanicHookInfo};

/// From now on a panic is reported with its place in the code alone: its message may quote a number or a body. Call it
/// first in every program.
pub fn report_location_only() {
    std::panic::set_hook(Box::new(report));
}

fn report(panic: &PanicHookInfo<'_>) {
    let at = place(panic.location());
    if tracing::dispatcher::has_been_set() {
        tracing::error!(at, "panicked");
    } else {
        eprintln!("panicked at {at}");
    }
}

fn place(location: Option<&Location<'_>>) -> String {
    location.map_or_else(|| "an unknown place".to_owned(), |at| format!("{}:{}", at.file(), at.line()))
}
