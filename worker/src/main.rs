//! The worker of Aamcare onboarding: consumes signup events, registers numbers with Twilio, sends one welcome
//! each, records every outcome.

mod app;
mod calendar;
mod care;
mod channels;
mod cli;
mod config;
mod consumer;
mod facts;
mod failpoint;
mod health;
mod hours;
mod http;
mod inbox;
mod observe;
mod pipeline;
mod reconcile;
mod registrar;
mod replay;
#[cfg(test)]
mod search;
mod store;
mod story;
mod tasks;
mod templates;
mod throttle;
mod twilio;
mod unfinished;

use std::process::ExitCode;

use clap::Parser;

/// A fifth of the worker's time went into the system's allocator (docs/performance.md).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    shared::telemetry::report_panics_by_location();
    let arguments = cli::Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return shared::cli::Failure::from(error).report("worker"),
    };
    let result = runtime.block_on(cli::dispatch(arguments));
    // Nothing that still runs is worth waiting for: what mattered was awaited.
    runtime.shutdown_background();
    result.unwrap_or_else(|failure| failure.report("worker"))
}
