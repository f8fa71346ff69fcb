//! `worker run`: everything together, until SIGTERM.

use std::{net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};

use axum::Router;
use shared::{
    amqp::{Publisher, Topology, install_crypto},
    config::Env,
    db::{self, sqlstate},
    lane::Lane,
    telemetry,
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    task::{JoinError, JoinSet},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    cli::{
        clock,
        exit::{CONFIGURATION, Failure},
    },
    config::Config,
    consumer::{Consumer, dead_queue},
    health::Health,
    http::{
        dashboard::{self, Admin},
        exposition::{self, Exposition},
        heartbeat::{self, Heartbeat},
        listener::{self, Limits},
        ops::{self, Ops},
        status_callbacks,
    },
    tasks::{census, history, poller, probe, reconciler, sweeper::Sweeper},
    throttle::breaker,
    worker::Worker,
};

/// What is in flight at SIGTERM has this long to finish; orchestrators kill after 30 s.
const GRACE: Duration = Duration::from_secs(25);
/// For the loops, which need one for some milliseconds at a time, and for the dashboard.
const CONNECTIONS: u32 = 5;
/// One for each batch that may run.
const BATCHES: u32 = 6;
/// Callbacks that are stored at the same time.
const CALLBACKS: u32 = 4;
/// How many connections to Postgres one worker has at most. The one that measures the service keeps one for its lock.
pub(super) const CONNECTIONS_PER_WORKER: u32 = CONNECTIONS + BATCHES + CALLBACKS + 1;

pub(super) async fn run() -> Result<ExitCode, Failure> {
    let config = Config::read(Env::of_process())?;
    let _flush = telemetry::init_buffered(config.log_format)?;
    install_crypto();
    shared::phone::warm_up();
    let recorder = exposition::install_recorder()?;
    let ops_listener = bind("OPS_ADDR", config.ops_addr).await?;
    let unusable = |error| Failure::new(CONFIGURATION, sqlstate(&error));
    let pool = db::pool(&config.database, "aamcare worker", CONNECTIONS).map_err(unusable)?;
    let by_index = |connections| db::pool_by_index(&config.database, "aamcare worker", connections);
    let batches = by_index(BATCHES).map_err(unusable)?;
    let callbacks = by_index(CALLBACKS).map_err(unusable)?;
    clock::refuse_offset(&pool, &config.twilio.client()?.api_base).await?;
    let (stop, abandon) = (CancellationToken::new(), CancellationToken::new());
    let health = Arc::new(Health::default());
    let worker = Arc::new(Worker::new(config, [pool, batches, callbacks], stop.clone(), &abandon)?);

    let mut tasks = JoinSet::new();
    show_settings(&worker.config);
    let exposition = Exposition::new(recorder.clone(), worker.clone());
    watch(&mut tasks, &worker, &health, &exposition, &stop);
    tasks.spawn(exposition::keep_up(recorder, stop.clone()));
    let heartbeat = Heartbeat::new();
    tasks.spawn(heartbeat.clone().keep_beating());
    let probes = ops::routes(Ops { health: health.clone(), heartbeat, exposition });
    heartbeat::serve_apart(ops_listener.into_std()?, probes)?;
    if let Some(routes) = status_callbacks::routes(worker.clone())? {
        serve(&mut tasks, bind("WEBHOOK_ADDR", worker.config.webhook_addr).await?, routes);
    }
    let admin_listener = match &worker.config.admin {
        Some(admin) => Some(bind("ADMIN_ADDR", admin.addr).await?),
        None => None,
    };
    let handlers = TaskTracker::new();
    let (lanes, publisher) = start(&mut tasks, &worker, &health, &handlers, &stop);
    if let Some(listener) = admin_listener {
        serve_dashboard(&mut tasks, listener, &worker, &health, publisher, &stop);
    }

    let code = tokio::select! {
        () = termination() => ExitCode::SUCCESS,
        what = health.wait_fatal() => Failure::new(CONFIGURATION, what).report(),
        // Every loop runs until told to stop: one that ends leaves a worker that only seems to live.
        Some(ended) = tasks.join_next() => Failure::new(1, how(ended)).report(),
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
    worker.traces.clone().finish().await;
    tracing::info!("stopped");
    Ok(code)
}

/// Why a loop ended. Leaves out the message of a panic, because it may quote a number.
fn how(ended: Result<(), JoinError>) -> &'static str {
    match ended {
        Ok(()) => "a loop ended by itself",
        Err(error) if error.is_panic() => "a loop panicked",
        Err(_) => "a loop was cancelled",
    }
}

