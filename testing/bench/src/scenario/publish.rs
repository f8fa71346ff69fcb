//! Confirmed publishes through the library for portals.

use std::time::Instant;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use producer::Producer;

use crate::{
    event,
    report::{Row, per_second},
    services::Services,
    sizes::Sizes,
    stage::Stage,
    usage,
};

/// Publishes awaited at a time.
const IN_FLIGHT: usize = 1024;

pub(super) async fn run(services: &Services, sizes: &Sizes) -> anyhow::Result<Vec<Row>> {
    let stage = Stage::open(services).await?;
    let producer = Producer::connect(stage.queues.broker.clone()).await?;
    let signups = (0..sizes.events).map(event::signup).collect::<anyhow::Result<Vec<_>>>()?;
    let me = std::process::id();
    let (began, cpu) = (Instant::now(), usage::cpu(me)?);
    let publishes = signups.iter().map(|signup| producer.signed_up(signup));
    stream::iter(publishes).buffer_unordered(IN_FLIGHT).try_for_each(async |_| Ok(())).await?;
    let took = began.elapsed();
    let cpu = usage::cpu(me)?.saturating_sub(cpu);
    let mut row = Row::new("confirmed publishes");
    row.per_second = Some(per_second(sizes.events, took));
    row.cpu[0] = Some(cpu.as_secs_f64() * 1e6 / f64::from(sizes.events));
    Ok(vec![row])
}
