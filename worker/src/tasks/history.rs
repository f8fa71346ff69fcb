//! Keeps the figures that the dashboard draws. Among the workers that have one, whoever is first writes.

use std::time::Duration;

use shared::{db::sqlstate, lane::Lane};
use sqlx::PgPool;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{health::Health, store::history};

const INTERVAL: Duration = Duration::from_secs(10);
/// What one round may spend on hours; the rest waits for the next round.
const BUDGET: Duration = Duration::from_secs(2);

/// Writes until the worker stops.
pub(crate) async fn run(pool: PgPool, health: &Health, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        health.database_ready().await;
        if let Err(error) = write(&pool, health).await {
            tracing::warn!(error = sqlstate(&error), "figures of the dashboard were not written");
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = stop.cancelled() => {}
        }
    }
}

async fn write(pool: &PgPool, health: &Health) -> Result<(), sqlx::Error> {
    let mut tx = pool.begin().await?;
    if !history::lead(&mut tx).await? {
        return Ok(());
    }
    let depth = |lane| health.known_depth(lane);
    history::write_minutes(&mut tx, depth(Lane::Live), depth(Lane::Backfill)).await?;
    let started = Instant::now();
    for hour in history::due_hours(&mut tx).await? {
        history::write_hour(&mut tx, hour).await?;
        if started.elapsed() > BUDGET {
            break;
        }
    }
    history::prune(&mut tx).await?;
    tx.commit().await
}
