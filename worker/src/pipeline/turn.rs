//! When a delivery is taken up: beside others, or, once it came back twice, alone in this process, so that a
//! crash counts against the one message that may have caused it and never against its prefetched neighbours.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use tokio::sync::{RwLockReadGuard, RwLockWriteGuard};

use super::{Inbound, Interrupted};
use crate::{store::tries, worker::Worker};

/// A message taken up more often than this, each time without an end, kills its worker.
const MAX_TRIES: i16 = 5;
/// From this count on a message is taken up alone. What only waits for that is not counted any further.
const SUSPECT: i16 = 2;

/// More than any prefetch; beyond it the set starts anew, since some messages come back to another worker.
const MOST_SPARED: usize = 10_000;

/// Messages whose last take-up here ended because the database failed: no crash, so the next one is not counted.
#[derive(Default)]
pub(crate) struct Spared(Mutex<HashSet<String>>);

impl Spared {
    pub(super) fn insert(&self, key: String) {
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

/// The right to handle a delivery now.
pub(super) enum Turn<'a> {
    Beside { _turn: RwLockReadGuard<'a, ()> },
    Alone { _turn: RwLockWriteGuard<'a, ()> },
}

/// Counts a redelivered message and waits for its turn. `None`: it had enough of them.
pub(super) async fn take<'a>(worker: &'a Worker, inbound: &Inbound) -> Result<Option<Turn<'a>>, Interrupted> {
    if inbound.arrival.redelivered {
        metrics::counter!("onboarding_redeliveries_total").increment(1);
        let key = inbound.key();
        let spared = worker.spared.remove(&key);
        let limit = |most: i16| if spared { 0 } else { most };
        if Box::pin(tries::count(&worker.pool, &key, limit(SUSPECT))).await? >= SUSPECT {
            let turn = worker.turns.write().await;
            if worker.stop.is_cancelled() {
                return Err(Interrupted::Stopping);
            }
            let tries = Box::pin(tries::count(&worker.pool, &key, limit(i16::MAX))).await?;
            return Ok((tries <= MAX_TRIES).then_some(Turn::Alone { _turn: turn }));
        }
    }
    Ok(Some(Turn::Beside { _turn: worker.turns.read().await }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spared_message_is_spared_once_and_the_set_stays_small() {
        let spared = Spared::default();
        spared.insert("id:1".into());
        assert!(spared.remove("id:1") && !spared.remove("id:1"));
        (0..=MOST_SPARED).for_each(|n| spared.insert(n.to_string()));
        assert_eq!(spared.0.lock().unwrap().len(), 1);
    }
}
