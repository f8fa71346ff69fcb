//! The wiring of `worker run`: pools, tasks, servers, consumers.

mod parts;
mod two_way;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use shared::{
    amqp::{Publisher, Topology},
    db::{self, sqlstate},
    domain::Channel,
    lane::QueueLane,
    templates::Category,
};
use sqlx::PgPool;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(crate) use parts::{Parts, Pools};

use crate::{
    config::Config,
    consumer::{Consumer, dead_queue::DeadQueue, people_queue::PeopleQueue},
    health::Health,
    http::{
        dashboard::{self, Admin},
        exposition::Exposition,
        heartbeat::{self, Heartbeat},
        listener::{self, Limits},
        ops::{self, Ops},
    },
    observe::{
        recorder::{self, ServiceText},
        traces::Traces,
    },
    tasks::{
        census::Census, database_watch::DatabaseWatch, driver::Driver, events_out::EventsOut,
        follow_breaker::FollowBreaker, follow_pauses::FollowPauses, history::History,
        recorder_upkeep::RecorderUpkeep, sweeper::Sweeper, unblocked_numbers::UnblockedNumbers,
    },
    unfinished::Unfinished,
};

/// For the tasks, which need one for some milliseconds at a time, and for the dashboard.
const CONNECTIONS: u32 = 5;
/// One for each batch that may run.
const BATCHES: u32 = 6;
/// Callbacks that are stored at the same time.
const CALLBACKS: u32 = 4;
/// How many connections to Postgres one worker has at most. The one that measures the service keeps one for its lock.
pub(crate) const CONNECTIONS_PER_WORKER: u32 = CONNECTIONS + BATCHES + CALLBACKS + 1;

/// Why a worker did not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotStarted {
    /// A setting must be changed first.
    #[error("{0}")]
    Configuration(String),
    #[error("{0:#}")]
    Other(#[from] anyhow::Error),
}

impl From<std::io::Error> for NotStarted {
    fn from(error: std::io::Error) -> Self {
        Self::Other(error.into())
    }
}

/// A running worker.
pub(crate) struct App {
    pub(crate) health: Arc<Health>,
    pub(crate) traces: Traces,
    /// They run until the worker stops: one that ends by itself leaves a worker that only seems to live.
    pub(crate) tasks: JoinSet<()>,
    /// They end by themselves once the worker stops: lanes, and the task whose call is waited for.
    pub(crate) lanes: TaskTracker,
    /// The deliveries in hand.
    pub(crate) handlers: TaskTracker,
}

impl App {
    /// Starts a worker. `stop` ends new work; `abandon` ends the repetition of failing statements.
    pub(crate) async fn start(
        config: Config,
        pools: Pools,
        stop: CancellationToken,
        abandon: &CancellationToken,
    ) -> Result<Self, NotStarted> {
        let recorder = recorder::install()?;
        let ops_listener = bind("OPS_ADDR", config.ops_addr).await?;
        let (health, unfinished) = (Arc::new(Health::default()), Arc::new(Unfinished::default()));
        let parts = Parts::new(&config, pools, stop.clone(), abandon)?;
        show_settings(&config);

        let (mut tasks, lanes, handlers) = (JoinSet::new(), TaskTracker::new(), TaskTracker::new());
        let driver = || Driver { health: health.clone(), stop: stop.clone() };
        let (pool, throttle, sweep_interval) =
            (parts.pools.tasks.clone(), parts.throttle.clone(), config.timing.sweep_interval);

        let (heartbeat, service) = (Heartbeat::new(), ServiceText::default());
        tasks.spawn(heartbeat.clone().keep_beating());
        let exposition =
            Exposition::new(recorder.clone(), parts.pools.all(), throttle.clone(), service.clone());
        let probes = ops::routes(Ops { health: health.clone(), heartbeat, exposition });
        heartbeat::serve_apart(ops_listener.into_std()?, probes)?;
        if let Some(routes) = parts.webhooks(&config)? {
            let listener = bind("WEBHOOK_ADDR", config.webhook_addr).await?;
            serve(&mut tasks, listener, routes);
        }
        let admin = match config.admin.clone() {
            Some(admin) => Some((bind("ADMIN_ADDR", admin.addr).await?, admin)),
            None => None,
        };
        let (publisher, publishing) =
            Publisher::start(config.broker.clone(), "aamcare worker, publisher", stop.clone());
        tasks.spawn(async move { publishing.await.unwrap_or_default() });

        let topology = Topology::new(config.broker.namespace.clone());
        for lane in QueueLane::ALL {
            let consumer = Consumer {
                lane,
                pipeline: parts.pipeline.clone(),
                throttle: throttle.clone(),
                unfinished: unfinished.clone(),
                health: health.clone(),
                traces: parts.traces.clone(),
                broker: config.broker.clone(),
                topology: topology.clone(),
                prefetch: config.pace.prefetch,
                hours: parts.hours.clone(),
                handlers: handlers.clone(),
                stop: stop.clone(),
            };
            lanes.spawn(consumer.run());
        }
        let people_queue = PeopleQueue {
            people: parts.people(&config),
            broker: config.broker.clone(),
            topology: topology.clone(),
            health: health.clone(),
        };
        tasks.spawn(people_queue.run(stop.clone()));
        let dead_queue =
            DeadQueue { pool: pool.clone(), broker: config.broker.clone(), topology, health: health.clone() };
        tasks.spawn(dead_queue.run(stop.clone()));

        // The periodic tasks. A probe is a call as those of the lanes: its end is waited for.
        lanes.spawn(driver().run(parts.probe()));
        keep_up(&mut tasks, &driver(), &pool, sweep_interval);
        tasks.spawn(driver().run(EventsOut::new(pool.clone(), publisher.clone(), config.events_out)));
        tasks.spawn(driver().run(FollowPauses { pool: pool.clone(), throttle: throttle.clone() }));
        tasks.spawn(driver().run(parts.follow_calendar(&config, health.clone())?));
        tasks.spawn(driver().run(FollowBreaker { pool: pool.clone(), throttle: throttle.clone() }));
        tasks.spawn(driver().run(RecorderUpkeep(recorder)));
        tasks.spawn(driver().run(Census::new(pool.clone(), service)));
        tasks.spawn(driver().run(parts.reconciler(&config)));
        tasks.spawn(driver().run(parts.poller(config.timing.status_poll_after, sweep_interval)));
        parts.keep_data(&config, &mut tasks, driver)?;
        parts.read_inbox(&config, &mut tasks, driver)?;
        // Its messages in hand are waited for, as deliveries are, and so is its step, which may begin further ones.
        parts.send_stored(&config, &lanes, driver, handlers.clone());
        tasks.spawn(driver().run(Sweeper {
            pool: pool.clone(),
            publisher: publisher.clone(),
            breaker: throttle.breaker.watch(),
            throttle: throttle.clone(),
            health: health.clone(),
            unfinished,
            worker_id: parts.worker_id.clone(),
            hours: parts.hours.clone(),
            interval: sweep_interval,
            grace: config.timing.sweep_grace,
            first_check: config.timing.first_check(),
        }));
        if let Some((listener, admin)) = admin {
            tasks.spawn(driver().run(History { pool: pool.clone(), health: health.clone() }));
            let context = dashboard_context(&config, &parts, publisher, health.clone(), stop.clone());
            serve(&mut tasks, listener, dashboard::routes(Admin::new(admin, context)));
        }
        lanes.close();
        Ok(Self { health, traces: parts.traces, tasks, lanes, handlers })
    }
}

