//! The figures of the whole service. One worker measures them, so that several do not count them several times: it
//! holds a lock of a session of its own, and when that ends another takes over.

use std::{sync::PoisonError, time::Duration};

use shared::db::sqlstate;
use sqlx::{PgConnection, PgPool};
use tokio_util::sync::CancellationToken;

use crate::{
    health::Health,
    http::exposition::{self, ServiceText},
    store::census::{self, Figures},
};

const INTERVAL: Duration = Duration::from_secs(15);
/// The database measures for at most one part in so many of the time, however many users there are.
const SHARE: u32 = 100;

/// Measures, or waits to become the one who does, until the worker stops.
pub(crate) async fn run(pool: &PgPool, health: &Health, text: &ServiceText, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        health.database_ready().await;
        let ended = tokio::select! {
            ended = lead(pool, text) => ended,
            () = stop.cancelled() => return,
        };
        *text.lock().unwrap_or_else(PoisonError::into_inner) = None;
        if let Err(error) = ended {
            tracing::warn!(cause = sqlstate(&error), "the figures of the service cannot be measured");
        }
        // Err is not possible: nothing but the time is waited for.
        let _ = stop.run_until_cancelled(tokio::time::sleep(INTERVAL)).await;
    }
}

/// Returns at once when another worker leads, else when the lock is lost.
async fn lead(pool: &PgPool, text: &ServiceText) -> Result<(), sqlx::Error> {
    let mut connection = pool.acquire().await?;
    if !census::try_lead(&mut connection).await? {
        return Ok(());
    }
    // The lock belongs to the session: it must neither go back to the pool nor end with its age.
    let mut connection = connection.detach();
    tracing::info!("measuring the figures of the service");
    loop {
        let took = measure(&mut connection, text).await?;
        tokio::time::sleep(INTERVAL.max(took * SHARE)).await;
    }
}

async fn measure(connection: &mut PgConnection, text: &ServiceText) -> Result<Duration, sqlx::Error> {
    let (figures, took) = census::take(connection).await?;
    let rendered = exposition::rendered(|| show(&figures, took));
    *text.lock().unwrap_or_else(PoisonError::into_inner) = Some(rendered);
    Ok(took)
}

#[expect(clippy::cast_precision_loss, reason = "counts of people and seconds fit a double")]
fn show(figures: &Figures, took: Duration) {
    for (state, users) in &figures.users {
        metrics::gauge!("onboarding_users", "state" => state.as_str()).set(*users as f64);
    }
    for (lane, seconds) in &figures.overdue {
        metrics::gauge!("onboarding_oldest_pending_age_seconds", "lane" => lane.as_str()).set(*seconds);
    }
    metrics::gauge!("onboarding_unknown_outcomes", "stage" => "checking")
        .set(figures.unknown.checking as f64);
    metrics::gauge!("onboarding_unknown_outcomes", "stage" => "parked").set(figures.unknown.parked as f64);
    metrics::gauge!("onboarding_dead_letter_backlog").set(figures.dead_letters.open as f64);
    metrics::gauge!("onboarding_dead_letters_settled", "how" => "replayed")
        .set(figures.dead_letters.replayed as f64);
    metrics::gauge!("onboarding_dead_letters_settled", "how" => "dropped")
        .set(figures.dead_letters.dropped as f64);
    for (source, numbers) in &figures.suppressed {
        metrics::gauge!("onboarding_suppressed_numbers", "source" => *source).set(*numbers as f64);
    }
    metrics::gauge!("onboarding_duplicate_welcome_violations").set(figures.violations as f64);
    metrics::gauge!("onboarding_census_timestamp_seconds").set(chrono::Utc::now().timestamp() as f64);
    metrics::gauge!("onboarding_census_duration_seconds").set(took.as_secs_f64());
}
