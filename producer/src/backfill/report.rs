//! What a backfill did, or would do. Its parts add up to the selection.

use producer::{
    PublishError, UserId,
    command::{Exit, Failure, Output, json_line},
};
use serde::Serialize;
use shared::phone::{E164, Unusable};

use crate::{
    estimate::Estimate,
    example::Examples,
    publish::Published,
    report_text,
    tally::{Enqueued, Skipped},
    verdict::{Expect, Skip},
};

/// The counts of one run; as JSON, schema `backfill-report/1`.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    schema: &'static str,
    pub(crate) dry_run: bool,
    /// False when the run stopped before its end.
    pub(crate) complete: bool,
    /// Stored users; at the end of a complete run, those it met.
    pub(crate) selected: u64,
    pub(crate) enqueued: Enqueued,
    pub(crate) skipped: Skipped,
    pub(crate) unconfirmed: Unconfirmed,
    pub(crate) remaining: u64,
    /// Numbers whose E.164 form is not what was typed.
    pub(crate) changed_by_normalising: u64,
    pub(crate) estimate: Option<Estimate>,
    pub(crate) examples: Examples,
    #[serde(skip)]
    halted: Option<PublishError>,
}

/// Users whose event the broker did not take.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Unconfirmed {
    pub(crate) returned: u64,
    pub(crate) refused: u64,
}

impl Report {
    pub(crate) fn new(dry_run: bool, selected: u64) -> Self {
        Self {
            schema: "backfill-report/1",
            dry_run,
            complete: false,
            selected,
            enqueued: Enqueued::default(),
            skipped: Skipped::default(),
            unconfirmed: Unconfirmed::default(),
            remaining: selected,
            changed_by_normalising: 0,
            estimate: None,
            examples: Examples::default(),
            halted: None,
        }
    }

    /// Notes how a number reads.
    pub(crate) fn number(&mut self, user: &UserId, typed: &str, number: Result<E164, Unusable>) {
        self.changed_by_normalising += u64::from(number.is_ok_and(|e164| e164.as_str() != typed));
        self.examples.offer(user, typed, number);
    }

    pub(crate) fn skip(&mut self, skip: Skip) {
        self.skipped.count(skip);
    }

    /// Counts a published page whose users were expected to end as `expected`.
    pub(crate) fn published(&mut self, expected: &[Expect], page: Published) {
        for at in page.confirmed {
            self.enqueued.count(expected[at]);
        }
        self.unconfirmed.returned += page.returned;
        self.unconfirmed.refused += page.refused;
        self.halted = page.error;
    }

    /// Whether the broker refuses, so that going on is of no use.
    pub(crate) fn is_halted(&self) -> bool {
        self.halted.is_some()
    }

    /// Users behind us.
    pub(crate) fn done(&self) -> u64 {
        self.enqueued.total + self.skipped.total + self.unconfirmed.returned + self.unconfirmed.refused
    }

    /// Closes the books. Users may have been added or removed since they were counted.
    pub(crate) fn close(&mut self, complete: bool, estimate: Estimate) {
        self.complete = complete;
        self.selected = if complete { self.done() } else { self.selected.max(self.done()) };
        self.remaining = self.selected - self.done();
        self.estimate = Some(estimate);
    }

    pub(crate) fn show(&self, output: Output) -> String {
        match output {
            Output::Json => json_line(self),
            Output::Human => report_text::of(self),
        }
    }

    /// What the person at the terminal decides about.
    pub(crate) fn question(&self) -> String {
        let cost = self.estimate.map_or(0.0, |e| e.cost_usd);
        let Enqueued { total, welcome, .. } = self.enqueued;
        format!("This enqueues {total} users: {welcome} messages, about ${cost:.2}.")
    }

    /// The end of the command.
    pub(crate) fn finish(&self) -> Result<Exit, Failure> {
        match &self.halted {
            Some(error @ (PublishError::Unavailable { .. } | PublishError::Lost { .. })) => Err(
                Failure::BrokerLost(format!("stopped: {error}. Repeat the command when RabbitMQ is back")),
            ),
            Some(error) => {
                eprintln!("backfill: stopped: {error}. Mend it, then repeat the command");
                Ok(Exit::SomeFailed)
            }
            None if self.complete => Ok(Exit::Done),
            None => Ok(Exit::Interrupted),
        }
    }
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
