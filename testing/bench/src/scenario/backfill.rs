//! `backfill`: selecting alone, and with publishing and marking.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::ensure;
use shared::lane::QueueLane;

use crate::{
    process::Process,
    program::program,
    report::{Row, per_second},
    services::Services,
    sizes::Sizes,
    stage::Stage,
};

pub(super) async fn run(services: &Services, sizes: &Sizes) -> anyhow::Result<Vec<Row>> {
    let stage = Stage::open(services).await?;
    stage.store_users(0, sizes.events).await?;
    let mut dry = pass(&stage, sizes.events, "backfill, selecting", &["--dry-run", "--no-progress"]).await?;
    "users judged, the program's start included".clone_into(&mut dry.note);
    let mut real =
        pass(&stage, sizes.events, "backfill, publishing", &["--no-progress", "--yes", "--max-depth", "0"])
            .await?;
    "users enqueued and marked".clone_into(&mut real.note);
    let ready = stage.queues.ready(QueueLane::Backfill).await?;
    ensure!(ready == sizes.events, "{ready} of {} users were enqueued", sizes.events);
    Ok(vec![dry, real])
}

/// What the program gets to see.
pub(super) fn environment(stage: &Stage) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("DATABASE_URL".to_owned(), stage.database.clone()),
        ("AMQP_URL".to_owned(), stage.services.amqp.clone()),
        ("AMQP_NAMESPACE".to_owned(), stage.name.clone()),
        ("BACKFILL_WINDOW".to_owned(), String::new()),
        ("ALLOW_INSECURE".to_owned(), "1".to_owned()),
    ])
}

async fn pass(stage: &Stage, users: u32, name: &str, args: &[&str]) -> anyhow::Result<Row> {
    let began = Instant::now();
    let mut backfill = Process::start(&program("backfill")?, args, &environment(stage), stage.folder())?;
    let mut memory = 0.0_f64;
    let status = loop {
        memory = memory.max(backfill.peak_memory().unwrap_or_default());
        if let Some(status) = backfill.ended()? {
            break status;
        }
        ensure!(began.elapsed() < Duration::from_secs(120), "backfill takes too long");
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    ensure!(status.success(), "backfill ended with {status}: {}", backfill.output());
    let mut row = Row::new(name);
    row.per_second = Some(per_second(users, began.elapsed()));
    row.memory = Some(memory);
    Ok(row)
}
