//! The outbox of a portal: rows that are written in the transactions of the portal become events, each at least once.
//!
//! [`run`] publishes until it is told to stop, [`run_once`] publishes what waits now. Several relays may work on one
//! outbox at a time. The portal creates the table from [`DDL`]. `signup relay` is a program around these functions.
//!
//! ```no_run
//! # async fn relay() -> Result<(), Box<dyn std::error::Error>> {
//! use producer::relay::{self, CancellationToken, Settings};
//!
//! let stop = CancellationToken::new();
//! let stats = relay::run(Settings::of_process()?, &stop).await?;
//! println!("published {} rows", stats.published);
//! # Ok(())
//! # }
//! ```

mod batch;
mod error;
mod listen;
mod outbox;

use std::time::{Duration, Instant};

use serde::Serialize;
use shared::{
    config::{Broker, DatabaseUrl, Env, Faults, Insecure, insecure_allowed, settings::OUTBOX_DATABASE_URL},
    db,
    domain::RetryPolicy,
};
use sqlx::{Connection, PgPool};
use tokio_util::task::AbortOnDropHandle;

pub use error::Error;
pub use tokio_util::sync::CancellationToken;

use crate::{Producer, connection};
use batch::{Batch, Pauses};
use listen::Listener;

/// The table `onboarding_outbox`, for a migration of the portal's database.
pub const DDL: &str = include_str!("relay/outbox.sql");

const NAME: &str = "signup relay";
/// One works, one listens; the others replace what hangs.
const CONNECTIONS: u32 = 4;
const POLL: Duration = Duration::from_secs(5);
const PURGE_EVERY: Duration = Duration::from_secs(3600);
const MEASURE_EVERY: Duration = Duration::from_secs(15);
/// Far above the sum of the time limits of broker and database. Only this limit detects a dead network.
const BATCH_LIMIT: Duration = Duration::from_secs(60);
const OUTAGE: RetryPolicy = RetryPolicy { base: Duration::from_secs(1), max: Duration::from_secs(30) };

/// Where the outbox and the broker are.
#[derive(Debug, Clone)]
pub struct Settings {
    outbox: DatabaseUrl,
    broker: Broker,
    gauges: bool,
}

impl Settings {
    /// Reads `OUTBOX_DATABASE_URL`, `AMQP_URL` (or their `_FILE`) and `AMQP_NAMESPACE`.
    ///
    /// # Errors
    /// Every setting that is missing or wrong.
    pub fn of_process() -> Result<Self, Faults> {
        let mut env = Env::of_process();
        let insecure = &insecure_allowed(&mut env);
        let settings = Self::read(&mut env, insecure);
        env.finish(settings)
    }

    /// Reads the same settings from `env`, which collects the faults.
    pub fn read(env: &mut Env, insecure: &Insecure) -> Self {
        Self {
            outbox: DatabaseUrl::read(env, &OUTBOX_DATABASE_URL, insecure),
            broker: Broker::read(env, insecure),
            gauges: false,
        }
    }

    /// Whether [`run`] sets the gauges `onboarding_outbox_pending_events` and
    /// `onboarding_outbox_oldest_event_age_seconds` of the crate `metrics`. Each reading counts the waiting rows.
    #[must_use]
    pub fn with_gauges(self, gauges: bool) -> Self {
        Self { gauges, ..self }
    }
}

/// What a relay has done.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Rows that the broker confirmed and the relay marked.
    pub published: u64,
    /// Attempts that ended with a `last_error`.
    pub failed: u64,
    /// Rows deleted a day after they were published.
    pub purged: u64,
}

/// Publishes the waiting rows until `stop`, and then finishes the batch in hand. It waits for RabbitMQ as long as
/// necessary; an outage of RabbitMQ or of the database does not end it.
///
/// # Errors
/// The outbox cannot be used at the start.
pub async fn run(settings: Settings, stop: &CancellationToken) -> Result<Stats, Error> {
    let pool = open(&settings.outbox).await?;
    let _gauges = settings.gauges.then(|| AbortOnDropHandle::new(tokio::spawn(measure(pool.clone()))));
    Ok(Relay::new(pool, Producer::start(settings.broker)).run(stop).await)
}

