//! The lanes that operators paused, as this worker last read them.

use std::time::Duration;

use chrono::{DateTime, Utc};
use shared::{domain::Reason, lane::Lane};
use sqlx::PgPool;
use tokio::sync::watch;

use super::Rejection;
use crate::store::pauses::{self, Pause};

/// The state of one lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permission {
    /// Nothing was read yet: nothing new is begun.
    Unread,
    Granted,
    /// Paused, until that time or until lifted.
    Paused(Option<DateTime<Utc>>),
}

/// The pauses that one worker knows of.
pub(crate) struct Pauses(watch::Sender<[Permission; Lane::ALL.len()]>);

impl Pauses {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new([Permission::Unread; Lane::ALL.len()]))
    }

    pub(crate) fn watch(&self) -> watch::Receiver<[Permission; Lane::ALL.len()]> {
        self.0.subscribe()
    }

    /// Fails where a call of this lane is held back.
    pub(crate) fn check(&self, lane: Lane) -> Result<(), Rejection> {
        match self.0.borrow()[lane as usize] {
            Permission::Paused(_) => Err(paused()),
            Permission::Unread | Permission::Granted => Ok(()),
        }
    }

    /// Whether it was read that the lane is not paused.
    pub(crate) fn is_granted(&self, lane: Lane) -> bool {
        self.0.borrow()[lane as usize] == Permission::Granted
    }

    /// Waits until the lane is paused.
    pub(super) async fn until_paused(&self, lane: Lane) -> Rejection {
        let mut known = self.0.subscribe();
        if known.wait_for(|k| matches!(k[lane as usize], Permission::Paused(_))).await.is_err() {
            // This object is gone, and with it the worker.
            std::future::pending::<()>().await;
        }
        paused()
    }

    /// Reads them once.
    pub(crate) async fn look(&self, pool: &PgPool) -> Result<(), sqlx::Error> {
        let pauses = pauses::current(pool).await?;
        self.note(&pauses);
        Ok(())
    }

    fn note(&self, pauses: &[Pause]) {
        let mut now = [Permission::Granted; Lane::ALL.len()];
        for pause in pauses {
            now[pause.lane as usize] = Permission::Paused(pause.ends_at);
        }
        for lane in Lane::ALL {
            let paused = now[lane as usize] != Permission::Granted;
            metrics::gauge!("onboarding_lane_paused", "lane" => lane.as_str()).set(if paused {
                1.0
            } else {
                0.0
            });
        }
        self.0.send_if_modified(|known| std::mem::replace(known, now) != now);
    }
}

fn paused() -> Rejection {
    // At once: the sweeper leaves a paused lane alone anyway.
    Rejection::of(Reason::Paused, Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_pause_holds_back_its_lane_only() {
        let pauses = Pauses::new();
        pauses.note(&[Pause { lane: Lane::Backfill, ends_at: None }]);
        assert_eq!(pauses.check(Lane::Backfill), Err(paused()));
        assert_eq!(pauses.check(Lane::Live), Ok(()));
        assert_eq!(pauses.until_paused(Lane::Backfill).await.reason, Reason::Paused);
        pauses.note(&[]);
        assert_eq!(pauses.check(Lane::Backfill), Ok(()));
    }
}
