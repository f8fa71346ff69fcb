//! Publishes a page of users, all of them in flight at once, and repeats what was not confirmed.

use futures::{StreamExt, stream};
use producer::{Producer, PublishError, UserId};
use tokio_util::sync::CancellationToken;

use crate::{pace::Pace, store::selection::PAGE};

/// Events waiting for their confirm.
const IN_FLIGHT: usize = 512;
/// Each round waits some seconds for a connection, so the broker may be away for half a minute.
const ROUNDS: usize = 6;

/// Where events go.
pub(crate) enum Sink {
    /// Nowhere: a dry run.
    Nowhere,
    /// To the broker, at a pace.
    Broker(Box<(Producer, Pace)>),
}

/// What became of a page.
#[derive(Default)]
pub(crate) struct Published {
    /// Places, in the page, of those that were confirmed.
    pub(crate) confirmed: Vec<usize>,
    /// Those given back: no queue is bound.
    pub(crate) returned: u64,
    /// Those refused or never confirmed.
    pub(crate) refused: u64,
    /// The last reason, for the report.
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

    /// Publishes one event for each of `users`. An event whose confirm was lost is published again: the
    /// worker does nothing about the second one.
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

/// Whether a repetition would fare no better.
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
