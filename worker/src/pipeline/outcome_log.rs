//! The log line of an outcome: one for every delivery that came to its end.

use std::{borrow::Cow, time::Duration};

use shared::{
    domain::Reason,
    lane::{Lane, QueueLane},
    phone::E164,
    telemetry::{loggable, loggable_sentence},
};
use tokio::time::Instant;

use super::{
    inbound::Inbound,
    outcome::{Called, Handled, HandledUser, Outcome},
};
use crate::{
    observe::log_refs::{LogRef, LogRefs},
    store::{fallbacks, messages::Due},
};

/// Writes the log lines of outcomes.
pub(crate) struct OutcomeLog {
    /// Queue names by lane.
    pub(crate) queues: [String; 2],
    pub(crate) refs: Option<LogRefs>,
}

impl OutcomeLog {
    /// A delivery came to its end.
    pub(super) fn handled(&self, inbound: &Inbound, handled: &Handled) {
        match handled {
            Handled::DeadLetter { reason, detail } => self.dead_letter(inbound, reason, detail),
            Handled::User(settled) => self.settled(settled),
            Handled::Erased => self.erased(inbound),
        }
    }

    /// A user's event, or probe, came to its end.
    pub(super) fn settled(&self, settled: &HandledUser) {
        match &settled.call {
            Some(call) => self.called(settled, call),
            None => self.uncalled(settled),
        }
    }

    fn called(&self, settled: &HandledUser, call: &Called) {
        let facts = &settled.facts;
        tracing::info!(
            user_ref = self.user_ref(facts.user_id.as_str()).as_ref().map(LogRef::as_str),
            phone = call.phone.masked(),
            phone_ref = self.phone_ref(&call.phone).as_ref().map(LogRef::as_str),
            lane = facts.lane.as_str(),
            queue = self.queue(facts.lane),
            redelivered = facts.arrival.redelivered,
            attempt = %call.attempt,
            outcome = settled.outcome.as_str(),
            reason = call.reason.map(Reason::as_str).as_deref(),
            error_code = call.error_code,
            error_class = call.error_class,
            sid = call.sid.as_deref(),
            delay_ms = call.again_in.map(millis),
            duration_ms = millis(facts.arrival.at.elapsed()),
            channel = call.channel,
            lang = facts.language.as_str(),
            event_id = facts.event_id.as_deref().map(loggable).as_deref(),
            trace_id = facts.trace_id(),
            "welcome"
        );
    }

    fn uncalled(&self, settled: &HandledUser) {
        let facts = &settled.facts;
        let phone = facts.phone.as_ref().ok().map(|p| &p.e164);
        tracing::info!(
            user_ref = self.user_ref(facts.user_id.as_str()).as_ref().map(LogRef::as_str),
            phone = phone.map(E164::masked),
            phone_ref = phone.and_then(|p| self.phone_ref(p)).as_ref().map(LogRef::as_str),
            lane = facts.lane.as_str(),
            queue = self.queue(facts.lane),
            redelivered = facts.arrival.redelivered,
            outcome = settled.outcome.as_str(),
            reason = why(settled.outcome).as_deref(),
            duration_ms = millis(facts.arrival.at.elapsed()),
            lang = facts.language.as_str(),
            event_id = facts.event_id.as_deref().map(loggable).as_deref(),
            trace_id = facts.trace_id(),
            "no message"
        );
    }

