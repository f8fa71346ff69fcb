//! Randomness that can be repeated.

use rand::{SeedableRng as _, rngs::StdRng};

/// A generator seeded from `FAULTS_SEED`, else from the clock; the seed is printed under `scenario`.
pub fn seed(scenario: &str) -> StdRng {
    let given = std::env::var("FAULTS_SEED").ok().and_then(|text| text.parse().ok());
    let seed = given.unwrap_or_else(rand::random::<u64>);
    println!("{scenario}: FAULTS_SEED={seed}");
    StdRng::seed_from_u64(seed)
}
