//! The address in a message that stops messages to its number.

use shared::{lane::QueueLane, phone::E164};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::statements::gathering;
use crate::{
    config::{StopLinkBase, StopLinks},
    store::{
        batch::{BatchError, Batcher},
        stop_links::IssueCodes,
    },
};

/// Makes the addresses. Each is stored before it is returned, so that the page knows it once a message prints it.
pub(crate) struct StopAddresses {
    base: StopLinkBase,
    issue: [Batcher<IssueCodes>; 2],
}

impl StopAddresses {
    /// Starts the batches. `abandon` ends the repetition of a failing statement.
    pub(crate) fn start(links: &StopLinks, pool: &PgPool, abandon: &CancellationToken) -> Self {
        let issue = |lane| {
            let statement = IssueCodes { pool: pool.clone(), key: links.key.clone() };
            Batcher::start("stop links", statement, gathering(lane, 3), abandon.clone())
        };
        Self { base: links.base.clone(), issue: QueueLane::ALL.map(issue) }
    }

    /// The address of a number, without its scheme. A number that has one keeps it.
    pub(super) async fn of(&self, phone: E164, lane: QueueLane) -> Result<String, BatchError> {
        Ok(self.base.address(self.issue[lane as usize].run(phone).await?))
    }
}
