//! The report of a backfill. Its counts add up to the selection.

mod text;

use std::borrow::Cow;

use producer::{
    PublishError, UserId,
    cli::{Exit, Failure},
};
use serde::Serialize;
use shared::{
    domain::{Channel, decision::SkipReason},
    phone::{E164, Rejection},
    templates::Language,
};
use uuid::Uuid;

use crate::{
    counts::Counts,
    estimate::Estimate,
    examples::Examples,
    options::{RunOptions, short_id},
    outcomes::{Outcome, OutcomeStats},
    plan::Expect,
    publish::Published,
    runs::End,
};

/// The counts of one run. As JSON it has the schema `backfill-report/2`.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    schema: &'static str,
    /// None for a dry run.
    pub(crate) run: Option<Uuid>,
    pub(crate) dry_run: bool,
    /// False if the run stopped before its end.
    pub(crate) complete: bool,
    /// The options of the run.
    #[serde(rename = "order")]
    options: RunOptions,
    /// Unknown ids in the file.
    pub(crate) unknown_ids: u64,
    /// A fault of the sender holds all messages by WhatsApp back at the moment.
    pub(crate) whatsapp_is_held: bool,
    /// Users selected by the filters. At the end of a complete run it is the number of processed users.
    pub(crate) selected: u64,
    #[serde(flatten)]
    pub(crate) counts: Counts,
    pub(crate) unconfirmed: Unconfirmed,
    pub(crate) remaining: u64,
    pub(crate) estimate: Option<Estimate>,
    pub(crate) examples: Examples,
    /// The outcomes of the canary when it was decided.
    pub(crate) canary: Option<OutcomeStats>,
    /// The outcomes, after `--watch`.
    pub(crate) outcomes: Option<Vec<Outcome>>,
    /// The command to type next.
    next: String,
    #[serde(skip)]
    ending: Ending,
    #[serde(skip)]
    halted: Option<PublishError>,
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Every selected user is processed.
    Complete,
    /// `--limit` is reached.
    Limit,
    /// A signal stopped the run, or it failed.
    #[default]
    Interrupted,
    /// The broker refuses.
    Refused,
    /// Too few messages of the canary were delivered.
    CanaryFailed,
}

/// Users whose event the broker did not confirm.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Unconfirmed {
    pub(crate) returned: u64,
    pub(crate) refused: u64,
}

impl Report {
    /// A report of a run that has processed `counts` and has `ahead` users left. A dry run has no `run`.
    pub(crate) fn new(run: Option<Uuid>, options: RunOptions, counts: Counts, ahead: u64) -> Self {
        Self {
            schema: "backfill-report/2",
            run,
            dry_run: run.is_none(),
            complete: false,
            options,
            unknown_ids: 0,
            whatsapp_is_held: false,
            selected: counts.total() + ahead,
            counts,
            unconfirmed: Unconfirmed::default(),
            remaining: ahead,
            estimate: None,
            examples: Examples::default(),
            canary: None,
            outcomes: None,
            next: String::new(),
            ending: Ending::default(),
            halted: None,
        }
    }

    /// Records how a number is read.
    pub(crate) fn number(&mut self, user: &UserId, typed: &str, number: Result<E164, Rejection>) {
        self.counts.changed_by_normalising += u64::from(number.is_ok_and(|e164| e164.as_str() != typed));
        self.examples.offer(user, typed, number);
    }

    /// Records that a user could be reached by WhatsApp, and no template may be sent in this language.
    pub(crate) fn missing_template(&mut self, language: Option<Language>) {
        if let Some(language) = language {
            *self.counts.missing_templates.entry(Cow::Borrowed(language.as_str())).or_default() += 1;
        }
    }

    pub(crate) fn skip(&mut self, skip: SkipReason) {
        self.counts.skipped.count(skip);
    }

    /// Counts a user that this run enqueued before it was stopped.
    pub(crate) fn enqueued_before(&mut self, expect: Expect) {
        self.counts.enqueued.count(expect);
    }

