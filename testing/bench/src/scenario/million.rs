//! One large backfill from its start to the last message: the producer is killed on the way and resumed, and live
//! signups go on beside it.

use std::time::{Duration, Instant};

use anyhow::ensure;

use super::{
    backfill,
    latency::{SIGNUPS, fill, signups},
};
use crate::{
    process::Process,
    program::program,
    report::{Row, per_second},
    services::Services,
    simulator::Simulator,
    sizes::Sizes,
    stage::Stage,
    worker::{self, Pace},
};

const PACE: Pace = Pace { concurrency: 512, rate: 0 };
/// The producer is killed once this part of the users has a message.
const KILLED_AT: f64 = 0.2;
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Far more than a sound run takes.
const LIMIT: Duration = Duration::from_secs(1800);

pub(super) async fn run(services: &Services, sizes: &Sizes) -> anyhow::Result<Vec<Row>> {
    let stage = Stage::open(services).await?;
    stage.store_users(0, sizes.users).await?;
    let simulator = Simulator::start(&[], stage.folder()).await?;
    let mut worker = worker::start(&stage, simulator.url(), PACE)?;
    worker::until_consuming(&mut worker).await?;
    let began = Instant::now();
    let killed_at = f64::from(sizes.users) * KILLED_AT;
    let first = start(&stage, &["--yes", "--no-progress"])?;
    let until_killed = until(&simulator, killed_at, || first.peak_memory().unwrap_or_default()).await?;
    // SIGKILL.
    drop(first);
    let mut second = start(&stage, &["--yes", "--no-progress", "--resume", "last"])?;
    let (published, memory) =
        tokio::join!(signups(&stage, sizes.users, sizes.seconds), enqueued(&mut second));
    let (published, memory) = (published?, memory?.max(until_killed));
    let all = sizes.users + u32::try_from(published.len())?;
    until(&simulator, f64::from(all), || 0.0).await?;
    let took = began.elapsed();
    let totals = simulator.totals().await?;
    ensure!(totals.duplicates == 0, "{} duplicates", totals.duplicates);
    ensure!(totals.accepted == u64::from(all), "{} messages for {all} users", totals.accepted);
    let mut whole = Row::new(format!("backfill of {}, killed and resumed", sizes.users));
    whole.per_second = Some(per_second(all, took));
    whole.memory = Some(memory);
    whole.note =
        format!("{:.0} s to the last message, 0 duplicates; memory of the producer", took.as_secs_f64());
    let mut live = Row::new(format!("{SIGNUPS} signups a second beside it"));
    live.memory = Some(worker.peak_memory()?);
    "memory of the worker".clone_into(&mut live.note);
    fill(&mut live, &published, &simulator.created()?);
    worker.stop().await?;
    Ok(vec![whole, live])
}

fn start(stage: &Stage, args: &[&str]) -> anyhow::Result<Process> {
    Process::start(&program("backfill")?, args, &backfill::environment(stage), stage.folder())
}

/// Waits for its end; returns its peak memory in MiB.
async fn enqueued(backfill: &mut Process) -> anyhow::Result<f64> {
    let (began, mut memory) = (Instant::now(), 0.0_f64);
    loop {
        memory = memory.max(backfill.peak_memory().unwrap_or_default());
        if let Some(status) = backfill.ended()? {
            ensure!(status.success(), "backfill ended with {status}: {}", backfill.output());
            return Ok(memory);
        }
        ensure!(began.elapsed() < LIMIT, "backfill takes too long");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Waits until `messages` messages exist; returns the highest value of `watched` meanwhile.
async fn until(simulator: &Simulator, messages: f64, watched: impl Fn() -> f64) -> anyhow::Result<f64> {
    let (began, mut highest) = (Instant::now(), 0.0_f64);
    loop {
        highest = highest.max(watched());
        let accepted = u32::try_from(simulator.totals().await?.accepted)?;
        if f64::from(accepted) >= messages {
            return Ok(highest);
        }
        ensure!(began.elapsed() < LIMIT, "{accepted} of {messages} messages");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
