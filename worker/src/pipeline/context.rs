//! What the pipeline works with.

use std::{sync::Arc, time::Duration};

use shared::{domain::RetryPolicy, erasure::ErasureKey};
use sqlx::PgPool;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    guard::Guard, meters::Meters, outcome_log::OutcomeLog, routes::Routes, statements::Statements,
    stop_address::StopAddresses, waits::Waits,
};
use crate::{
    channels::Channels, config::Audience, inbox::Keyring, observe::traces::Traces, registrar::Registrar,
    store::attempts::AttemptRef, throttle::Throttle, twilio::Client,
};

/// The pipeline of one worker.
pub(crate) struct Pipeline {
    pub(crate) audience: Audience,
    pub(crate) times: Times,
    pub(crate) waits: Waits,
    pub(crate) routes: Routes,
    pub(crate) statements: Statements,
    /// None: messages carry no address of their own number.
    pub(crate) stop_addresses: Option<StopAddresses>,
    /// Of the digests of erased people. None: no person was erased.
    pub(crate) erasure: Option<ErasureKey>,
    /// Of the texts that staff answer. None: such an answer waits for a worker with the key.
    pub(crate) inbox_keys: Option<Keyring>,
    /// For statements that few events run.
    pub(crate) pool: PgPool,
    pub(crate) throttle: Arc<Throttle>,
    pub(crate) twilio: Twilio,
    pub(crate) guard: Guard,
    pub(crate) log: OutcomeLog,
    pub(crate) meters: Meters,
    pub(crate) traces: Traces,
    /// Nothing new is begun.
    pub(crate) stop: CancellationToken,
}

/// How long things take, and when they are tried again.
pub(crate) struct Times {
    pub(crate) lease: Duration,
    /// The longest that a create call takes.
    pub(crate) call: Duration,
    /// When Twilio is first asked about an unknown outcome, counted from the claim.
    pub(crate) first_check: Duration,
    pub(crate) retry: RetryPolicy,
    pub(crate) retry_for: Duration,
}

impl Times {
    /// Until when a call for a claim that is asked for now may begin. The database counts the lease from a later
    /// moment, so the call ends within it.
    pub(super) fn call_before(&self) -> Instant {
        Instant::now() + self.lease.saturating_sub(self.call)
    }
}

/// What calls to Twilio are made with.
pub(crate) struct Twilio {
    pub(crate) client: Client,
    pub(crate) channels: Channels,
    pub(crate) registrar: Box<dyn Registrar>,
    /// How Twilio reaches us, without a trailing slash; none: no callbacks are asked for.
    pub(crate) callback_base: Option<String>,
}

impl Twilio {
    /// Where Twilio is to report on this attempt. The fragment asks it to repeat a callback that failed
    /// (Twilio docs, webhook connection overrides).
    pub(super) fn callback_url(&self, attempt: AttemptRef) -> Option<String> {
        let base = self.callback_base.as_ref()?;
        Some(format!("{base}/twilio/status?{}#rc=5&rp=ct,rt,5xx", attempt.to_query()))
    }
}
