//! From the answer of a create call to what is stored of it.

use std::time::Duration;

use shared::{
    ids::MessageId,
    reason::Reason,
    retry::RetryPolicy,
    state::{AttemptOutcome, UserState},
};

use crate::{
    store::outcome::{Accepted, Ended, UserChange},
    twilio::{Class, CreateOutcome},
};

/// What a settlement needs beside the answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) retry: RetryPolicy,
    /// Delays this user has had.
    pub(crate) retries: u32,
    /// When Twilio is first asked about an unknown outcome.
    pub(crate) first_check: Duration,
}

/// The row to write for this answer.
pub(crate) fn settle(message_id: MessageId, user_id: String, answer: &CreateOutcome, terms: Terms) -> Ended {
    let mut ended = Ended {
        message_id,
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
            ended.user = Some(later(Reason::PathFault, terms, Duration::ZERO));
        }
        CreateOutcome::Refused { status, code, class, retry_after } => {
            ended.error_code = *code;
            let floor = class.min_delay().max(retry_after.unwrap_or_default());
            refused(&mut ended, *class, code.map_or(Reason::Http(*status), Reason::Error), floor, terms);
        }
    }
    ended
}

/// A claim given back at shutdown, before anything was written.
pub(crate) fn give_back(message_id: MessageId, user_id: String) -> Ended {
    let user = UserChange {
        state: UserState::Received,
        reason: Reason::GivenBack,
        again_in: Some(Duration::ZERO),
        counts: false,
    };
    Ended {
        message_id,
        user_id,
        outcome: AttemptOutcome::Unwritten,
        accepted: None,
        error_code: None,
        check_in: None,
        user: Some(user),
        suppress: false,
    }
}

fn refused(ended: &mut Ended, class: Class, why: Reason, floor: Duration, terms: Terms) {
    ended.outcome = if class.uses_attempt() { AttemptOutcome::Refused } else { AttemptOutcome::Deferred };
    let finished = |state, reason| UserChange { state, reason, again_in: None, counts: false };
    let held = |reason| UserChange {
        state: UserState::Received,
        reason,
        again_in: Some(Duration::ZERO),
        counts: false,
    };
    ended.user = Some(match class {
        Class::Account { .. } => held(Reason::BreakerOpen),
        Class::DailyCap => held(Reason::DailyCap),
        Class::Throttled { .. } => later(Reason::PathFault, terms, floor),
        Class::Temporary | Class::Later { .. } => UserChange { counts: true, ..later(why, terms, floor) },
        Class::OptOut => {
            ended.suppress = true;
            finished(UserState::Suppressed, Reason::OptedOut)
        }
        Class::Recipient | Class::Content | Class::AlreadyDone | Class::LogOnly | Class::SkipLookup => {
            finished(UserState::Failed, why)
        }
        Class::Unknown => {
            ended.outcome = AttemptOutcome::Unknown;
            ended.check_in = Some(terms.first_check);
            return ended.user = None;
        }
    });
}

fn later(reason: Reason, terms: Terms, floor: Duration) -> UserChange {
    let again_in = Some(terms.retry.delay(terms.retries).max(floor));
    UserChange { state: UserState::Received, reason, again_in, counts: false }
}

#[cfg(test)]
#[path = "settle_tests.rs"]
mod tests;