    /// A message of another kind than the welcome came to its end, or waits again.
    pub(super) fn message(
        &self,
        due: &Due,
        lane: Lane,
        started: Instant,
        outcome: Outcome,
        call: Option<&Called>,
    ) {
        let phone = E164::parse(&due.phone_e164).ok();
        tracing::info!(
            message = %due.message_id,
            kind = due.kind,
            slot = due.slot,
            user_ref = self.user_ref(&due.user_id).as_ref().map(LogRef::as_str),
            phone = phone.as_ref().map(E164::masked),
            phone_ref = phone.and_then(|p| self.phone_ref(&p)).as_ref().map(LogRef::as_str),
            lane = lane.as_str(),
            attempt = call.map(|call| tracing::field::display(call.attempt)),
            outcome = outcome.as_str(),
            reason = why(outcome).as_deref(),
            error_code = call.and_then(|call| call.error_code),
            error_class = call.and_then(|call| call.error_class),
            sid = call.and_then(|call| call.sid.as_deref()),
            delay_ms = call.and_then(|call| call.again_in).map(millis),
            duration_ms = millis(started.elapsed()),
            channel = due.channel,
            lang = due.language,
            "message"
        );
    }

    /// A message that did not arrive went by SMS, or did not.
    pub(super) fn fallback(&self, due: &fallbacks::Due, outcome: Outcome, started: Instant) {
        let phone = E164::parse(&due.phone_e164).ok();
        tracing::info!(
            fallback_of = %due.first,
            kind = due.kind,
            user_ref = self.user_ref(&due.user_id).as_ref().map(LogRef::as_str),
            phone = phone.as_ref().map(E164::masked),
            phone_ref = phone.and_then(|p| self.phone_ref(&p)).as_ref().map(LogRef::as_str),
            lane = due.lane,
            code = due.code,
            outcome = outcome.as_str(),
            reason = why(outcome).as_deref(),
            duration_ms = millis(started.elapsed()),
            "fallback"
        );
    }

    /// Names nobody.
    fn erased(&self, inbound: &Inbound) {
        tracing::info!(
            lane = inbound.lane.as_str(),
            queue = self.queue(inbound.lane),
            outcome = Outcome::Erased.as_str(),
            "an event from before the erasure of its user is ignored"
        );
    }

    /// An operator must look at it.
    fn dead_letter(&self, inbound: &Inbound, reason: &'static str, detail: &str) {
        tracing::warn!(
            event_id = inbound.shown_id().as_deref(),
            lane = inbound.lane.as_str(),
            queue = self.queue(inbound.lane),
            redelivered = inbound.arrival.redelivered,
            outcome = Outcome::DeadLetter.as_str(),
            reason,
            detail = &*loggable_sentence(detail),
            duration_ms = millis(inbound.arrival.at.elapsed()),
            "dead letter"
        );
    }

    /// The publisher of an event gave it a time that cannot be read.
    pub(super) fn unreadable_time(&self, inbound: &Inbound) {
        tracing::warn!(
            event_id = inbound.shown_id().as_deref(),
            lane = inbound.lane.as_str(),
            queue = self.queue(inbound.lane),
            "the event's time cannot be read: it counts as older than any stored data with a time"
        );
    }

    fn queue(&self, lane: QueueLane) -> &str {
        &self.queues[lane as usize]
    }

    fn phone_ref(&self, phone: &E164) -> Option<LogRef> {
        self.refs.as_ref().map(|refs| refs.phone(phone))
    }

    /// What the log calls a user.
    pub(crate) fn user_ref(&self, user_id: &str) -> Option<LogRef> {
        self.refs.as_ref().map(|refs| refs.user(user_id))
    }
}

fn why(outcome: Outcome) -> Option<Cow<'static, str>> {
    match outcome {
        Outcome::Rejected(reason) | Outcome::Deferred(reason) | Outcome::Failed(reason) => {
            Some(reason.as_str())
        }
        Outcome::Dropped(reason) | Outcome::Postponed(reason) => Some(reason.into()),
        Outcome::Skipped(reason) => Some(reason.as_str().into()),
        Outcome::Linked => Some("number_held".into()),
        Outcome::OptedOut => Some("opted_out".into()),
        Outcome::Sent | Outcome::Unknown | Outcome::DeadLetter | Outcome::Erased => None,
    }
}

/// Whole milliseconds, capped at the largest value that fits.
fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
