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
const MOST_SPARED: usize = 10_000;

/// The guard of one worker.
#[derive(Default)]
pub(crate) struct Guard {
    turns: Turns,
    in_hand: InHand,
    spared: Spared,
}

impl Guard {
    /// Counts a redelivered message and waits until it may run. `None`: its processing began too often.
    pub(super) async fn enter(
        &self,
        pool: &PgPool,
        inbound: &Inbound,
        stop: &CancellationToken,
    ) -> Result<Option<Turn<'_>>, Interrupted> {
        let turns = self.turns.of(inbound.lane);
        let mut held = None;
        if inbound.arrival.redelivered {
            metrics::counter!("onboarding_redeliveries_total").increment(1);
            let key = inbound.key();
            let (in_hand, holding) = self.in_hand.enter(&key);
            let spared = self.spared.remove(&key) || in_hand;
            let limit = |most: i16| if spared { 0 } else { most };
            if Box::pin(tries::count(pool, &key, limit(SUSPECT))).await? >= SUSPECT {
                let turn = turns.write().await;
                if stop.is_cancelled() {
                    return Err(Interrupted::Stopping);
                }
                let tries = Box::pin(tries::count(pool, &key, limit(i16::MAX))).await?;
                return Ok((tries <= MAX_TRIES).then_some(Turn::Alone { _turn: turn, _held: holding }));
            }
            held = Some(holding);
        }
        Ok(Some(Turn::Beside { _turn: turns.read().await, _held: held }))
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
                self.spared.insert(inbound.key());
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
struct Spared(Mutex<HashSet<String>>);

impl Spared {
    fn insert(&self, key: String) {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= MOST_SPARED {
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
struct InHand(Mutex<HashMap<String, usize>>);

impl InHand {
    /// Whether the message was in hand already.
    fn enter(&self, key: &str) -> (bool, Held<'_>) {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = keys.entry(key.to_owned()).or_default();
        *count += 1;
        (*count > 1, Held { all: self, key: key.to_owned() })
    }
}

/// One handler of a redelivered message.
pub(super) struct Held<'a> {
    all: &'a InHand,
    key: String,
}

impl Drop for Held<'_> {
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
struct Turns([RwLock<()>; 2]);

impl Turns {
    fn of(&self, lane: QueueLane) -> &RwLock<()> {
        &self.0[lane as usize]
    }
}

/// The right to handle a delivery now.
pub(super) enum Turn<'a> {
    Beside { _turn: RwLockReadGuard<'a, ()>, _held: Option<Held<'a>> },
    Alone { _turn: RwLockWriteGuard<'a, ()>, _held: Held<'a> },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suspect_of_one_lane_does_not_hold_up_the_other() {
        let turns = Turns::default();
        let _alone = turns.of(QueueLane::Backfill).try_write().unwrap();
        assert!(turns.of(QueueLane::Live).try_read().is_ok());
        assert!(turns.of(QueueLane::Backfill).try_read().is_err());
    }

    #[test]
    fn a_message_that_comes_again_while_it_is_in_hand_is_told_apart() {
        let in_hand = InHand::default();
        let (before, first) = in_hand.enter("id:1");
        let (meanwhile, second) = in_hand.enter("id:1");
        assert!(!before && meanwhile && !in_hand.enter("id:2").0);
        drop((first, second));
        assert!(!in_hand.enter("id:1").0, "after its end it counts again");
    }

    #[test]
    fn a_spared_message_is_spared_once_and_the_set_stays_small() {
        let spared = Spared::default();
        spared.insert("id:1".into());
        assert!(spared.remove("id:1") && !spared.remove("id:1"));
        (0..=MOST_SPARED).for_each(|n| spared.insert(n.to_string()));
        assert_eq!(spared.0.lock().unwrap().len(), 1);
    }
}
