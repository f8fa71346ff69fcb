//! Settles many unknown outcomes at once, by what Twilio's list of messages says about each.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::{
    channels::Channels,
    reconcile::evidence::{self, Evidence, NoEvidence},
    store::{
        audit::{self, NewEntry},
        needs_review::{self, ReviewDecision},
        reported::Meanings,
        unknown::{self, UnknownAttempt, Unsettled},
    },
    twilio::{Client, Pace},
};

/// Twilio allows more; live signups share the account.
const REQUESTS_PER_SECOND: u32 = 5;
/// A list that fails is asked again so often.
const TRIES: u32 = 4;
/// Twilio's list lags behind by minutes: before this age of the claim, a miss says nothing.
const LIST_LAG: chrono::Duration = chrono::Duration::minutes(15);

/// What to settle, and how.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    /// Claimed at this time or later.
    pub(crate) since: DateTime<Utc>,
    /// Claimed before this time.
    pub(crate) until: DateTime<Utc>,
    /// Allow one more attempt if Twilio does not have the message.
    pub(crate) reopen_absent: bool,
    /// Only look.
    pub(crate) dry_run: bool,
    pub(crate) actor: String,
    /// The justification for the audit log.
    pub(crate) reason: String,
}

/// How one unknown outcome ended; in a dry run, how it would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BulkResult {
    /// Its message was found.
    Adopted,
    /// No message was found; one more attempt is allowed.
    Reopened,
    /// A definite answer or an operator came first.
    Answered,
    /// No message was found, but an earlier one to the number proved sent: nothing more is sent to it.
    ProvedSent,
    /// More than one message could be it.
    Several,
    /// The number got another message meanwhile.
    Other,
    /// The read part of Twilio's list did not reach its end.
    Incomplete,
    /// No message was found, and reopening was not asked for.
    Absent,
    /// No message was found, and the claim is too young for that to mean anything.
    TooYoung,
}

impl BulkResult {
    /// Every result, in the order of summaries.
    pub(crate) const ALL: [Self; 9] = [
        Self::Adopted,
        Self::Reopened,
        Self::Answered,
        Self::ProvedSent,
        Self::Several,
        Self::Other,
        Self::Incomplete,
        Self::Absent,
        Self::TooYoung,
    ];

    /// Whether no decision of an operator is left.
    pub(crate) fn is_settled(self) -> bool {
        matches!(self, Self::Adopted | Self::Reopened | Self::Answered | Self::ProvedSent)
    }

    /// A published name: never rename one.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Adopted => "adopted",
            Self::Reopened => "reopened",
            Self::Answered => "answered",
            Self::ProvedSent => "earlier_message_sent",
            Self::Several => "several_messages",
            Self::Other => "other_message",
            Self::Incomplete => "incomplete_list",
            Self::Absent => "absent",
            Self::TooYoung => "too_young",
        }
    }
}

/// How many ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts([usize; BulkResult::ALL.len()]);

impl Counts {
    /// Counts one more.
    pub(crate) fn add(&mut self, settled: BulkResult) {
        self.0[settled as usize] += 1;
    }

    /// How many ended so.
    pub(crate) fn of(&self, settled: BulkResult) -> usize {
        self.0[settled as usize]
    }

    /// How many were looked at.
    pub(crate) fn all(&self) -> usize {
        self.0.iter().sum()
    }

    /// How many an operator still has to review.
    pub(crate) fn remaining(&self) -> usize {
        BulkResult::ALL.into_iter().filter(|s| !s.is_settled()).map(|s| self.of(s)).sum()
    }

    /// `3 adopted, 1 absent`: what occurred, in one line.
    pub(crate) fn summary(&self) -> String {
        let occurred = BulkResult::ALL.into_iter().filter(|s| self.of(*s) > 0);
        let words: Vec<String> = occurred.map(|s| format!("{} {}", self.of(s), s.as_str())).collect();
        if words.is_empty() { "none".to_owned() } else { words.join(", ") }
    }
}

/// What settling needs.
pub(crate) struct BulkSettle {
    pool: PgPool,
    client: Client,
    channels: Channels,
    meanings: Arc<dyn Meanings>,
    pace: Pace,
}

