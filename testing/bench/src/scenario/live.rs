//! Live signups beside a backfill that takes all of a given rate.

use std::time::Duration;

use anyhow::ensure;
use shared::lane::QueueLane;

use super::latency::{SIGNUPS, fill, signups};
use crate::{
    event,
    report::{Row, per_second},
    services::Services,
    simulator::Simulator,
    sizes::Sizes,
    stage::Stage,
    worker::{self, Pace},
};

/// Segments a second.
const RATE: u32 = 3000;
const PACE: Pace = Pace { concurrency: 512, rate: RATE };
/// Users of the backfill at least.
const BACKLOG: u32 = 100_000;

pub(super) async fn run(services: &Services, sizes: &Sizes) -> anyhow::Result<Vec<Row>> {
    let stage = Stage::open(services).await?;
    let backlog = BACKLOG.max(sizes.seconds * RATE * 3 / 2);
    stage.store_users(0, backlog).await?;
    stage.queues.fill(QueueLane::Backfill, 0..backlog, event::stored).await?;
    let simulator = Simulator::start(&[], stage.folder()).await?;
    let mut worker = worker::start(&stage, simulator.url(), PACE)?;
    worker::until_consuming(&mut worker).await?;
    // The backfill is well under way.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = simulator.totals().await?.accepted;
    let published = signups(&stage, backlog, sizes.seconds).await?;
    let messages = u32::try_from(simulator.totals().await?.accepted - before)?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let left = stage.queues.ready(QueueLane::Backfill).await?;
    ensure!(left > 0, "the backlog was too short");
    let created = simulator.created()?;
    let missing = published.keys().filter(|number| !created.contains_key(*number)).count();
    let memory = worker.peak_memory()?;
    let totals = simulator.totals().await?;
    ensure!(totals.duplicates == 0, "{} duplicates", totals.duplicates);
    let mut row = Row::new(format!("{SIGNUPS} signups a second beside a backfill at {RATE}/s"));
    row.per_second = Some(per_second(messages, Duration::from_secs(u64::from(sizes.seconds))));
    row.memory = Some(memory);
    fill(&mut row, &published, &created);
    row.note = format!("{missing} of {} live ones had waited longer than a second", published.len());
    // The stage deletes the queue with the rest of the backlog.
    drop(worker);
    Ok(vec![row])
}
