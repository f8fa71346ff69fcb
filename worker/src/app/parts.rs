//! The parts of a worker that send messages and find out what became of them, for `worker run` and `worker register`.

use std::{sync::Arc, time::Duration};

use axum::Router;
use shared::{
    amqp::Topology,
    db::MIGRATIONS,
    domain::{Channel, PeopleLimit},
    lane::QueueLane,
};
use sqlx::PgPool;
use tokio::task::JoinSet;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use crate::{
    calendar::Calendar,
    channels::{Channels, Sms, Whatsapp},
    config::Config,
    health::Health,
    hours::Hours,
    http::{
        inbound,
        status_callbacks::{self, Receiver},
        stop_page::{self, StopPage},
    },
    observe::{log_refs::LogRefs, metric_handles::Handles, traces::Traces},
    pipeline::{
        Guard, Meters, OutcomeLog, People, Pipeline, Routes, Statements, StopAddresses, Terms, Times, Twilio,
        Waits,
    },
    reconcile::{delivery::DeliveryReports, meanings::FallbackRule},
    registrar::registrar,
    store::{
        claim::WhatsappTerms,
        reported::Meanings,
        send_rate::{Line, SendRate},
    },
    tasks::{
        dispatcher::Dispatcher, driver::Driver, eraser::Eraser, fallbacks::Fallbacks,
        follow_calendar::FollowCalendar, follow_templates::FollowTemplates, partitions::Partitions,
        poller::Poller, probe::Probe, reconciler::Reconciler, redactor::Redactor, retention::Retention,
        sealer::Sealer, template_sync::TemplateSync, whatsapp_limit::WhatsappLimit,
    },
    templates::Registry,
    throttle::{Breaker, Pauses, Permits, Rate, Refusals, Room, Throttle},
    twilio::Client,
};

/// Connections to Postgres, by their purpose.
#[derive(Clone)]
pub(crate) struct Pools {
    /// Of tasks, the dashboard, and statements that few events run.
    pub(crate) tasks: PgPool,
    /// Of the batched statements alone: nothing else makes them wait for a connection.
    pub(crate) batches: PgPool,
    /// Of status callbacks alone, which find their attempts by an index as batches do.
    pub(crate) callbacks: PgPool,
}

impl Pools {
    /// One pool for everything.
    pub(crate) fn of(pool: &PgPool) -> Self {
        Self { tasks: pool.clone(), batches: pool.clone(), callbacks: pool.clone() }
    }

    pub(super) fn all(&self) -> [PgPool; 3] {
        [self.tasks.clone(), self.batches.clone(), self.callbacks.clone()]
    }
}

/// The parts of one worker.
pub(crate) struct Parts {
    pub(crate) pools: Pools,
    pub(crate) client: Client,
    pub(crate) channels: Channels,
    pub(crate) throttle: Arc<Throttle>,
    pub(crate) pipeline: Arc<Pipeline>,
    pub(crate) reports: Arc<DeliveryReports>,
    /// What the statuses of messages mean.
    pub(crate) meanings: Arc<dyn Meanings>,
    pub(crate) traces: Traces,
    pub(crate) hours: Hours,
    /// The templates of WhatsApp.
    pub(crate) templates: Arc<Registry>,
    /// As claims and positions name this worker.
    pub(crate) worker_id: String,
}

