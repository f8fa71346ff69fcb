//! Whether WhatsApp takes more people at the moment, as the last claim found out.

use std::{sync::Mutex, time::Duration};

use tokio::time::Instant;

use super::lock::lock;

/// So soon it is looked at again, however long the limit lasts: it may have been raised.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// The room for more people on WhatsApp.
#[derive(Default)]
pub(crate) struct Room {
    full_until: Mutex<Option<Instant>>,
}

impl Room {
    /// A claim found no room; there may be some after `wait`.
    pub(crate) fn is_full(&self, wait: Duration) {
        let first = lock(&self.full_until).replace(Instant::now() + wait.min(LOOK_AGAIN)).is_none();
        metrics::gauge!("onboarding_whatsapp_full").set(1.0);
        if first {
            tracing::warn!(?wait, "WhatsApp takes no more people for now, they wait");
        }
    }

    /// How long there is no room as far as is known. None: the next claim finds out.
    pub(crate) fn full_for(&self) -> Option<Duration> {
        let mut full_until = lock(&self.full_until);
        let left = (*full_until)?.checked_duration_since(Instant::now()).filter(|left| !left.is_zero());
        if left.is_none() {
            *full_until = None;
            metrics::gauge!("onboarding_whatsapp_full").set(0.0);
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_is_full_until_the_next_look_at_the_latest() {
        let room = Room::default();
        assert_eq!(room.full_for(), None);
        room.is_full(Duration::from_secs(30));
        assert_eq!(room.full_for(), Some(Duration::from_secs(30)));
        room.is_full(Duration::from_secs(24 * 3600));
        assert_eq!(room.full_for(), Some(LOOK_AGAIN));
        tokio::time::advance(LOOK_AGAIN).await;
        assert_eq!(room.full_for(), None);
    }
}
