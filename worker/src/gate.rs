//! What a call must pass before it is claimed: a permit, its share of the rate, and the breaker.

pub(crate) mod breaker;
mod limiter;
mod permits;

use shared::lane::Lane;
use tokio::{sync::OwnedSemaphorePermit, time::Instant};

use breaker::Admission;
pub(crate) use breaker::{Breaker, Scope, Trip};
pub(crate) use limiter::Limiter;
pub(crate) use permits::Permits;

/// The gate of one worker.
pub(crate) struct Gate {
    pub(crate) permits: Permits,
    pub(crate) limiter: Limiter,
    pub(crate) breaker: Breaker,
}

/// The right to make one call now.
pub(crate) struct Pass<'a> {
    _permits: Vec<OwnedSemaphorePermit>,
    _admission: Admission<'a>,
}

impl Gate {
    /// Waits for a permit and for `segments` of the rate. `Err`: the breaker holds such calls back.
    pub(crate) async fn enter(
        &self,
        lane: Lane,
        country: Option<&str>,
        segments: u32,
    ) -> Result<Pass<'_>, Trip> {
        self.breaker.check()?;
        let permits = self.permits.take(lane).await;
        let started = Instant::now();
        self.limiter.take(segments).await;
        metrics::histogram!("onboarding_rate_limit_wait_seconds", "lane" => lane.as_str())
            .record(started.elapsed().as_secs_f64());
        let admission = self.breaker.admit(country).await?;
        Ok(Pass { _permits: permits, _admission: admission })
    }
}
