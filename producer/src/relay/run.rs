//! The loop: batch after batch while rows wait, then until new ones come.

use std::time::{Duration, Instant};

use serde::Serialize;
use shared::{config::settings::OUTBOX_DATABASE_URL, db, domain::RetryPolicy};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::{
    Settings,
    batch::{self, Batch},
    listen::Listener,
    pauses::Pauses,
    table,
    watch::Watch,
};
use crate::{
    Producer,
    command::{self, Failure},
};

const NAME: &str = "signup relay";
/// One works, one listens; the others replace what hangs.
const CONNECTIONS: u32 = 4;
const POLL: Duration = Duration::from_secs(5);
const PURGE_EVERY: Duration = Duration::from_secs(3600);
/// Far above what the time limits of broker and database add up to; a dead network shows only this way.
const BATCH_LIMIT: Duration = Duration::from_secs(60);
const OUTAGE: RetryPolicy = RetryPolicy { base: Duration::from_secs(1), max: Duration::from_secs(30) };

/// Publishes the rows of one outbox. Several may run at a time.
pub struct Relay {
    pool: PgPool,
    producer: Producer,
    pauses: Pauses,
    tally: Tally,
    /// Ends with the relay.
    _watch: Option<Watch>,
}

/// What a relay has done.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Rows confirmed by the broker and marked.
    pub published: u64,
    /// Tries that ended with a `last_error`.
    pub failed: u64,
    /// Rows deleted a day after they were published.
    pub purged: u64,
}

/// What keeps a batch from being finished, for a log line.
enum Step {
    Settled(Batch),
    Database(sqlx::Error),
}

impl Relay {
    /// A relay that fails at once when RabbitMQ cannot be reached.
    pub async fn connect(settings: Settings) -> Result<Self, Failure> {
        let pool = open(&settings).await?;
        let producer = Producer::connect(settings.broker).await?;
        Ok(Self { pool, producer, pauses: Pauses::default(), tally: Tally::default(), _watch: None })
    }

    /// A relay that waits for RabbitMQ as long as it takes. The outbox must be there.
    pub async fn start(settings: Settings) -> Result<Self, Failure> {
        let pool = open(&settings).await?;
        let watch = settings.ops.map(|address| Watch::start(address, pool.clone())).transpose()?;
        let producer = Producer::start(settings.broker);
        Ok(Self { pool, producer, pauses: Pauses::default(), tally: Tally::default(), _watch: watch })
    }

    /// Publishes what waits now; rows that fail are not waited for.
    pub async fn once(mut self, stop: &CancellationToken) -> Result<Tally, Failure> {
        while !stop.is_cancelled() {
            match self.step().await {
                Step::Settled(Batch { outage: Some(why), .. }) => return Err(Failure::BrokerLost(why)),
                Step::Settled(Batch { read: 0, .. }) => break,
                Step::Settled(_) => {}
                Step::Database(error) => return Err(error.into()),
            }
        }
        self.tally.purged += table::purge(&self.pool).await?;
        Ok(self.tally)
    }

    /// Publishes until `stop`; then the batch in hand is finished. No outage ends it.
    pub async fn run(mut self, stop: &CancellationToken) -> Tally {
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
        self.tally
    }

    async fn step(&mut self) -> Step {
        let relaying = batch::relay(&self.pool, &self.producer, &mut self.pauses);
        let settled = match tokio::time::timeout(BATCH_LIMIT, relaying).await {
            Ok(Ok(batch)) => batch,
            Ok(Err(error)) => return Step::Database(error),
            Err(_) => return Step::Database(sqlx::Error::PoolTimedOut),
        };
        self.tally.published += settled.published;
        self.tally.failed += settled.failed;
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
        match table::purge(&self.pool).await {
            Ok(purged) => {
                self.tally.purged += purged;
                tracing::info!(purged, "published rows older than 24 h deleted");
            }
            Err(error) => tracing::warn!(error = db::sqlstate(&error), "published rows were not deleted"),
        }
    }
}

async fn open(settings: &Settings) -> Result<PgPool, Failure> {
    let connection = command::connect(&settings.outbox, NAME, "the outbox", OUTBOX_DATABASE_URL.name).await?;
    sqlx::Connection::close(connection).await?;
    let pool = db::pool(&settings.outbox, NAME, CONNECTIONS)?;
    table::check(&pool).await?;
    Ok(pool)
}
