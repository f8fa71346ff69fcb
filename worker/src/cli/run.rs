//! `worker run`: a worker until SIGTERM.

use std::{process::ExitCode, time::Duration};

use shared::{
    amqp::install_crypto,
    cli::Failure,
    config::Env,
    erasure::{self, ErasureKey, WrongKey},
    telemetry,
};
use sqlx::PgPool;
use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinError,
};
use tokio_util::sync::CancellationToken;

use crate::{
    app::{App, NotStarted, Pools},
    cli::clock,
    config::Config,
};

/// What is in flight at SIGTERM has this long to finish; orchestrators kill after 30 s.
const GRACE: Duration = Duration::from_secs(25);

pub(super) async fn run() -> Result<ExitCode, Failure> {
    let config = Config::read(Env::of_process())?;
    let _flush = telemetry::init_buffered(config.log_format)?;
    install_crypto();
    shared::phone::warm_up();
    let (stop, abandon) = (CancellationToken::new(), CancellationToken::new());
    let pools = Pools::connect(&config)?;
    clock::refuse_offset(&pools.tasks, &config.twilio.client()?.api_base).await?;
    refuse_other_key(&pools.tasks, config.erasure.as_ref()).await?;
    let App { health, traces, mut tasks, lanes, handlers } =
        App::start(config, pools, stop.clone(), &abandon).await?;

    let code = tokio::select! {
        () = termination() => ExitCode::SUCCESS,
        what = health.wait_fatal() => Failure::configuration(what).report("worker"),
        // Every task runs until told to stop: one that ends leaves a worker that only seems to live.
        Some(ended) = tasks.join_next() => Failure::unexpected(how(ended)).report("worker"),
    };
    tracing::info!("stopping: nothing new is begun, what is in flight is finished");
    stop.cancel();
    handlers.close();
    let finish = async {
        lanes.wait().await;
        handlers.wait().await;
    };
    tokio::select! {
        done = tokio::time::timeout(GRACE, finish) => {
            if done.is_err() {
                tracing::warn!(left = handlers.len(), "not everything finished in time; the rest comes back");
            }
        }
        () = termination() => tracing::warn!("told twice, stopping at once"),
    }
    abandon.cancel();
    traces.finish().await;
    tracing::info!("stopped");
    Ok(code)
}

/// How long the start waits for an answer of the database; the running worker asks again.
const SOON: Duration = Duration::from_secs(5);

/// Without the key that made its digests, a worker would welcome erased people again. A database that cannot be reached, or lacks
/// the table, is waited for later.
async fn refuse_other_key(pool: &PgPool, key: Option<&ErasureKey>) -> Result<(), Failure> {
    match tokio::time::timeout(SOON, erasure::check_key(pool, key)).await {
        Ok(Err(wrong @ (WrongKey::Missing | WrongKey::Another))) => {
            Err(Failure::configuration(wrong.to_string()))
        }
        _ => Ok(()),
    }
}

/// How a task ended. Leaves out the message of a panic, because it may quote a number.
fn how(ended: Result<(), JoinError>) -> &'static str {
    match ended {
        Ok(()) => "task exited unexpectedly",
        Err(error) if error.is_panic() => "task panicked",
        Err(_) => "task was cancelled",
    }
}

impl From<NotStarted> for Failure {
    fn from(error: NotStarted) -> Self {
        match error {
            NotStarted::Configuration(what) => Self::configuration(what),
            NotStarted::Other(error) => error.into(),
        }
    }
}

/// Waits for SIGTERM or Ctrl-C.
async fn termination() {
    let Ok(mut term) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
