//! The worker of Aamcare onboarding: consumes signup events, registers numbers with Twilio, sends one welcome
//! each, records every outcome.

mod admin;
mod adopt;
mod batch;
mod bulk_settle;
mod census;
mod commands;
mod config;
mod dead_queue;
mod delivery;
mod evidence;
mod exit;
mod exposition;
mod failpoint;
mod gate;
mod handles;
mod health;
mod heartbeat;
mod history;
mod lane;
mod listener;
mod ops;
mod phone_ref;
mod pipeline;
mod poller;
mod registrar;
mod replay;
mod resolver;
#[cfg(test)]
mod search;
mod store;
mod story;
mod sweeper;
mod traces;
mod twilio;
mod webhook;
mod worker;

use std::process::ExitCode;

use clap::Parser;

/// A fifth of the worker's time went into the system's allocator (docs/performance.md).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    shared::panics::report_location_only();
    let arguments = commands::Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::Failure::from(error).report(),
    };
    let result = runtime.block_on(commands::dispatch(arguments));
    // Nothing that still runs is worth waiting for: what mattered was awaited.
    runtime.shutdown_background();
    result.unwrap_or_else(|failure| failure.report())
}
