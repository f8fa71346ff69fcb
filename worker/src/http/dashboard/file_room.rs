//! How many files of messages are passed on at the same time.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Each takes a connection to Twilio, and as much of its network as the visitor's allows.
const AT_ONCE: usize = 4;

/// The places for files.
pub(super) struct FileRoom(Arc<Semaphore>);

impl Default for FileRoom {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl FileRoom {
    /// A place, until it is dropped. None: all are taken.
    pub(super) fn take(&self) -> Option<OwnedSemaphorePermit> {
        self.0.clone().try_acquire_owned().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_four_files_and_again_once_one_has_ended() {
        let room = FileRoom::default();
        let mut taken: Vec<_> = (0..AT_ONCE).map(|_| room.take().unwrap()).collect();
        assert!(room.take().is_none());
        taken.pop();
        assert!(room.take().is_some());
    }
}
