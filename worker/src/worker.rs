//! The parts of a running worker, wired together.

use std::{sync::Arc, time::Duration};

use shared::{amqp::Topology, lane::Lane, phone::E164};
use sqlx::PgPool;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    config::Config,
    observe::{
        metric_handles::Handles,
        phone_hash::{PhoneRef, PhoneRefs},
        traces::Traces,
    },
    pipeline::{InHand, Meters, Spared, Turns},
    registrar::{Registrar, registrar},
    store::{
        attempts::AttemptRef,
        batch::{Batcher, Gather},
        claim::Claim,
        known::ReadKnown,
        outcome::Outcome,
        record::Record,
        send_rate::SendRate,
    },
    throttle::{Breaker, Gate, Limiter, Pauses, Permits},
    twilio::{Client, Sender},
    unfinished::Hands,
};

/// How long Twilio may keep a message queued: a welcome must not arrive at night.
pub(crate) const VALIDITY_SECONDS: u32 = 14_400;

/// Fewer and larger transactions of a backfill leave database and processor to those of live signups. A claim waits
/// with a permit in hand, so less than what only reads.
fn gathering(lane: Lane, turns: u32) -> Gather {
    match lane {
        Lane::Live => Gather::InCrowds,
        Lane::Backfill => Gather::Always(turns),
    }
}

/// What every stage of the pipeline shares.
pub(crate) struct Worker {
    pub(crate) config: Config,
    pub(crate) pool: PgPool,
    /// Of the batched statements alone: nothing else makes them wait for a connection.
    pub(crate) batches: PgPool,
    /// Of status callbacks alone, which find their attempts by an index as batches do.
    pub(crate) callbacks: PgPool,
    pub(crate) client: Client,
    pub(crate) sender: Sender,
    pub(crate) registrar: Box<dyn Registrar>,
    pub(crate) gate: Gate,
    pub(crate) traces: Traces,
    /// Queue names by lane, as log lines have them.
    queues: [String; 2],
    phone_refs: Option<PhoneRefs>,
    pub(crate) meters: Meters,
    /// What a call waits for, by lane: a live one never waits for a batch of the backfill.
    known: [Batcher<ReadKnown>; 2],
    claim: [Batcher<Claim>; 2],
    pub(crate) record: Batcher<Record>,
    pub(crate) outcome: Batcher<Outcome>,
    /// When a delivery is taken up.
    pub(crate) turns: Turns,
    /// Redelivered messages that are handled right now.
    pub(crate) in_hand: InHand,
    /// Take-ups that ended because the database failed.
    pub(crate) spared: Spared,
    /// The deliveries in hand.
    pub(crate) hands: Arc<Hands>,
    /// As claims and positions name this worker.
    pub(crate) id: String,
    /// Nothing new is begun.
    pub(crate) stop: CancellationToken,
    callback_base: Option<String>,
}

impl Worker {
    /// Wires a worker. `stop` ends new work; `abandon` ends the repetition of failing statements.
    pub(crate) fn new(
        config: Config,
        [pool, batches, callbacks]: [PgPool; 3],
        stop: CancellationToken,
        abandon: &CancellationToken,
    ) -> anyhow::Result<Self> {
        let client = Client::new(config.twilio.client()?)?;
        let timing = &config.timing;
        let topology = Topology::new(config.broker.namespace.clone());
        let per_day = config.pace.messages_per_day;
        let probe_takes = config.twilio.timeout + config.twilio.lookup_timeout;
        let worker_id = Uuid::now_v7().to_string();
        let lease = timing.lease;
        let claim = || Claim {
            pool: batches.clone(),
            worker_id: worker_id.clone(),
            lease,
            messages_per_day: per_day,
        };
        let outcome =
            Outcome { pool: batches.clone(), retry_for: timing.retry_for, messages_per_day: per_day };
        Ok(Self {
            sender: config.twilio.sender()?.clone(),
            registrar: registrar(config.method, client.clone(), config.twilio.lookup_timeout),
            gate: Gate {
                permits: Permits::new(config.pace.concurrency),
                limiter: Limiter::start(
                    config.pace.segments_per_second,
                    SendRate(pool.clone()),
                    abandon.clone(),
                ),
                breaker: Breaker::new(timing.probe, probe_takes, config.pace.concurrency),
                pauses: Pauses::new(),
                waits: Handles::new(),
            },
            queues: Lane::ALL.map(|lane| topology.queue(lane)),
            phone_refs: config.twilio.webhook_tokens.first().and_then(PhoneRefs::new),
            meters: Meters::new(),
            traces: Traces::start(config.otlp_endpoint.as_ref())?,
            known: Lane::ALL.map(|lane| {
                Batcher::start("known", ReadKnown(batches.clone()), gathering(lane, 3), abandon.clone())
            }),
            claim: Lane::ALL
                .map(|lane| Batcher::start("claim", claim(), gathering(lane, 1), abandon.clone())),
            record: Batcher::start("record", Record(batches.clone()), Gather::InCrowds, abandon.clone()),
            outcome: Batcher::start("outcome", outcome, Gather::Always(2), abandon.clone()),
            callback_base: config
                .twilio
                .public_url
                .as_ref()
                .map(|u| u.as_str().trim_end_matches('/').to_owned()),
            turns: Turns::default(),
            in_hand: InHand::default(),
            spared: Spared::default(),
            hands: Arc::default(),
            id: worker_id,
            config,
            pool,
            batches,
            callbacks,
            client,
            stop,
        })
    }

    /// Where Twilio is to report on this attempt. The fragment asks it to repeat a callback that failed
    /// (Twilio docs, webhook connection overrides).
    pub(crate) fn callback_url(&self, attempt: AttemptRef) -> Option<String> {
        let base = self.callback_base.as_ref()?;
        Some(format!("{base}/twilio/status?{}#rc=5&rp=ct,rt,5xx", attempt.to_query()))
    }

    /// Reads what is known of users of a lane.
    pub(crate) fn known(&self, lane: Lane) -> &Batcher<ReadKnown> {
        &self.known[lane as usize]
    }

    /// Claims numbers for a lane.
    pub(crate) fn claim(&self, lane: Lane) -> &Batcher<Claim> {
        &self.claim[lane as usize]
    }

    /// The queue of a lane.
    pub(crate) fn queue(&self, lane: Lane) -> &str {
        let [live, backfill] = &self.queues;
        match lane {
            Lane::Live => live,
            Lane::Backfill => backfill,
        }
    }

    /// The word for a number in log lines.
    pub(crate) fn phone_ref(&self, phone: &E164) -> Option<PhoneRef> {
        self.phone_refs.as_ref().map(|refs| refs.of(phone))
    }

    /// Until when a call for a claim that is asked for now may begin. The database counts the lease from a later
    /// moment, so the call ends within it.
    pub(crate) fn call_before(&self) -> Instant {
        Instant::now() + self.config.timing.lease.saturating_sub(self.config.twilio.timeout)
    }

    /// When Twilio is first asked about an unknown outcome, counted from the claim.
    pub(crate) fn first_check(&self) -> Duration {
        self.config.timing.first_check()
    }
}
