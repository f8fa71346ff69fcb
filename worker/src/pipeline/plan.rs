//! Decides, without doing anything, what an event leads to.

use shared::domain::{AttemptOutcome, Reason, UserState};

use crate::{
    facts::Facts,
    store::known::{Holder, Known, StoredUser},
};

/// What an event leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plan {
    /// Nothing is left to do; the delivery is acked without a call.
    Skip(Skip),
    /// Her number cannot be texted.
    Reject(Reason),
    /// Somebody's attempt holds her number: she is registered, and nothing is sent.
    Link,
    /// On to Lookup, claim and call.
    Go,
}

/// Why nothing is left to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Skip {
    /// She has a final state.
    Final,
    /// A call for her is in flight or its outcome is being found out.
    InFlight,
    /// Her retry is scheduled for later.
    Scheduled,
}

impl Plan {
    /// The plan for a user with these facts.
    pub(crate) fn of(facts: &Facts, known: &Known) -> Self {
        let stored = known.user.as_ref().filter(|u| same_number(facts, u));
        if let Some(user) = stored
            && let Some(skip) = settled(user, known.holder.as_ref(), facts)
        {
            return Self::Skip(skip);
        }
        match (&facts.phone, &known.holder) {
            (Err(why), _) => Self::Reject(Reason::Number(*why)),
            (Ok(_), Some(_)) => Self::Link,
            (Ok(_), None) => Self::Go,
        }
    }
}

fn same_number(facts: &Facts, user: &StoredUser) -> bool {
    facts.phone_raw == user.phone_raw && facts.country_hint == user.country_hint
        || facts.e164().is_some() && facts.e164() == user.phone_e164.as_deref()
}

fn settled(user: &StoredUser, holder: Option<&Holder>, facts: &Facts) -> Option<Skip> {
    let holds_hers = |h: &&Holder| facts.e164() == Some(h.phone_e164.as_str());
    match (user.state, holder.filter(holds_hers)) {
        (UserState::Rejected, _) if facts.e164().is_none() => Some(Skip::Final),
        // A lookup said so of this very number.
        (UserState::Rejected, _) if user.reason.as_deref() == Some("lookup_invalid") => Some(Skip::Final),
        (UserState::Failed, _) => Some(Skip::Final),
        (UserState::Registered, Some(h)) => Some(match h.outcome {
            AttemptOutcome::Sending | AttemptOutcome::Unknown => Skip::InFlight,
            _ => Skip::Final,
        }),
        (UserState::Received, None) if user.scheduled => Some(Skip::Scheduled),
        _ => None,
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
