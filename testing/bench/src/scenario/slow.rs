//! Calls of 150 ms, 512 in flight: two calls an event allow 512 / 0.3 s events a second.

use anyhow::ensure;
use shared::lane::QueueLane;

use crate::{
    event,
    measure::steady,
    report::Row,
    services::Services,
    simulator::Simulator,
    stage::Stage,
    standin::StandIn,
    worker::{self, Pace},
};

const PACE: Pace = Pace { concurrency: 512, rate: 0 };
const LATENCY: &str = "150ms";
const ALLOWED: f64 = 512.0 / 0.3;
const EVENTS: u32 = 20_000;

pub(super) async fn run(services: &Services) -> anyhow::Result<Vec<Row>> {
    let stage = Stage::open(services).await?;
    stage.queues.fill(QueueLane::Live, 0..EVENTS, event::signed_up).await?;
    let simulator = Simulator::start(&["--fast", "--latency", LATENCY], stage.folder()).await?;
    let mut stand_in = StandIn::Simulator(simulator);
    let mut worker = worker::start(&stage, stand_in.url(), PACE)?;
    let seen = steady(&stage, &mut worker, &mut stand_in, EVENTS).await?;
    worker.stop().await?;
    let accepted = stage.number("SELECT count(*) FROM attempts WHERE outcome = 'accepted'").await?;
    ensure!(accepted == i64::from(EVENTS), "{accepted} of {EVENTS} events were stored as accepted");
    let mut row = Row::steady("150 ms a call, 512 in flight", seen);
    row.share = Some(seen.per_second / ALLOWED);
    row.note = format!("share is of the {ALLOWED:.0} that this latency allows");
    Ok(vec![row])
}
