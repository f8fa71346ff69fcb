//! Rate and CPU over the steady part of a run: without its start and its end.

use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::{process::Process, stage::Stage, standin::StandIn, usage};

const LOOK_EVERY: Duration = Duration::from_millis(25);
/// A run that makes no progress for longer has failed.
const STUCK: Duration = Duration::from_secs(20);

/// What the steady part showed. CPU in microseconds per event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Steady {
    pub(crate) per_second: f64,
    pub(crate) own_cpu: f64,
    pub(crate) stand_in_cpu: f64,
    /// None where Postgres does not run on this machine.
    pub(crate) postgres_cpu: Option<f64>,
    /// Of everything that the broker does; none where it does not run on this machine.
    pub(crate) broker_cpu: Option<f64>,
    /// MiB
    pub(crate) peak_memory: f64,
}

/// CPU used so far.
struct Used {
    at: Instant,
    events: u64,
    own: Duration,
    stand_in: Duration,
    postgres: Vec<(u32, Duration)>,
    broker: Option<Duration>,
}

/// Watches `subject` until `total` events are done.
pub(crate) async fn steady(
    stage: &Stage,
    subject: &mut Process,
    stand_in: &mut StandIn,
    total: u32,
) -> anyhow::Result<Steady> {
    let (first, last) = (u64::from(total) / 10, u64::from(total) * 9 / 10);
    let begin = reach(stage, subject, stand_in, first).await?;
    let end = reach(stage, subject, stand_in, last).await?;
    reach(stage, subject, stand_in, u64::from(total)).await?;
    let peak_memory = subject.peak_memory().unwrap_or_default();
    Ok(between(&begin, &end, peak_memory))
}

async fn reach(
    stage: &Stage,
    subject: &mut Process,
    stand_in: &mut StandIn,
    events: u64,
) -> anyhow::Result<Used> {
    let (mut seen, mut moved) = (0, Instant::now());
    loop {
        let now = stand_in.events().await?;
        if now >= events {
            return used(stage, subject, stand_in, now).await;
        }
        if now > seen {
            (seen, moved) = (now, Instant::now());
        }
        subject.check()?;
        ensure!(moved.elapsed() < STUCK, "stuck at {now} of {events} events: {}", subject.output());
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn used(stage: &Stage, subject: &Process, stand_in: &StandIn, events: u64) -> anyhow::Result<Used> {
    let at = Instant::now();
    let own = usage::cpu(subject.pid())?;
    let stand_in = usage::cpu(stand_in.pid())?;
    let broker =
        usage::named("beam.smp").into_iter().filter_map(|pid| usage::cpu(pid).ok()).reduce(|a, b| a + b);
    let backends = stage.backends().await?;
    let postgres = backends.into_iter().filter_map(|pid| Some((pid, usage::cpu(pid).ok()?))).collect();
    Ok(Used { at, events, own, stand_in, postgres, broker })
}

fn between(begin: &Used, end: &Used, peak_memory: f64) -> Steady {
    let events = end.events.saturating_sub(begin.events).max(1);
    let events = Duration::from_secs(events).as_secs_f64();
    let each = |from: Duration, to: Duration| to.saturating_sub(from).as_secs_f64() * 1e6 / events;
    let before =
        |pid: u32| begin.postgres.iter().find(|(p, _)| *p == pid).map_or(Duration::ZERO, |(_, t)| *t);
    let postgres: f64 = end.postgres.iter().map(|(pid, now)| each(before(*pid), *now)).sum();
    Steady {
        per_second: events / (end.at - begin.at).as_secs_f64(),
        own_cpu: each(begin.own, end.own),
        stand_in_cpu: each(begin.stand_in, end.stand_in),
        postgres_cpu: (!end.postgres.is_empty()).then_some(postgres),
        broker_cpu: begin.broker.zip(end.broker).map(|(from, to)| each(from, to)),
        peak_memory,
    }
}