/// Starts every loop. The returned tracker holds the lanes, which end by themselves once `stop` is cancelled; the
/// publisher may be used by others.
fn start(
    tasks: &mut JoinSet<()>,
    worker: &Arc<Worker>,
    health: &Arc<Health>,
    handlers: &TaskTracker,
    stop: &CancellationToken,
) -> (TaskTracker, Publisher) {
    let lanes = TaskTracker::new();
    let topology = Topology::new(worker.config.broker.namespace.clone());
    for lane in Lane::ALL {
        let consumer = Consumer {
            worker: worker.clone(),
            lane,
            topology: topology.clone(),
            health: health.clone(),
            handlers: handlers.clone(),
            stop: stop.clone(),
        };
        lanes.spawn(consumer.run());
    }
    {
        // A probe is a call as those of the lanes: its end is waited for.
        let (worker, stop) = (worker.clone(), stop.clone());
        lanes.spawn(async move { probe::run(&worker, &stop).await });
    }
    lanes.close();
    let (publisher, publishing) =
        Publisher::start(worker.config.broker.clone(), "aamcare worker, publisher", stop.clone());
    tasks.spawn(async move { publishing.await.unwrap_or_default() });
    let sweeper = Sweeper { worker: worker.clone(), health: health.clone(), publisher: publisher.clone() };
    tasks.spawn(sweeper.run(stop.clone()));
    tasks.spawn(reconciler::run(worker.clone(), health.clone(), stop.clone()));
    tasks.spawn(poller::run(worker.clone(), health.clone(), stop.clone()));
    {
        let (worker, health, stop) = (worker.clone(), health.clone(), stop.clone());
        tasks.spawn(async move { dead_queue::run(&worker.config, &worker.pool, &health, &stop).await });
    }
    {
        let (worker, health, stop) = (worker.clone(), health.clone(), stop.clone());
        tasks.spawn(async move { health.watch_database(&worker.pool, &stop).await });
    }
    {
        let (worker, health, stop) = (worker.clone(), health.clone(), stop.clone());
        tasks.spawn(async move { worker.gate.pauses.follow(&worker.pool, &health, &stop).await });
    }
    {
        let (worker, health, stop) = (worker.clone(), health.clone(), stop.clone());
        tasks.spawn(async move { breaker::follow(&worker.gate.breaker, &worker.pool, &health, &stop).await });
    }
    (lanes, publisher)
}

/// The dashboard, and the figures it draws.
fn serve_dashboard(
    tasks: &mut JoinSet<()>,
    listener: TcpListener,
    worker: &Arc<Worker>,
    health: &Arc<Health>,
    publisher: Publisher,
    stop: &CancellationToken,
) {
    let Some(config) = worker.config.admin.clone() else { return };
    serve(tasks, listener, dashboard::routes(Admin::new(config, worker.clone(), health.clone(), publisher)));
    let (pool, health, stop) = (worker.pool.clone(), health.clone(), stop.clone());
    tasks.spawn(async move { history::run(pool, &health, &stop).await });
}

/// Starts the census. What it measures is shown by `exposition`.
fn watch(
    tasks: &mut JoinSet<()>,
    worker: &Arc<Worker>,
    health: &Arc<Health>,
    exposition: &Exposition,
    stop: &CancellationToken,
) {
    let (worker, health, text, stop) =
        (worker.clone(), health.clone(), exposition.service.clone(), stop.clone());
    tasks.spawn(async move { census::run(&worker.pool, &health, &text, &stop).await });
}

/// Settings that figures are judged by.
fn show_settings(config: &Config) {
    metrics::gauge!("onboarding_segment_price_usd").set(config.segment_price.0);
    metrics::gauge!("onboarding_daily_message_limit").set(f64::from(config.pace.messages_per_day));
}

async fn bind(name: &str, address: SocketAddr) -> Result<TcpListener, Failure> {
    let listener = TcpListener::bind(address).await.map_err(|error| {
        let hint = format!("{name}: {address} cannot be used: {error}. Stop what holds it, or set {name}");
        Failure::new(CONFIGURATION, hint)
    })?;
    let bound = listener.local_addr().map_or_else(|_| address.to_string(), |a| a.to_string());
    tracing::info!(setting = name, address = bound, "listening");
    Ok(listener)
}

fn serve(tasks: &mut JoinSet<()>, listener: TcpListener, routes: Router) {
    tasks.spawn(listener::serve(listener, routes, Limits::USUAL));
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
