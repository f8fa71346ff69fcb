//! Follows the calendar that tests move. Where messages would reach people, a moved calendar ends the worker.

use std::{sync::Arc, time::Duration};

use sqlx::PgPool;

use super::driver::{Failed, Next, Task};
use crate::{calendar::Calendar, health::Health, store::calendar, throttle::Throttle};

/// A test waits for it.
const INTERVAL: Duration = Duration::from_millis(500);
const INTERVAL_OF_A_GUARD: Duration = Duration::from_secs(60);

pub(crate) struct FollowCalendar {
    pub(crate) pool: PgPool,
    pub(crate) health: Arc<Health>,
    pub(crate) calendar: Calendar,
    pub(crate) throttle: Arc<Throttle>,
    /// Twilio is a simulator on this machine.
    pub(crate) simulated: bool,
}

impl Task for FollowCalendar {
    const NAME: &'static str = "follow_calendar";

    fn interval(&self) -> Duration {
        if self.simulated { INTERVAL } else { INTERVAL_OF_A_GUARD }
    }

    async fn step(&mut self) -> Result<Next, Failed> {
        let ahead = calendar::ahead(&self.pool).await?;
        if self.simulated {
            if self.calendar.set_ahead(ahead) {
                self.throttle.breaker.uncap();
            }
        } else if !ahead.is_zero() {
            self.health.fatal("the calendar was moved for a test: run `worker clock reset`".to_owned());
        }
        Ok(Next::AfterInterval)
    }
}
