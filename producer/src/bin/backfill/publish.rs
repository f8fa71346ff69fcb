//! Publishes a page of users at once and repeats events that were not confirmed. `--rate` and the depth of the
//! queue hold a run back.

use std::time::Duration;

use chrono::Utc;
use futures::{StreamExt, stream};
use producer::{Broker, Producer, PublishError, UserId};
use shared::{amqp::QueueDepth, lane::QueueLane};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::{args::PaceArgs, context::Context, progress::ProgressReporter, selection::PAGE};

/// Events that wait for their confirm.
const IN_FLIGHT: usize = 512;
/// Each round waits some seconds for a connection, so the broker may be away for half a minute.
const ROUNDS: usize = 6;
/// Interval between readings of the depth of a full queue.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// The destination of events.
pub(crate) enum Sink {
    /// No destination: a dry run.
    Nowhere,
    /// The broker, at a pace.
    Broker(Box<(Producer, Pace)>),
}

/// The result of publishing a page.
#[derive(Default)]
pub(crate) struct Published {
    /// Indexes of the confirmed users.
    pub(crate) confirmed: Vec<usize>,
    /// Events that the broker returned because no queue is bound.
    pub(crate) returned: u64,
    /// Events that the broker refused or never confirmed.
    pub(crate) refused: u64,
    /// The last error, for the report.
    pub(crate) error: Option<PublishError>,
}

impl Sink {
    pub(crate) fn is_dry(&self) -> bool {
        matches!(self, Sink::Nowhere)
    }

    /// How many users may be handled together.
    pub(crate) fn page(&self) -> u32 {
        match self {
            Sink::Nowhere => PAGE,
            Sink::Broker(broker) => broker.1.page(),
        }
    }

    /// Publishes one event for each of `users`. An event whose confirm was lost is published again, and the
    /// worker skips the second one.
    pub(crate) async fn publish(&mut self, users: &[UserId], stop: &CancellationToken) -> Published {
        let mut page = Published::default();
        let mut waiting: Vec<usize> = (0..users.len()).collect();
        let Sink::Broker(broker) = self else {
            page.confirmed = waiting;
            return page;
        };
        let (producer, pace) = &mut **broker;
        pace.published(users.len());
        for round in 1..=ROUNDS {
            let mut verdicts = stream::iter(std::mem::take(&mut waiting))
                .map(|at| {
                    let publishing = producer.stored(&users[at]);
                    async move { (at, publishing.await) }
                })
                .buffer_unordered(IN_FLIGHT)
                .boxed_local();
            let last = round == ROUNDS || stop.is_cancelled();
            while let Some((at, verdict)) = verdicts.next().await {
                match verdict {
                    Ok(_) => page.confirmed.push(at),
                    Err(error) if last || is_final(&error) => page.fail(error),
                    Err(_) => waiting.push(at),
                }
            }
            if waiting.is_empty() {
                break;
            }
        }
        page
    }
}

/// Whether the error would repeat.
fn is_final(error: &PublishError) -> bool {
    matches!(error, PublishError::Returned { .. })
}

impl Published {
    fn fail(&mut self, error: PublishError) {
        match error {
            PublishError::Returned { .. } => self.returned += 1,
            _ => self.refused += 1,
        }
        self.error = Some(error);
    }
}

/// The rate and the queue depth that limit a run.
pub(crate) struct Pace {
    rate: Option<u32>,
    /// When the next page may be published.
    next: Instant,
    max_depth: u32,
    depth: QueueDepth,
}

impl Pace {
    pub(crate) fn new(args: PaceArgs, broker: Broker) -> Self {
        Self {
            rate: args.rate.map(u32::from),
            next: Instant::now(),
            max_depth: args.max_depth,
            depth: QueueDepth::of(broker, QueueLane::Backfill),
        }
    }

    /// The size of a page. At a low rate it is one second of users.
    pub(crate) fn page(&self) -> u32 {
        self.rate.map_or(PAGE, |rate| rate.min(PAGE))
    }

    /// When the rate allows the next page.
    pub(crate) fn next(&self) -> Instant {
        self.next
    }

    /// Accounts for `users` published now.
    pub(crate) fn published(&mut self, users: usize) {
        let Some(rate) = self.rate else { return };
        let users = u32::try_from(users).unwrap_or(u32::MAX);
        let cost = Duration::from_secs(1).mul_f64(f64::from(users) / f64::from(rate));
        // Unused time is lost, so no burst follows an outage of the broker.
        self.next = self.next.max(Instant::now()) + cost;
    }

    /// The events ready in the queue, if there are too many. None if the depth cannot be read: publishing
    /// then reports the cause.
    pub(crate) async fn too_many(&mut self) -> Option<u32> {
        if self.max_depth == 0 {
            return None;
        }
        self.depth.ready().await.filter(|ready| *ready > self.max_depth)
    }
}

/// Waits for the rate and for space in the queue. Returns early on `stop`.
pub(crate) async fn until_ready(
    sink: &mut Sink,
    context: &Context,
    done: u64,
    reporter: &mut ProgressReporter,
) {
    let Sink::Broker(broker) = sink else { return };
    let pace = &mut broker.1;
    if pace.next() > Instant::now() {
        tokio::select! {
            () = context.stop.cancelled() => return,
            () = sleep_until(pace.next()) => {}
        }
    }
    while let Some(ready) = pace.too_many().await {
        reporter.waits(done, &full(ready, context));
        tokio::select! {
            () = context.stop.cancelled() => return,
            () = sleep(LOOK_AGAIN) => {}
        }
    }
}

fn full(ready: u32, context: &Context) -> String {
    let (window, now) = (&context.settings.window, Utc::now());
    let waits = format!("{ready} wait in the queue (--max-depth {})", context.args.pace.max_depth);
    if window.contains(now) {
        waits
    } else {
        format!("{waits}; the worker continues at {}", window.local(window.next_opening(now)))
    }
}
