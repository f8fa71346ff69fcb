//! The statements that every event runs, in batches.

use std::{sync::Arc, time::Duration};

use shared::{erasure::ErasureKey, lane::QueueLane};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::store::{
    batch::{Batcher, Gather},
    claim::{Claim, WhatsappTerms},
    fallback_claim::ClaimFallback,
    message_claim::ClaimMessages,
    outcome::Outcome,
    record::Record,
    reported::Meanings,
    stored_state::ReadState,
};

/// The settings of the statements.
pub(crate) struct Terms {
    /// As claims name this worker.
    pub(crate) worker_id: String,
    pub(crate) lease: Duration,
    /// 0: unlimited.
    pub(crate) messages_per_day: i32,
    pub(crate) retry_for: Duration,
    /// Of the digests of erased people.
    pub(crate) erasure: Option<ErasureKey>,
    /// None: welcomes do not go by WhatsApp.
    pub(crate) whatsapp: Option<WhatsappTerms>,
    /// Whether inbound messages are taken.
    pub(crate) inbox: bool,
    /// What the statuses of messages mean.
    pub(crate) meanings: Arc<dyn Meanings>,
}

/// The batched statements. What a call waits for has batches by lane: a live one never waits for those of the backfill.
pub(crate) struct Statements {
    state: [Batcher<ReadState>; 2],
    claim: [Batcher<Claim>; 2],
    pub(super) claim_message: Batcher<ClaimMessages>,
    pub(super) claim_fallback: ClaimFallback,
    pub(super) record: Batcher<Record>,
    pub(super) outcome: Batcher<Outcome>,
}

impl Statements {
    /// Starts the batches. `abandon` ends the repetition of failing statements.
    pub(crate) fn start(pool: &PgPool, terms: &Terms, abandon: &CancellationToken) -> Self {
        let claim = || Claim {
            pool: pool.clone(),
            worker_id: terms.worker_id.clone(),
            lease: terms.lease,
            messages_per_day: terms.messages_per_day,
            erasure: terms.erasure.clone(),
            whatsapp: terms.whatsapp,
        };
        let state =
            || ReadState { pool: pool.clone(), whatsapp: terms.whatsapp.is_some(), inbox: terms.inbox };
        let record = Record { pool: pool.clone(), erasure: terms.erasure.clone() };
        let messages = ClaimMessages {
            pool: pool.clone(),
            worker_id: terms.worker_id.clone(),
            lease: terms.lease,
            has_key: terms.erasure.is_some(),
        };
        let outcome = Outcome {
            pool: pool.clone(),
            retry_for: terms.retry_for,
            messages_per_day: terms.messages_per_day,
            meanings: terms.meanings.clone(),
        };
        Self {
            state: QueueLane::ALL
                .map(|lane| Batcher::start("known", state(), gathering(lane, 3), abandon.clone())),
            claim: QueueLane::ALL
                .map(|lane| Batcher::start("claim", claim(), gathering(lane, 1), abandon.clone())),
            claim_fallback: ClaimFallback {
                pool: pool.clone(),
                worker_id: terms.worker_id.clone(),
                lease: terms.lease,
                messages_per_day: terms.messages_per_day,
            },
            claim_message: Batcher::start("claim of messages", messages, Gather::InCrowds, abandon.clone()),
            record: Batcher::start("record", record, Gather::InCrowds, abandon.clone()),
            outcome: Batcher::start("outcome", outcome, Gather::Always(2), abandon.clone()),
        }
    }

    /// Reads the stored state of users of a lane.
    pub(super) fn state(&self, lane: QueueLane) -> &Batcher<ReadState> {
        &self.state[lane as usize]
    }

    /// Claims numbers for a lane.
    pub(super) fn claim(&self, lane: QueueLane) -> &Batcher<Claim> {
        &self.claim[lane as usize]
    }
}

/// Fewer and larger transactions of a backfill leave database and processor to those of live signups. A claim waits
/// with a permit in hand, so less than what only reads.
pub(super) fn gathering(lane: QueueLane, turns: u32) -> Gather {
    match lane {
        QueueLane::Live => Gather::InCrowds,
        QueueLane::Backfill => Gather::Always(turns),
    }
}
