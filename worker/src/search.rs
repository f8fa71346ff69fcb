//! A random search for faults. Two workers process random sequences of events, with the real functions and statements
//! against a real Postgres. After each step the tables are checked against the guarantees.
//!
//! `SEARCH_SEQUENCES` says how many sequences, `SEARCH_SEED` where to begin: a sequence that failed alone is run by its
//! own seed and `SEARCH_SEQUENCES=1`.

mod acts;
mod check;
mod database;
mod delivery;
mod hands;
mod steps;
mod twilio;
mod world;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use rand::{SeedableRng, rngs::StdRng};
use tokio::task::JoinSet;

use database::Database;
use steps::Step;
use twilio::Twilio;
use world::{Found, World};

const SEQUENCES: u64 = 200;
/// Sequences done at a time: most of their time they wait for Postgres.
const LANES: usize = 4;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// A place in which one sequence runs after the other.
struct Lane {
    database: Database,
    twilio: (Twilio, String),
}

impl Lane {
    async fn create() -> Self {
        Self { database: Database::create().await, twilio: Twilio::start().await }
    }

    /// Does the steps, and lets everything come to an end.
    async fn run(&self, steps: &[Step], seed: u64) -> Found {
        let mut world = World::new(&self.database, &self.twilio, seed).await;
        for (n, step) in steps.iter().enumerate() {
            world.step(*step).await.map_err(|what| format!("{what} (after step {})", n + 1))?;
        }
        world.rest().await.map_err(|what| format!("{what} (after the last step)"))
    }

    /// Takes out of a sequence that fails whatever it fails without.
    async fn shrink(&self, mut steps: Vec<Step>, seed: u64, mut what: String) -> (Vec<Step>, String) {
        let mut size = steps.len() / 2;
        while size > 0 {
            let mut at = 0;
            while at < steps.len() {
                let mut fewer = steps.clone();
                fewer.drain(at..(at + size).min(steps.len()));
                match self.run(&fewer, seed).await {
                    Ok(()) => at += size,
                    Err(still) => (steps, what) = (fewer, still),
                }
            }
            size /= 2;
        }
        (steps, what)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_sequence_of_events_faults_and_decisions_breaks_a_promise() {
    let full = std::env::var("FAULTS").is_ok_and(|size| size == "full");
    let sequences = setting("SEARCH_SEQUENCES").unwrap_or(if full { 10 * SEQUENCES } else { SEQUENCES });
    let first = setting("SEARCH_SEED").unwrap_or(0);
    let next = Arc::new(AtomicU64::new(0));
    let mut lanes = JoinSet::new();
    for _ in 0..LANES {
        let next = next.clone();
        lanes.spawn(async move {
            let lane = Lane::create().await;
            let mut fault = None;
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= sequences || fault.is_some() {
                    break;
                }
                let seed = first + n;
                let steps = steps::sequence(&mut StdRng::seed_from_u64(seed));
                if let Err(what) = lane.run(&steps, seed).await {
                    // The others need not go on.
                    next.store(sequences, Ordering::Relaxed);
                    let (steps, what) = lane.shrink(steps, seed, what).await;
                    fault = Some((n, seed, what, steps));
                }
            }
            lane.database.drop().await;
            fault
        });
    }
    let faults = lanes.join_all().await;
    if let Some((n, seed, what, steps)) = faults.into_iter().flatten().min_by_key(|(n, ..)| *n) {
        let lines: Vec<String> = steps.iter().map(|step| format!("\n    {step:?}")).collect();
        panic!("SEARCH_SEED={seed} (sequence {} of {sequences}): {what}{}", n + 1, lines.concat());
    }
}
