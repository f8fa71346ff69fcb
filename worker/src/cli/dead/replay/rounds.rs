//! Publishing in rounds. Each round is one transaction, committed after the broker has confirmed.

use std::{collections::HashSet, time::Duration};

use futures::future::join_all;
use shared::amqp::{Outgoing, Publisher};
use sqlx::PgPool;
use tokio::time::{MissedTickBehavior, interval};

use super::super::touched::{by_cause, letters};
use crate::{
    replay::outgoing,
    store::dead_letters::settle::{self, Letter, Verdict},
};

/// The most letters of one round. Their rows are locked until the broker has confirmed.
const MOST: u32 = 20;

/// A replay and its counts.
pub(super) struct Rounds {
    pool: PgPool,
    size: usize,
    every: Duration,
    published: usize,
    /// The codes of the letters that this version cannot read.
    unreadable: Vec<String>,
    unconfirmed: usize,
    stopped: bool,
}

impl Rounds {
    pub(super) fn new(pool: PgPool, rate: u32) -> Self {
        // Ten rounds a second, or fewer where a round would hold less than one letter.
        let size = (rate / 10).clamp(1, MOST);
        Self {
            pool,
            size: usize::try_from(size).unwrap_or(1),
            every: Duration::from_secs(1) * size / rate,
            published: 0,
            unreadable: Vec::new(),
            unconfirmed: 0,
            stopped: false,
        }
    }

    /// Reads as [`Rounds::publish`] does, and does not publish.
    pub(super) async fn rehearse(&mut self, ids: &[i64]) -> Result<(), sqlx::Error> {
        for chunk in ids.chunks(self.size) {
            let mut tx = self.pool.begin().await?;
            let taken = settle::take(&mut tx, chunk).await?;
            tx.rollback().await?;
            self.published += self.readable(&taken).len();
        }
        Ok(())
    }

    /// Ends early if the broker confirms no letter of a round.
    pub(super) async fn publish(
        &mut self,
        ids: &[i64],
        publisher: &Publisher,
        verdict: &Verdict<'_>,
    ) -> Result<(), sqlx::Error> {
        let mut ticks = interval(self.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for chunk in ids.chunks(self.size) {
            ticks.tick().await;
            let mut tx = self.pool.begin().await?;
            let taken = settle::take(&mut tx, chunk).await?;
            let events = self.readable(&taken);
            let sent = events.len();
            let mut stored: Vec<i64> =
                join_all(events.into_iter().map(|(id, event)| publish_one(publisher, id, event)))
                    .await
                    .into_iter()
                    .flatten()
                    .collect();
            stored.sort_unstable();
            settle::replayed(&mut tx, &stored, verdict).await?;
            tx.commit().await?;
            self.published += stored.len();
            self.unconfirmed += sent - stored.len();
            if sent > 0 && stored.is_empty() {
                self.stopped = true;
                break;
            }
        }
        Ok(())
    }

    fn readable(&mut self, taken: &[Letter]) -> Vec<(i64, Outgoing)> {
        let events: Vec<_> = taken.iter().filter_map(|l| Some((l.id, outgoing(l)?))).collect();
        let good: HashSet<i64> = events.iter().map(|(id, _)| *id).collect();
        self.unreadable.extend(taken.iter().filter(|l| !good.contains(&l.id)).map(|l| l.reason.clone()));
        events
    }

    /// The report of a dry run.
    pub(super) fn forecast(&self) -> String {
        format!("{} would be published{}; nothing was changed", letters(self.published), self.left())
    }

    /// The report of a run.
    pub(super) fn result(&self) -> String {
        let lost = match self.unconfirmed {
            0 => String::new(),
            n => format!("; {n} not confirmed, still open"),
        };
        format!("{} published{lost}{}", letters(self.published), self.left())
    }

    fn left(&self) -> String {
        if self.unreadable.is_empty() {
            return String::new();
        }
        let reasons = by_cause(self.unreadable.iter().map(String::as_str));
        format!("; left alone, because this version cannot read them: {reasons}")
    }

    pub(super) fn stopped(&self) -> bool {
        self.stopped
    }

    pub(super) fn all_done(&self) -> bool {
        self.unreadable.is_empty() && self.unconfirmed == 0
    }
}

async fn publish_one(publisher: &Publisher, letter: i64, event: Outgoing) -> Option<i64> {
    match publisher.publish(event).await {
        Ok(()) => Some(letter),
        Err(error) => {
            // The error leaves out the message id, which the publisher chose.
            eprintln!("letter {letter} stays open: {}", error.result());
            None
        }
    }
}
