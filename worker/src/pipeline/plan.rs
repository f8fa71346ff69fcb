//! Maps the facts and the stored rows into the shared decision.

use shared::domain::{
    AttemptOutcome,
    decision::{Decision, Holder, StoredState, StoredUser, TypedNumber},
};

use crate::{facts::Facts, store::stored_state::StateRows};

/// What the event of `facts` leads to, before anything is done.
pub(super) fn decide(facts: &Facts, stored: &StateRows) -> Decision {
    let number = TypedNumber {
        raw: &facts.phone_raw,
        country_hint: facts.country_hint.as_deref(),
        e164: facts.phone.map(|phone| phone.e164),
    };
    let user = stored.user.as_ref().map(|user| StoredUser {
        phone_raw: &user.phone_raw,
        country_hint: user.country_hint.as_deref(),
        phone_e164: user.phone_e164.as_deref(),
        active: true,
        state: user.state,
        reason: user.reason.as_deref(),
        scheduled: user.scheduled,
        attempted: None,
    });
    let holder = stored.holder.as_ref().map(|holder| Holder {
        phone_e164: &holder.phone_e164,
        own: holder.user_id == facts.user_id.as_str(),
        in_flight: matches!(holder.outcome, AttemptOutcome::Sending | AttemptOutcome::Unknown),
    });
    // The claim checks suppressions.
    Decision::on_delivery(&number, &StoredState { user, holder, suppressed: false })
}

#[cfg(test)]
mod tests;