impl Pools {
    /// Opens the pools of a worker; no connection is made yet.
    pub(crate) fn connect(config: &Config) -> Result<Self, NotStarted> {
        let unusable = |error| NotStarted::Configuration(sqlstate(&error));
        let by_index = |connections| db::pool_by_index(&config.database, "aamcare worker", connections);
        Ok(Self {
            tasks: db::pool(&config.database, "aamcare worker", CONNECTIONS).map_err(unusable)?,
            batches: by_index(BATCHES).map_err(unusable)?,
            callbacks: by_index(CALLBACKS).map_err(unusable)?,
        })
    }
}

/// What the dashboard uses of the worker.
fn dashboard_context(
    config: &Config,
    parts: &Parts,
    publisher: Publisher,
    health: Arc<Health>,
    stop: CancellationToken,
) -> dashboard::Context {
    dashboard::Context {
        pool: parts.pools.tasks.clone(),
        client: parts.client.clone(),
        channels: parts.channels.clone(),
        meanings: parts.meanings.clone(),
        throttle: parts.throttle.clone(),
        health,
        publisher,
        keys: config.inbox.as_ref().map(|inbox| inbox.keys.clone()),
        help_line: config.help_line.clone(),
        audience: config.audience.clone(),
        messages_per_day: config.pace.messages_per_day,
        stop,
    }
}

/// The tasks that need the database alone, and no other part of the worker.
fn keep_up(tasks: &mut JoinSet<()>, driver: &Driver, pool: &PgPool, sweep_interval: Duration) {
    tasks.spawn(driver.clone().run(DatabaseWatch::new(pool.clone(), driver.health.clone())));
    tasks.spawn(driver.clone().run(UnblockedNumbers::new(pool.clone(), sweep_interval)));
}

/// Settings that figures are judged by, and what holds nothing back yet.
fn show_settings(config: &Config) {
    metrics::gauge!("onboarding_segment_price_usd").set(config.segment_price.0);
    for category in Category::ALL {
        if let Some(price) = config.whatsapp.prices.of(category) {
            metrics::gauge!("onboarding_whatsapp_price_usd", "category" => category.as_str()).set(price.0);
        }
    }
    metrics::gauge!("onboarding_channel_held", "channel" => Channel::Whatsapp.as_str()).set(0.0);
    metrics::gauge!("onboarding_whatsapp_full").set(0.0);
    // Replaced by what the sender reports, where that counts.
    let people = config.whatsapp.people.per_day(None);
    metrics::gauge!("onboarding_whatsapp_people_limit").set(f64::from(people.unwrap_or(0)));
    metrics::gauge!("onboarding_daily_message_limit").set(f64::from(config.pace.messages_per_day));
}

async fn bind(name: &str, address: SocketAddr) -> Result<TcpListener, NotStarted> {
    let listener = TcpListener::bind(address).await.map_err(|error| {
        let hint = format!("{name}: {address} cannot be used: {error}. Stop what holds it, or set {name}");
        NotStarted::Configuration(hint)
    })?;
    let bound = listener.local_addr().map_or_else(|_| address.to_string(), |a| a.to_string());
    tracing::info!(setting = name, address = bound, "listening");
    Ok(listener)
}

fn serve(tasks: &mut JoinSet<()>, listener: TcpListener, routes: Router) {
    tasks.spawn(listener::serve(listener, routes, Limits::USUAL));
}
