//! The poison-message guard. Deliveries usually run side by side. One that came back twice runs alone in this process.
//! So a crash counts against the one message that may have caused it and never against its prefetched neighbours.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

use shared::lane::QueueLane;
use sqlx::PgPool;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio_util::sync::CancellationToken;

use super::{inbound::Inbound, outcome::Interrupted};
use crate::store::{batch::BatchError, tries};

/// A message whose processing began more often than this, each time without an end, kills its worker.
pub(super) const MAX_TRIES: i16 = 5;
/// From this count on a message runs alone. Waiting to run alone is not counted.
const SUSPECT: i16 = 2;

/// More than any prefetch; beyond it the set starts again, since some messages come back to another worker.
const MOST_NOT_COUNTED: usize = 10_000;

/// The guard of one worker.
#[derive(Default)]
pub(crate) struct Guard {
    locks: LaneLocks,
    running: Running,
    not_counted: NotCounted,
}

impl Guard {
    /// Counts a redelivered message and waits until it may run. `None`: its processing began too often.
    pub(super) async fn enter(
        &self,
        pool: &PgPool,
        inbound: &Inbound,
        stop: &CancellationToken,
    ) -> Result<Option<Admission<'_>>, Interrupted> {
        let locks = self.locks.of(inbound.lane);
        let mut entry = None;
        if inbound.arrival.redelivered {
            metrics::counter!("onboarding_redeliveries_total").increment(1);
            let key = inbound.key();
            let (running, entered) = self.running.enter(&key);
            let not_counted = self.not_counted.remove(&key) || running;
            let limit = |most: i16| if not_counted { 0 } else { most };
            if Box::pin(tries::count(pool, &key, limit(SUSPECT))).await? >= SUSPECT {
                let lock = locks.write().await;
                if stop.is_cancelled() {
                    return Err(Interrupted::Stopping);
                }
                let tries = Box::pin(tries::count(pool, &key, limit(i16::MAX))).await?;
                return Ok((tries <= MAX_TRIES).then_some(Admission::Alone { _lock: lock, _entry: entered }));
            }
            entry = Some(entered);
        }
        Ok(Some(Admission::Beside { _lock: locks.read().await, _entry: entry }))
    }

    /// Notes how a delivery ended: what the message did not cause does not count against it.
    pub(super) async fn leave(
        &self,
        pool: &PgPool,
        inbound: &Inbound,
        interrupted: Option<&Interrupted>,
    ) -> Result<(), sqlx::Error> {
        match interrupted {
            // The message caused neither, so its next delivery does not count as one after a crash.
            Some(cause) if cause.is_database() || cause.is_of_one_delivery() => {
                self.not_counted.insert(inbound.key());
            }
            // A worker that is stopping has not crashed.
            None | Some(Interrupted::Stopping | Interrupted::Batch(BatchError::Stopping))
                if inbound.arrival.redelivered =>
            {
                Box::pin(tries::forget(pool, &inbound.key())).await?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// Messages whose last try here ended because the database failed. That is not a crash, so the next try is not counted.
#[derive(Default)]
struct NotCounted(Mutex<HashSet<String>>);

impl NotCounted {
    fn insert(&self, key: String) {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= MOST_NOT_COUNTED {
            keys.clear();
        }
        keys.insert(key);
    }

    fn remove(&self, key: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key)
    }
}

/// Redelivered messages that this process handles right now. One that comes again meanwhile came because a connection
/// broke, not because of a crash.
#[derive(Default)]
struct Running(Mutex<HashMap<String, usize>>);

impl Running {
    /// Whether the message was running already.
    fn enter(&self, key: &str) -> (bool, RunningEntry<'_>) {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = keys.entry(key.to_owned()).or_default();
        *count += 1;
        (*count > 1, RunningEntry { all: self, key: key.to_owned() })
    }
}

/// One handler of a redelivered message.
pub(super) struct RunningEntry<'a> {
    all: &'a Running,
    key: String,
}

impl Drop for RunningEntry<'_> {
    fn drop(&mut self) {
        let mut keys = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = keys.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                keys.remove(&self.key);
            }
        }
    }
}

/// Deliveries that are handled beside each other share it; one under suspicion has it alone. One for each lane: live
/// signups never wait for a suspect of the backfill.
#[derive(Default)]
struct LaneLocks([RwLock<()>; 2]);

impl LaneLocks {
    fn of(&self, lane: QueueLane) -> &RwLock<()> {
        &self.0[lane as usize]
    }
}

/// The right to handle a delivery now.
pub(super) enum Admission<'a> {
    Beside { _lock: RwLockReadGuard<'a, ()>, _entry: Option<RunningEntry<'a>> },
    Alone { _lock: RwLockWriteGuard<'a, ()>, _entry: RunningEntry<'a> },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suspect_of_one_lane_does_not_hold_up_the_other() {
        let locks = LaneLocks::default();
        let _alone = locks.of(QueueLane::Backfill).try_write().unwrap();
        assert!(locks.of(QueueLane::Live).try_read().is_ok());
        assert!(locks.of(QueueLane::Backfill).try_read().is_err());
    }

    #[test]
    fn a_message_that_comes_again_while_it_runs_is_recognised() {
        let running = Running::default();
        let (before, first) = running.enter("id:1");
        let (meanwhile, second) = running.enter("id:1");
        assert!(!before && meanwhile && !running.enter("id:2").0);
        drop((first, second));
        assert!(!running.enter("id:1").0, "after its end it counts again");
    }

    #[test]
    fn a_crash_free_try_is_not_counted_once_and_the_set_stays_small() {
        let not_counted = NotCounted::default();
        not_counted.insert("id:1".into());
        assert!(not_counted.remove("id:1") && !not_counted.remove("id:1"));
        (0..=MOST_NOT_COUNTED).for_each(|n| not_counted.insert(n.to_string()));
        assert_eq!(not_counted.0.lock().unwrap().len(), 1);
    }
}