impl Parts {
    /// Wires the parts. `stop` ends new work; `abandon` ends the repetition of failing statements.
    pub(crate) fn new(
        config: &Config,
        pools: Pools,
        stop: CancellationToken,
        abandon: &CancellationToken,
    ) -> anyhow::Result<Self> {
        let client = Client::new(config.twilio.client()?)?;
        let whatsapp = config.whatsapp.sender.clone().map(Whatsapp::new);
        let channels = Channels::new(Sms::new(config.twilio.sender()?.clone()), whatsapp);
        let templates = Arc::new(Registry::new(pools.tasks.clone()));
        let throttle = Arc::new(throttle(config, &pools.tasks, abandon));
        let traces = Traces::start(config.otlp_endpoint.as_ref())?;
        let worker_id = Uuid::now_v7().to_string();
        let timing = &config.timing;
        let meanings: Arc<dyn Meanings> = Arc::new(FallbackRule::of(&config.whatsapp));
        let terms = Terms {
            worker_id: worker_id.clone(),
            lease: timing.lease,
            messages_per_day: config.pace.messages_per_day,
            retry_for: timing.retry_for,
            erasure: config.erasure.clone(),
            whatsapp: config
                .whatsapp
                .for_welcomes()
                .then_some(WhatsappTerms { people: config.whatsapp.people }),
            inbox: config.inbox.is_some(),
            meanings: meanings.clone(),
        };
        let topology = Topology::new(config.broker.namespace.clone());
        let public_url = config.twilio.public_url.as_ref();
        let calendar = Calendar::default();
        let pipeline = Pipeline {
            waits: Waits { rules: config.waits, calendar: calendar.clone() },
            audience: config.audience.clone(),
            times: Times {
                lease: timing.lease,
                call: config.twilio.timeout,
                first_check: timing.first_check(),
                retry: timing.retry,
                retry_for: timing.retry_for,
            },
            routes: Routes {
                plan: config.whatsapp.channels.clone(),
                registry: templates.clone(),
                wait_within: config.whatsapp.fallback_within,
                help_line: config.help_line.clone(),
            },
            statements: Statements::start(&pools.batches, &terms, abandon),
            stop_addresses: config
                .stop_links
                .as_ref()
                .map(|links| StopAddresses::start(links, &pools.batches, abandon)),
            erasure: config.erasure.clone(),
            inbox_keys: config.inbox.as_ref().map(|inbox| inbox.keys.clone()),
            pool: pools.tasks.clone(),
            throttle: throttle.clone(),
            twilio: Twilio {
                client: client.clone(),
                channels: channels.clone(),
                registrar: registrar(config.method, client.clone(), config.twilio.lookup_timeout),
                callback_base: public_url.map(|url| url.as_str().trim_end_matches('/').to_owned()),
            },
            guard: Guard::default(),
            log: OutcomeLog {
                queues: QueueLane::ALL.map(|lane| topology.queue(lane)),
                refs: config.twilio.webhook_tokens.first().and_then(LogRefs::new),
            },
            meters: Meters::new(),
            traces: traces.clone(),
            stop,
        };
        let reports = DeliveryReports {
            pool: pools.tasks.clone(),
            callbacks: pools.callbacks.clone(),
            client: client.clone(),
            channels: channels.clone(),
            throttle: throttle.clone(),
            templates: templates.clone(),
            meanings: meanings.clone(),
            people: config.whatsapp.people,
        };
        Ok(Self {
            pools,
            client,
            channels,
            throttle,
            pipeline: Arc::new(pipeline),
            reports: Arc::new(reports),
            meanings,
            traces,
            hours: Hours { window: config.backfill_window, calendar },
            templates,
            worker_id,
        })
    }

    /// What takes Twilio's callbacks; none without `PUBLIC_URL`.
    pub(crate) fn receiver(&self, config: &Config) -> anyhow::Result<Option<Receiver>> {
        Receiver::new(&config.twilio, self.reports.clone(), self.traces.clone())
    }

    /// What Twilio and the holders of links call; none without `PUBLIC_URL` and `STOP_LINK_BASE`.
    pub(super) fn webhooks(&self, config: &Config) -> anyhow::Result<Option<Router>> {
        let callbacks = self.receiver(config)?.map(status_callbacks::routes);
        let inbound = self.inbound(config)?.map(inbound::routes);
        let pages = self.stop_page(config).map(stop_page::routes);
        Ok(callbacks.into_iter().chain(inbound).chain(pages).reduce(Router::merge))
    }

    /// The page of stop links; none without `STOP_LINK_BASE`.
    pub(crate) fn stop_page(&self, config: &Config) -> Option<StopPage> {
        let links = config.stop_links.as_ref()?;
        let trusted = config.trusted_proxies.clone();
        let (pool, region) = (self.pools.tasks.clone(), config.audience.numbers.region);
        Some(StopPage::new(links, config.help_line.clone(), pool, region, trusted))
    }

    /// What carries out events about people.
    pub(crate) fn people(&self, config: &Config) -> People {
        let (numbers, erasure) = (config.audience.numbers.clone(), config.erasure.clone());
        People { pool: self.pools.tasks.clone(), numbers, erasure }
    }

    pub(crate) fn follow_calendar(
        &self,
        config: &Config,
        health: Arc<Health>,
    ) -> anyhow::Result<FollowCalendar> {
        Ok(FollowCalendar {
            pool: self.pools.tasks.clone(),
            health,
            calendar: self.hours.calendar.clone(),
            throttle: self.throttle.clone(),
            simulated: config.twilio.client()?.is_simulated(),
        })
    }

