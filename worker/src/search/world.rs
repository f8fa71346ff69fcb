//! The world of a sequence: two workers, the queues, the deliveries in hand, and the expected state.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use chrono::{DateTime, SubsecRound, Utc};
use shared::{amqp::Outgoing, config::Env, domain::UserId, lane::QueueLane};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::{
    database::{self, Database, Tables},
    delivery::Delivery,
    hands::Hand,
    twilio::{ACCOUNT, SERVICE, Twilio},
};
use crate::{
    app::{Parts, Pools},
    config::Config,
    tasks::driver::Task as _,
};

/// A description of the fault. `Ok`: no fault.
pub(super) type Found = Result<(), String>;

pub(super) const PUBLIC_URL: &str = "https://hooks.example.org";
pub(super) const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// All there is.
pub(super) struct World {
    pub(super) pool: PgPool,
    pub(super) twilio: Twilio,
    pub(super) config: Config,
    pub(super) workers: Vec<Arc<Parts>>,
    pub(super) queue: Vec<Delivery>,
    pub(super) hands: Vec<Hand>,
    /// Users whose event is a dead letter, or may have been acked before a backfill marked them: the sweeper alone, or a
    /// person, brings them back.
    pub(super) overlooked: HashSet<String>,
    /// Users whose events a backfill has published and not marked, and when their rows were written.
    pub(super) marks: Vec<(&'static str, DateTime<Utc>)>,
    /// Before all data. Their times are whole seconds of the past, as AMQP counts.
    beginning: DateTime<Utc>,
    ticks: i64,
    /// Every number that a user ever had, by the time of the data.
    pub(super) data: HashMap<String, BTreeMap<DateTime<Utc>, String>>,
    /// The newest data of a user that were acked or imported.
    pub(super) settled: HashMap<String, DateTime<Utc>>,
    /// Users whose event was acked and that no import stored again since.
    pub(super) evident: HashSet<String>,
    /// Further messages to a number that an operator or the policy allowed.
    pub(super) allowed: HashMap<String, usize>,
    /// Of them, by the policy.
    pub(super) by_policy: HashMap<String, usize>,
    pub(super) tables: Tables,
}

fn config(url: &str, base: &str, policy: &str) -> Config {
    let settings = [
        ("DATABASE_URL", url),
        ("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672"),
        ("TWILIO_ACCOUNT_SID", ACCOUNT),
        ("TWILIO_AUTH_TOKEN", TOKEN),
        ("TWILIO_MESSAGING_SERVICE_SID", SERVICE),
        ("TWILIO_API_BASE_URL", base),
        ("PUBLIC_URL", PUBLIC_URL),
        ("REGISTRATION_METHOD", "none"),
        ("SEND_RATE", "0"),
        ("WORKER_CONCURRENCY", "2"),
        ("BACKFILL_WINDOW", ""),
        ("QUIET_HOURS", "off"),
        ("UNKNOWN_CHECKS", "1m,10m"),
        ("UNKNOWN_POLICY", policy),
        ("BREAKER_PROBE", "1ms..1ms"),
    ];
    Config::read(Env::of(settings)).unwrap()
}

impl World {
    /// A world in which nothing has happened. In some the policy is to send once more, in some Twilio's list lags.
    pub(super) async fn new(database: &Database, (twilio, base): &(Twilio, String), seed: u64) -> Self {
        database.empty().await;
        let (policy, lags) = (if seed.is_multiple_of(2) { "resend_once" } else { "park" }, seed % 4 < 2);
        twilio.ledger().empty(lags);
        let mut world = Self {
            pool: database.pool.clone(),
            twilio: twilio.clone(),
            config: config(database.url(), base, policy),
            workers: Vec::new(),
            queue: Vec::new(),
            hands: Vec::new(),
            overlooked: HashSet::new(),
            marks: Vec::new(),
            beginning: (Utc::now() - chrono::Duration::days(1)).trunc_subsecs(0),
            ticks: 0,
            data: HashMap::new(),
            settled: HashMap::new(),
            evident: HashSet::new(),
            allowed: HashMap::new(),
            by_policy: HashMap::new(),
            tables: database::read(&database.pool).await,
        };
        for n in 0..2 {
            world.begin(n).await;
        }
        world
    }

    /// A worker begins, in the place of one that has ended.
    pub(super) async fn begin(&mut self, n: usize) {
        let (stop, abandon) = (CancellationToken::new(), CancellationToken::new());
        let worker = Arc::new(Parts::new(&self.config, Pools::of(&self.pool), stop, &abandon).unwrap());
        worker.throttle.pauses.look(&self.pool).await.unwrap();
        probe(&worker).await;
        match self.workers.get_mut(n) {
            Some(place) => *place = worker,
            None => self.workers.push(worker),
        }
    }

    /// The time of new data of a user: after all others, or before some of them.
    pub(super) fn tell(&mut self, user: &str, raw: &str, older: bool) -> DateTime<Utc> {
        self.ticks += 1;
        let back = if older { 31 + self.ticks % 9 } else { 0 };
        let at = self.beginning + chrono::Duration::seconds(10 * self.ticks - back);
        self.data.entry(user.to_owned()).or_default().insert(at, raw.to_owned());
        at
    }

    /// Notes data that must not be forgotten.
    pub(super) fn settle(&mut self, user: &str, at: DateTime<Utc>) {
        let newest = self.settled.entry(user.to_owned()).or_insert(at);
        *newest = at.max(*newest);
    }

    /// Publishes an event that names a stored user.
    pub(super) fn enqueue(&mut self, user: &str, lane: QueueLane) {
        self.queue.push(Delivery::of(&Outgoing::stored(&UserId::parse(user).unwrap(), lane, None)));
    }

    /// Whether an event of this user is in a queue or in hand, or will be.
    pub(super) fn on_its_way(&self, user: &str) -> bool {
        let mut all = self.queue.iter().chain(self.hands.iter().map(|h| &h.delivery));
        self.overlooked.contains(user) || all.any(|d| d.event().0 == user)
    }
}

/// The position of the `nth` from the end.
pub(super) fn newest(length: usize, nth: usize) -> Option<usize> {
    length.checked_sub(1).map(|last| last - nth % length)
}

/// What follows the fleet's breaker, and its probe, do in turn.
pub(super) async fn probe(worker: &Parts) {
    let (breaker, pool) = (&worker.throttle.breaker, &worker.pools.tasks);
    breaker.exchange(pool).await.unwrap();
    worker.probe().step().await.unwrap();
    breaker.exchange(pool).await.unwrap();
}