/// Publishes the rows that wait now, once each, and deletes those that were published a day ago. It does not wait to
/// repeat a row that failed.
///
/// # Errors
/// The outbox or RabbitMQ cannot be used. Rows that were marked before stay marked.
pub async fn run_once(settings: Settings, stop: &CancellationToken) -> Result<Stats, Error> {
    let pool = open(&settings.outbox).await?;
    let producer = Producer::connect(settings.broker).await.map_err(Error::Broker)?;
    Relay::new(pool, producer).once(stop).await
}

async fn open(url: &DatabaseUrl) -> Result<PgPool, Error> {
    let connection = connection::open(url, NAME).await.map_err(Error::Unreachable)?;
    connection.close().await.map_err(Error::Database)?;
    let pool = db::pool(url, NAME, CONNECTIONS).map_err(Error::Database)?;
    outbox::check(&pool).await?;
    Ok(pool)
}

#[expect(clippy::cast_precision_loss, reason = "a count of rows fits a double")]
async fn measure(pool: PgPool) {
    loop {
        match outbox::waiting(&pool).await {
            Ok((rows, age)) => {
                metrics::gauge!("onboarding_outbox_pending_events").set(rows as f64);
                metrics::gauge!("onboarding_outbox_oldest_event_age_seconds").set(age);
            }
            Err(error) => tracing::warn!(error = db::sqlstate(&error), "the outbox was not measured"),
        }
        tokio::time::sleep(MEASURE_EVERY).await;
    }
}

struct Relay {
    pool: PgPool,
    producer: Producer,
    pauses: Pauses,
    stats: Stats,
}

/// How one batch ended.
enum Step {
    Settled(Batch),
    Database(sqlx::Error),
}

impl Relay {
    fn new(pool: PgPool, producer: Producer) -> Self {
        Self { pool, producer, pauses: Pauses::default(), stats: Stats::default() }
    }

    async fn once(mut self, stop: &CancellationToken) -> Result<Stats, Error> {
        while !stop.is_cancelled() {
            match self.step().await {
                Step::Settled(Batch { outage: Some(why), .. }) => return Err(Error::BrokerLost(why)),
                Step::Settled(Batch { read: 0, .. }) => break,
                Step::Settled(_) => {}
                Step::Database(error) => return Err(Error::Database(error)),
            }
        }
        self.stats.purged += outbox::purge(&self.pool).await.map_err(Error::Database)?;
        Ok(self.stats)
    }

    async fn run(mut self, stop: &CancellationToken) -> Stats {
        let listener = Listener::start(self.pool.clone());
        let (mut outages, mut purge_at) = (0, Instant::now());
        while !stop.is_cancelled() {
            if purge_at <= Instant::now() {
                self.purge().await;
                purge_at = Instant::now() + PURGE_EVERY;
            }
            let trouble = match self.step().await {
                Step::Settled(Batch { outage: None, read, .. }) => {
                    outages = 0;
                    if read == 0 {
                        self.idle(&listener, stop).await;
                    }
                    continue;
                }
                Step::Settled(Batch { outage: Some(why), .. }) => why,
                Step::Database(error) => format!("the outbox: {}", db::sqlstate(&error)),
            };
            let pause = OUTAGE.cap(outages);
            tracing::warn!(error = trouble, again_in = ?pause, "relaying is interrupted");
            // None: told to stop.
            let _ = stop.run_until_cancelled(tokio::time::sleep(pause)).await;
            outages += 1;
        }
        self.stats
    }

    async fn step(&mut self) -> Step {
        let relaying = batch::relay(&self.pool, &self.producer, &mut self.pauses);
        let settled = match tokio::time::timeout(BATCH_LIMIT, relaying).await {
            Ok(Ok(batch)) => batch,
            Ok(Err(error)) => return Step::Database(error),
            Err(_) => return Step::Database(sqlx::Error::PoolTimedOut),
        };
        self.stats.published += settled.published;
        self.stats.failed += settled.failed;
        if settled.read > 0 {
            tracing::info!(published = settled.published, failed = settled.failed, "outbox batch");
        }
        Step::Settled(settled)
    }

    async fn idle(&self, listener: &Listener, stop: &CancellationToken) {
        let pause = self.pauses.next(Instant::now()).map_or(POLL, |due| due.min(POLL));
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = listener.woken() => {}
            () = stop.cancelled() => {}
        }
    }

    async fn purge(&mut self) {
        match outbox::purge(&self.pool).await {
            Ok(purged) => {
                self.stats.purged += purged;
                tracing::info!(purged, "published rows older than 24 h deleted");
            }
            Err(error) => tracing::warn!(error = db::sqlstate(&error), "published rows were not deleted"),
        }
    }
}