    /// Starts the tasks that know the templates and the sender of WhatsApp.
    fn keep_whatsapp(&self, config: &Config, tasks: &mut JoinSet<()>, driver: impl Fn() -> Driver) {
        let (pool, registry) = (self.pools.tasks.clone(), self.templates.clone());
        tasks.spawn(driver().run(FollowTemplates { pool, registry }));
        let (limit, whatsapp) = (config.whatsapp.people, &config.whatsapp);
        if let (Some(sender), PeopleLimit::OfSender, true) =
            (&whatsapp.sender, limit, whatsapp.for_welcomes())
        {
            tasks.spawn(driver().run(WhatsappLimit {
                pool: self.pools.tasks.clone(),
                client: self.client.clone(),
                sender: sender.clone(),
                interval: whatsapp.sync_interval,
                shown: None,
            }));
        }
        tasks.spawn(driver().run(TemplateSync {
            pool: self.pools.tasks.clone(),
            client: self.client.clone(),
            registry: self.templates.clone(),
            interval: config.whatsapp.sync_interval,
            always: config.whatsapp.channels.uses(Channel::Whatsapp),
        }));
    }

    /// Starts the tasks that send stored messages, and those that go by another channel than the first.
    pub(super) fn send_stored(
        &self,
        config: &Config,
        lanes: &TaskTracker,
        driver: impl Fn() -> Driver,
        handlers: TaskTracker,
    ) {
        let (pool, pipeline) = (self.pools.tasks.clone(), self.pipeline.clone());
        let (calls, hold) = (config.pace.concurrency, config.timing.lease);
        lanes.spawn(driver().run(Dispatcher::new(pool.clone(), pipeline.clone(), calls, hold, handlers)));
        lanes.spawn(driver().run(Fallbacks { pool, pipeline, hold }));
    }

    pub(crate) fn probe(&self) -> Probe {
        Probe {
            pool: self.pools.tasks.clone(),
            client: self.client.clone(),
            throttle: self.throttle.clone(),
            pipeline: self.pipeline.clone(),
            hours: self.hours.clone(),
        }
    }

    pub(crate) fn reconciler(&self, config: &Config) -> Reconciler {
        Reconciler {
            pool: self.pools.tasks.clone(),
            client: self.client.clone(),
            channels: self.channels.clone(),
            reports: self.reports.clone(),
            checks: config.timing.unknown_checks.clone(),
            policy: config.timing.unknown_policy,
            hold: config.twilio.timeout * 2 + Duration::from_secs(5),
            interval: config.timing.sweep_interval,
        }
    }

    /// Starts the tasks that look after stored data: they know the templates, add months of messages, seal the ledger, erase people and delete old data; with
    /// `PRUNE_INTERVAL=0` nothing old is deleted.
    pub(super) fn keep_data(
        &self,
        config: &Config,
        tasks: &mut JoinSet<()>,
        driver: impl Fn() -> Driver,
    ) -> anyhow::Result<()> {
        self.keep_whatsapp(config, tasks, &driver);
        let pool = &self.pools.tasks;
        tasks.spawn(driver().run(Partitions(pool.clone())));
        tasks.spawn(driver().run(Sealer::new(pool.clone())));
        let driven = driver();
        let (key, health) = (config.erasure.clone(), driven.health.clone());
        tasks.spawn(driven.run(Eraser { pool: pool.clone(), key, health }));
        tasks.spawn(driver().run(Redactor { pool: pool.clone(), client: self.client.clone() }));
        if let Some(interval) = config.prune_interval {
            let simulated = config.twilio.client()?.is_simulated();
            let retention = Retention::new(pool.clone(), interval, config.retention, simulated, release());
            tasks.spawn(driver().run(retention));
        }
        Ok(())
    }

    /// Asks about messages whose claims are older than `after`.
    pub(crate) fn poller(&self, after: Duration, sweep_interval: Duration) -> Poller {
        Poller::new(
            self.pools.tasks.clone(),
            self.client.clone(),
            self.reports.clone(),
            after,
            sweep_interval,
        )
    }
}

/// Names this release: versions may share a number between releases, but hardly the last migration as well.
fn release() -> String {
    let migration = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default();
    format!("{}+{migration}", env!("CARGO_PKG_VERSION"))
}

fn throttle(config: &Config, pool: &PgPool, abandon: &CancellationToken) -> Throttle {
    let pace = &config.pace;
    let probe_takes = config.twilio.timeout + config.twilio.lookup_timeout;
    let line = |line| SendRate { pool: pool.clone(), line };
    Throttle {
        permits: Permits::new(pace.concurrency),
        rate: Rate::start(pace.segments_per_second, line(Line::Segments), abandon.clone()),
        whatsapp_rate: Rate::start(
            config.whatsapp.messages_per_second,
            line(Line::Whatsapp),
            abandon.clone(),
        ),
        room: Room::default(),
        refusals: Refusals::default(),
        breaker: Breaker::new(config.timing.probe, probe_takes, pace.concurrency),
        pauses: Pauses::new(),
        waits: Handles::new(),
    }
}
