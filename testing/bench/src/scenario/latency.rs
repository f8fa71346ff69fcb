//! From publish to Twilio's request, and from a worker's start to its first message.

use std::{collections::HashMap, time::Duration};

use anyhow::{Context as _, bail};
use chrono::Utc;
use shared::lane::QueueLane;
use tokio::time::{Instant, MissedTickBehavior};

use crate::{
    event,
    percentile::percentile,
    report::Row,
    services::Services,
    simulator::Simulator,
    sizes::Sizes,
    stage::Stage,
    worker::{self, Pace},
};

/// Live signups a second.
pub(super) const SIGNUPS: u32 = 50;
const PACE: Pace = Pace { concurrency: 512, rate: 0 };

pub(super) async fn run(services: &Services, sizes: &Sizes) -> anyhow::Result<Vec<Row>> {
    Ok(vec![start(services).await?, idle(services, sizes).await?])
}

/// The worker finds one signup waiting.
async fn start(services: &Services) -> anyhow::Result<Row> {
    let stage = Stage::open(services).await?;
    let simulator = Simulator::start(&[], stage.folder()).await?;
    stage.queues.fill(QueueLane::Live, 0..1, event::signed_up).await?;
    let began = Utc::now().timestamp_millis();
    let mut worker = worker::start(&stage, simulator.url(), PACE)?;
    let times = until_created(&simulator, 1).await?;
    worker.stop().await?;
    let first = times.values().min().context("no message")?;
    let mut row = Row::new("start to first message");
    row.p50 = Some(milliseconds(first - began));
    Ok(row)
}

async fn idle(services: &Services, sizes: &Sizes) -> anyhow::Result<Row> {
    let stage = Stage::open(services).await?;
    let simulator = Simulator::start(&[], stage.folder()).await?;
    let mut worker = worker::start(&stage, simulator.url(), PACE)?;
    worker::until_consuming(&mut worker).await?;
    let mut row = Signups::of(&stage, &simulator).measure(sizes.seconds, "idle").await?;
    row.memory = Some(worker.peak_memory()?);
    worker.stop().await?;
    "publish to Twilio's request, to the millisecond".clone_into(&mut row.note);
    Ok(row)
}

/// Live signups, each of another user.
pub(super) struct Signups<'a> {
    stage: &'a Stage,
    simulator: &'a Simulator,
    so_far: usize,
}

impl<'a> Signups<'a> {
    pub(super) fn of(stage: &'a Stage, simulator: &'a Simulator) -> Self {
        Self { stage, simulator, so_far: 0 }
    }

    /// How many were published.
    pub(super) fn so_far(&self) -> usize {
        self.so_far
    }

    /// Publishes 50 a second for `seconds`, and waits for their messages.
    pub(super) async fn measure(&mut self, seconds: u32, what: &str) -> anyhow::Result<Row> {
        let published = signups(self.stage, u32::try_from(self.so_far)?, seconds).await?;
        self.so_far += published.len();
        let created = until_created(self.simulator, self.so_far).await?;
        let mut row = Row::new(format!("{SIGNUPS} signups a second, {what}"));
        fill(&mut row, &published, &created);
        Ok(row)
    }
}

/// Publishes 50 a second from user `first` on; returns when each number was published, in ms since the Unix epoch.
pub(super) async fn signups(stage: &Stage, first: u32, seconds: u32) -> anyhow::Result<HashMap<String, i64>> {
    let mut every = tokio::time::interval(Duration::from_secs(1) / SIGNUPS);
    every.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut published = HashMap::new();
    for n in first..first + seconds * SIGNUPS {
        every.tick().await;
        let body = event::signed_up(n)?;
        published.insert(format!("+977{}", event::number(n)), Utc::now().timestamp_millis());
        stage.queues.publish(QueueLane::Live, body).await?;
    }
    Ok(published)
}

/// Waits until at least `count` messages were created.
async fn until_created(simulator: &Simulator, count: usize) -> anyhow::Result<HashMap<String, i64>> {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(30) {
        if simulator.totals().await?.accepted >= count as u64 {
            return simulator.created();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    bail!("{:?} of {count} messages", simulator.totals().await?)
}

/// Puts the percentiles of the time from publish to request into `row`.
pub(super) fn fill(row: &mut Row, published: &HashMap<String, i64>, created: &HashMap<String, i64>) {
    let took = published.iter().filter_map(|(number, at)| Some(milliseconds(created.get(number)? - at)));
    let mut took: Vec<f64> = took.collect();
    row.p50 = percentile(&mut took, 50.0);
    row.p99 = percentile(&mut took, 99.0);
}

fn milliseconds(ms: i64) -> f64 {
    i32::try_from(ms).map_or(f64::INFINITY, f64::from)
}