    /// Counts a published page with its expected results.
    pub(crate) fn published(&mut self, expected: &[Expect], page: Published) {
        for at in page.confirmed {
            self.counts.enqueued.count(expected[at]);
        }
        self.unconfirmed.returned += page.returned;
        self.unconfirmed.refused += page.refused;
        self.halted = page.error;
    }

    /// Whether welcomes may go by WhatsApp.
    fn is_for_whatsapp(&self) -> bool {
        let listed = self.estimate.iter().flat_map(|estimate| &estimate.channels);
        listed.into_iter().any(|listed| listed.channel == Channel::Whatsapp.as_str())
    }

    /// How many users the run may enqueue.
    pub(crate) fn limit(&self) -> Option<u64> {
        self.options.filters.limit
    }

    /// Whether the broker refused events, so that the run must stop.
    pub(crate) fn is_halted(&self) -> bool {
        self.halted.is_some()
    }

    /// Processed users.
    pub(crate) fn done(&self) -> u64 {
        self.counts.total() + self.unconfirmed.returned + self.unconfirmed.refused
    }

    /// Completes the report. Users may have been added or removed since they were counted. `resumed` names the
    /// stored run that a dry run looks at.
    pub(crate) fn close(&mut self, ending: Ending, estimate: Estimate, resumed: Option<Uuid>) {
        self.ending = ending;
        self.complete = matches!(ending, Ending::Complete | Ending::Limit);
        self.selected = if ending == Ending::Complete { self.done() } else { self.selected.max(self.done()) };
        self.remaining = self.selected - self.done();
        self.estimate = Some(estimate);
        self.next = self.next_command(resumed);
    }

    fn next_command(&self, resumed: Option<Uuid>) -> String {
        let again = || match self.run.or(resumed) {
            Some(run) => format!("backfill --resume {}", short_id(run)),
            None => format!("backfill{}", self.options.flags()),
        };
        match (self.run, self.ending) {
            (None, Ending::Complete | Ending::Limit) => again(),
            (None, _) => again().replacen("backfill", "backfill --dry-run", 1),
            (Some(run), Ending::Complete | Ending::Limit) => {
                format!("worker stats --run {}", short_id(run))
            }
            (Some(_), _) => again(),
        }
    }

    /// The question before a real run, and the number to type.
    pub(crate) fn question(&self) -> (String, u64) {
        let cost = self.estimate.as_ref().map_or(0.0, |e| e.cost_usd);
        let (total, welcome) = (self.counts.enqueued.total, self.counts.enqueued.welcome);
        (format!("This enqueues {total} users: {welcome} messages, about ${cost:.2}."), total)
    }

    /// The final state to store.
    pub(crate) fn end(&self) -> End {
        match self.ending {
            Ending::Complete | Ending::Limit => End::Finished,
            Ending::Interrupted => End::Interrupted,
            Ending::Refused | Ending::CanaryFailed => End::Halted,
        }
    }

    /// The exit code; prints why the run stopped.
    pub(crate) fn finish(&self) -> Result<Exit, Failure> {
        let next = &self.next;
        match (&self.halted, self.ending) {
            (Some(error @ (PublishError::Unavailable { .. } | PublishError::Lost { .. })), _) => {
                Err(Failure::unreachable(format!("stopped: {error}. When RabbitMQ is back: {next}")))
            }
            (Some(error), _) => {
                eprintln!("backfill: stopped: {error}. Fix it, then: {next}");
                Ok(Exit::SomeFailed)
            }
            (None, Ending::CanaryFailed) => {
                eprintln!(
                    "backfill: stopped: too few of the canary were reached. Find out why: worker stats; then: {next}"
                );
                Ok(Exit::Guarded)
            }
            (None, Ending::Complete | Ending::Limit) => Ok(Exit::Done),
            (None, _) => Ok(Exit::Interrupted),
        }
    }
}

#[cfg(test)]
mod tests;
