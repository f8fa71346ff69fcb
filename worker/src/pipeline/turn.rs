//! When a delivery is taken up: beside others, or, once it came back twice, alone in this process, so that a
//! crash counts against the one message that may have caused it and never against its prefetched neighbours.

use tokio::sync::{RwLockReadGuard, RwLockWriteGuard};

use super::{Inbound, Interrupted};
use crate::{store::tries, worker::Worker};

/// A message taken up more often than this, each time without an end, kills its worker.
const MAX_TRIES: i16 = 5;
/// From this count on a message is taken up alone. What only waits for that is not counted any further.
const SUSPECT: i16 = 2;

/// The right to handle a delivery now.
pub(super) enum Turn<'a> {
    Beside { _turn: RwLockReadGuard<'a, ()> },
    Alone { _turn: RwLockWriteGuard<'a, ()> },
}

/// Counts a redelivered message and waits for its turn. `None`: it had enough of them.
pub(super) async fn take<'a>(worker: &'a Worker, inbound: &Inbound) -> Result<Option<Turn<'a>>, Interrupted> {
    if inbound.redelivered {
        metrics::counter!("onboarding_redeliveries_total").increment(1);
        let key = inbound.key();
        if tries::count(&worker.pool, &key, SUSPECT).await? >= SUSPECT {
            let turn = worker.turns.write().await;
            if worker.stop.is_cancelled() {
                return Err(Interrupted::Stopping);
            }
            let tries = tries::count(&worker.pool, &key, i16::MAX).await?;
            return Ok((tries <= MAX_TRIES).then_some(Turn::Alone { _turn: turn }));
        }
    }
    Ok(Some(Turn::Beside { _turn: worker.turns.read().await }))
}
