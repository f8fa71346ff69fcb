//! One rate and several workers, measured by the simulator's ledger.

use std::{collections::VecDeque, time::Duration};

use anyhow::ensure;
use shared::lane::QueueLane;
use tokio::time::Instant;

use crate::{
    event,
    process::Process,
    report::{Row, per_second},
    services::Services,
    simulator::Simulator,
    sizes::Sizes,
    stage::Stage,
    worker::{self, Pace},
};

/// Segments a second.
const RATES: [u32; 2] = [50, 500];
const CONCURRENCY: usize = 128;

pub(super) async fn run(services: &Services, sizes: &Sizes) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for rate in RATES {
        for workers in [1, 2, 4] {
            rows.push(with(rate, workers, services, sizes).await?);
        }
    }
    Ok(rows)
}

/// Halfway one of several workers is killed and another one joins.
async fn with(rate: u32, workers: u32, services: &Services, sizes: &Sizes) -> anyhow::Result<Row> {
    let stage = Stage::open(services).await?;
    let simulator = Simulator::start(&[], stage.folder()).await?;
    let events = (sizes.seconds + 5) * rate * workers + 1000;
    stage.queues.fill(QueueLane::Live, 0..events, event::signed_up).await?;
    let pace = Pace { concurrency: CONCURRENCY, rate };
    let mut running: VecDeque<Process> = VecDeque::new();
    for _ in 0..workers {
        let mut worker = worker::start(&stage, simulator.url(), pace)?;
        worker::until_consuming(&mut worker).await?;
        running.push_back(worker);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = simulator.totals().await?.accepted;
    let end = Instant::now() + Duration::from_secs(u64::from(sizes.seconds));
    tokio::time::sleep(Duration::from_secs(u64::from(sizes.seconds)) / 2).await;
    if workers > 1 {
        // SIGKILL.
        running.pop_front();
        running.push_back(worker::start(&stage, simulator.url(), pace)?);
    }
    tokio::time::sleep_until(end).await;
    let totals = simulator.totals().await?;
    ensure!(totals.duplicates == 0, "{} duplicates", totals.duplicates);
    let messages = u32::try_from(totals.accepted - before)?;
    let arrivals = simulator.arrivals().await?;
    let mut row = Row::new(format!("SEND_RATE={rate}, {workers} worker(s)"));
    row.per_second = Some(per_second(messages, Duration::from_secs(u64::from(sizes.seconds))));
    row.share = row.per_second.map(|reached| reached / f64::from(rate));
    let allowed = f64::from(rate) * 1.1 + 2.0 * f64::from(workers);
    row.note = format!("most in any second: {} of {allowed:.0} segments", busiest(&arrivals));
    if workers > 1 {
        row.note.push_str("; one killed, one joined");
    }
    drop(running);
    Ok(row)
}

/// Segments in the busiest window of one second.
fn busiest(arrivals: &[(i64, u16)]) -> u64 {
    let (mut from, mut inside, mut most) = (0, 0, 0);
    for (at, segments) in arrivals {
        inside += u64::from(*segments);
        while arrivals[from].0 + 1000 <= *at {
            inside -= u64::from(arrivals[from].1);
            from += 1;
        }
        most = most.max(inside);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_second_is_any_window() {
        assert_eq!(busiest(&[(0, 1), (900, 2), (1000, 3), (1899, 1), (5000, 1)]), 6);
        assert_eq!(busiest(&[]), 0);
    }
}
