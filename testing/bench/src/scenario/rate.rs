//! One rate, several workers: the simulator's ledger is the judge.

use std::time::Duration;

use shared::lane::Lane;

use crate::{
    args::Run,
    event,
    process::Process,
    report::{Row, per_second},
    services::Services,
    simulator::Simulator,
    stage::Stage,
    worker::{self, Pace},
};

/// Segments a second.
const RATE: u32 = 500;
const PACE: Pace = Pace { concurrency: 128, rate: RATE };

pub(super) async fn run(services: &Services, run: &Run) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for workers in [1, 2, 4] {
        rows.push(with(workers, services, run).await?);
    }
    Ok(rows)
}

async fn with(workers: u32, services: &Services, run: &Run) -> anyhow::Result<Row> {
    let stage = Stage::open(services).await?;
    let simulator = Simulator::start(&[], stage.folder()).await?;
    let events = (run.seconds + 5) * RATE * workers;
    stage.queues.fill(Lane::Live, 0..events, event::signed_up).await?;
    let mut running: Vec<Process> = Vec::new();
    for _ in 0..workers {
        let mut worker = worker::start(&stage, simulator.url(), PACE)?;
        worker::until_consuming(&mut worker).await?;
        running.push(worker);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = simulator.totals().await?.accepted;
    tokio::time::sleep(Duration::from_secs(u64::from(run.seconds))).await;
    let messages = u32::try_from(simulator.totals().await?.accepted - before)?;
    let arrivals = simulator.arrivals().await?;
    let mut row = Row::new(format!("SEND_RATE={RATE}, {workers} worker(s)"));
    row.per_second = Some(per_second(messages, Duration::from_secs(u64::from(run.seconds))));
    row.share = row.per_second.map(|rate| rate / f64::from(RATE));
    row.note = format!("most in any second: {} segments", busiest(&arrivals));
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