impl BulkSettle {
    /// Asks Twilio at most five times a second.
    pub(crate) fn new(pool: PgPool, client: Client, channels: Channels, meanings: Arc<dyn Meanings>) -> Self {
        Self { pool, client, channels, meanings, pace: Pace::per_second(REQUESTS_PER_SECOND) }
    }

    /// The outcomes that `order` is about, oldest first.
    pub(crate) async fn find(&self, order: &Order) -> Result<Unsettled, sqlx::Error> {
        unknown::claimed_between(&self.pool, order.since, order.until).await
    }

    /// Writes an audit entry for settling `found` outcomes, before any of them is settled.
    pub(crate) async fn note(&self, order: &Order, found: usize) -> Result<(), sqlx::Error> {
        let subject = format!("{found} outcomes claimed from {} to {}", order.since, order.until);
        let deed = NewEntry {
            actor: &order.actor,
            action: "unknown settle",
            subject: &subject,
            reason: &order.reason,
        };
        let mut tx = self.pool.begin().await?;
        audit::note(&mut tx, &deed).await?;
        tx.commit().await
    }

    /// Settles one of them, in a transaction of its own: a run that is interrupted can be repeated. `as_of` is the
    /// database's time at or before this moment.
    pub(crate) async fn settle(
        &self,
        unknown_attempt: &UnknownAttempt,
        as_of: DateTime<Utc>,
        order: &Order,
    ) -> Result<BulkResult, NoEvidence> {
        let old_enough = as_of - unknown_attempt.claimed_at > LIST_LAG;
        let decision = match self.evidence(unknown_attempt).await? {
            Evidence::Found(message) => ReviewDecision::Adopt(message),
            Evidence::Several => return Ok(BulkResult::Several),
            Evidence::Other => return Ok(BulkResult::Other),
            Evidence::Incomplete => return Ok(BulkResult::Incomplete),
            Evidence::Absent if !order.reopen_absent => return Ok(BulkResult::Absent),
            Evidence::Absent if !old_enough => return Ok(BulkResult::TooYoung),
            Evidence::Absent => ReviewDecision::Reopen,
        };
        let settled = match decision {
            ReviewDecision::Reopen => BulkResult::Reopened,
            ReviewDecision::Adopt(_) | ReviewDecision::MarkSent => BulkResult::Adopted,
        };
        if order.dry_run {
            return Ok(settled);
        }
        let Some(open) = needs_review::find(&self.pool, unknown_attempt.attempt.attempt_id).await? else {
            return Ok(BulkResult::Answered);
        };
        let by = (&*order.actor, &*order.reason);
        let done = needs_review::decide(&self.pool, &open, &decision, by, &*self.meanings).await?;
        Ok(match done {
            needs_review::ReviewResult::AnsweredFirst => BulkResult::Answered,
            needs_review::ReviewResult::ProvedSent => BulkResult::ProvedSent,
            needs_review::ReviewResult::Yes
            | needs_review::ReviewResult::NumberFreed
            | needs_review::ReviewResult::TooLate => settled,
        })
    }

    /// Reading changes nothing, so that a passing fault of Twilio's is waited for.
    async fn evidence(&self, unknown_attempt: &UnknownAttempt) -> Result<Evidence, NoEvidence> {
        let mut tries = 0;
        loop {
            match evidence::gather(&self.pool, &self.client, &self.channels, unknown_attempt, &self.pace)
                .await
            {
                Err(NoEvidence::Twilio(fault)) if !fault.is_account() && tries + 1 < TRIES => {
                    tries += 1;
                    tokio::time::sleep(Duration::from_secs(1) * tries).await;
                }
                result => return result,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_name_what_occurred_and_what_remains() {
        let mut counts = Counts::default();
        assert_eq!((counts.summary().as_str(), counts.remaining()), ("none", 0));
        for settled in [
            BulkResult::Adopted,
            BulkResult::Absent,
            BulkResult::Adopted,
            BulkResult::TooYoung,
            BulkResult::Answered,
        ] {
            counts.add(settled);
        }
        assert_eq!(counts.summary(), "2 adopted, 1 answered, 1 absent, 1 too_young");
        assert_eq!(counts.remaining(), 2);
    }
}
