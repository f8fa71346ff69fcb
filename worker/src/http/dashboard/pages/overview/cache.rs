//! What the page keeps for some seconds, however many look at it.

use std::{sync::Arc, time::Duration};

use super::drawing::History;
use crate::{
    http::dashboard::cached::Cached,
    store::{counts::Summary, inbox_pages::Waiting, pauses::Pause},
};

/// The data read most recently, shared by all visitors.
pub(crate) struct Cache {
    pub(super) summary: Cached<Summary>,
    pub(super) inbox: Cached<Waiting>,
    pub(super) pauses: Cached<Vec<Pause>>,
    pub(super) histories: [Cached<Arc<History>>; 3],
}

impl Default for Cache {
    fn default() -> Self {
        let history = || Cached::new(Duration::from_secs(5));
        Self {
            summary: Cached::new(Duration::from_secs(2)),
            inbox: Cached::new(Duration::from_secs(2)),
            pauses: Cached::new(Duration::from_secs(2)),
            histories: [history(), history(), history()],
        }
    }
}

impl Cache {
    /// Drops the kept data after a change, so that the operator sees it at once.
    pub(crate) async fn forget(&self) {
        self.summary.forget().await;
        self.inbox.forget().await;
        self.pauses.forget().await;
    }
}
