//! Maps the answer of a create call to the outcome that is stored.

use std::time::Duration;

use shared::domain::{AttemptOutcome, Reason, RetryPolicy, UserState};

use crate::{
    channels::Refusal,
    store::{
        attempts::AttemptRef,
        ended::{Accepted, Ended, UserChange},
    },
    throttle::Blame,
    twilio::{Class, CreateOutcome},
};

/// Due now, and behind those that are due since their event: another user is the next probe.
const BEHIND: Duration = Duration::from_millis(1);

/// What a settlement needs beside the answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) retry: RetryPolicy,
    /// Delays this user has had.
    pub(crate) retries: u32,
    /// When Twilio is first asked about an unknown outcome.
    pub(crate) first_check: Duration,
    /// Whose fault a refusal is that may be the account's.
    pub(crate) blame: Blame,
    /// The breaker is open, and says when calls are made again.
    pub(crate) held_back: bool,
}

/// The row to write for this answer; `classify` says what follows from a refusal.
pub(crate) fn settle(
    attempt: AttemptRef,
    user_id: String,
    answer: &CreateOutcome,
    classify: impl FnOnce(Class) -> Refusal,
    terms: Terms,
) -> Ended {
    let mut ended = Ended {
        attempt,
        user_id,
        outcome: AttemptOutcome::Unknown,
        accepted: None,
        error_code: None,
        check_in: None,
        user: None,
        suppress: false,
    };
    match answer {
        CreateOutcome::Accepted { sid, status, error_code, .. } => {
            ended.outcome = AttemptOutcome::Accepted;
            ended.error_code = *error_code;
            ended.accepted = Some(Accepted {
                sid: sid.to_string(),
                status: status.as_str().to_owned(),
                rank: i16::from(status.rank()),
            });
        }
        CreateOutcome::Unknown { .. } => ended.check_in = Some(terms.first_check),
        CreateOutcome::NotWritten { .. } => {
            ended.outcome = AttemptOutcome::Unwritten;
            ended.user = Some(if terms.held_back {
                held(Reason::PathFault, BEHIND)
            } else {
                later(Reason::PathFault, terms, Duration::ZERO)
            });
        }
        CreateOutcome::Refused { status, code, class, retry_after } => {
            ended.error_code = *code;
            let refusal = classify(*class);
            let floor = refusal.not_before().max(retry_after.unwrap_or_default());
            refused(&mut ended, refusal, code.map_or(Reason::Http(*status), Reason::Error), floor, terms);
        }
    }
    ended
}

/// A claim given back before anything was written: at shutdown, or because the breaker opened.
pub(crate) fn give_back(attempt: AttemptRef, user_id: String, reason: Reason) -> Ended {
    let user = held(reason, Duration::ZERO);
    Ended {
        attempt,
        user_id,
        outcome: AttemptOutcome::Unwritten,
        accepted: None,
        error_code: None,
        check_in: None,
        user: Some(user),
        suppress: false,
    }
}

fn refused(ended: &mut Ended, refusal: Refusal, why: Reason, floor: Duration, terms: Terms) {
    ended.outcome = if refusal.uses_attempt() { AttemptOutcome::Refused } else { AttemptOutcome::Deferred };
    ended.user = Some(match refusal {
        Refusal::Fault(_) => match terms.blame {
            Blame::Account => held(Reason::BreakerOpen, BEHIND),
            Blame::Destination => {
                UserChange { counts: true, ends_with: why, ..later(Reason::BreakerOpen, terms, floor) }
            }
            Blame::Recipient => {
                ended.outcome = AttemptOutcome::Refused;
                UserChange { counts: true, ends_with: why, ..later(why, terms, floor) }
            }
        },
        // Nothing was sent: another channel may carry it, or it waits until the fault is gone.
        Refusal::Sender => held(Reason::BreakerOpen, BEHIND),
        Refusal::Template => held(Reason::NoTemplate, BEHIND),
        Refusal::Unreachable(_) => held(why, BEHIND),
        Refusal::DailyCap => held(Reason::DailyCap, Duration::ZERO),
        Refusal::Throttled { .. } => later(Reason::PathFault, terms, floor),
        Refusal::Temporary { .. } => UserChange { counts: true, ..later(why, terms, floor) },
        Refusal::OptedOut => {
            ended.suppress = true;
            change(UserState::Suppressed, Reason::OptedOut)
        }
        Refusal::Final | Refusal::Declined => change(UserState::Failed, why),
        Refusal::Unknown => {
            ended.outcome = AttemptOutcome::Unknown;
            ended.check_in = Some(terms.first_check);
            return ended.user = None;
        }
    });
}

fn later(reason: Reason, terms: Terms, floor: Duration) -> UserChange {
    let again_in = Some(terms.retry.delay(terms.retries).max(floor));
    UserChange { again_in, ..held(reason, Duration::ZERO) }
}

/// Due again after `again_in`, without a delay of the user's own: the breaker says when.
fn held(reason: Reason, again_in: Duration) -> UserChange {
    UserChange { again_in: Some(again_in), ..change(UserState::Received, reason) }
}

fn change(state: UserState, reason: Reason) -> UserChange {
    UserChange { state, reason, again_in: None, counts: false, ends_with: Reason::RetriesExhausted }
}

#[cfg(test)]
mod tests;
