//! The log line of an outcome: one for every delivery that came to its end.

use std::{borrow::Cow, time::Duration};

use shared::{
    phone::E164,
    telemetry::{loggable, loggable_sentence},
};

use super::{Inbound, Verdict};
use crate::facts::Facts;
use crate::{observe::phone_hash::PhoneRef, store::outcome::Ended, twilio::CreateOutcome, worker::Worker};

/// Twilio was called for her.
pub(super) fn called(
    worker: &Worker,
    facts: &Facts,
    phone: &E164,
    answer: &CreateOutcome,
    ended: &Ended,
    verdict: Verdict,
) {
    let user = ended.user.as_ref();
    tracing::info!(
        user_id = &*loggable(facts.user_id.as_str()),
        phone = phone.masked(),
        phone_ref = worker.phone_ref(phone).as_ref().map(PhoneRef::as_str),
        lane = facts.lane.as_str(),
        queue = worker.queue(facts.lane),
        redelivered = facts.arrival.redelivered,
        attempt = %ended.attempt,
        outcome = verdict.outcome(),
        reason = user.map(|u| u.reason.as_str()).as_deref(),
        error_code = ended.error_code,
        error_class = error_class(answer),
        sid = ended.accepted.as_ref().map(|a| a.sid.as_str()),
        delay_ms = user.and_then(|u| u.again_in).map(millis),
        duration_ms = millis(facts.arrival.at.elapsed()),
        channel = "sms",
        lang = facts.language.as_str(),
        event_id = facts.event_id.as_deref().map(loggable).as_deref(),
        trace_id = facts.trace_id(),
        "welcome"
    );
}

/// Nobody was called.
pub(super) fn uncalled(worker: &Worker, facts: &Facts, verdict: Verdict) {
    let phone = facts.phone.as_ref().ok().map(|p| &p.e164);
    tracing::info!(
        user_id = &*loggable(facts.user_id.as_str()),
        phone = phone.map(E164::masked),
        phone_ref = phone.and_then(|p| worker.phone_ref(p)).as_ref().map(PhoneRef::as_str),
        lane = facts.lane.as_str(),
        queue = worker.queue(facts.lane),
        redelivered = facts.arrival.redelivered,
        outcome = verdict.outcome(),
        reason = why(verdict).as_deref(),
        duration_ms = millis(facts.arrival.at.elapsed()),
        lang = facts.language.as_str(),
        event_id = facts.event_id.as_deref().map(loggable).as_deref(),
        trace_id = facts.trace_id(),
        "no message"
    );
}

/// Its publisher gave it a time that cannot be read.
pub(super) fn unreadable_time(worker: &Worker, inbound: &Inbound) {
    tracing::warn!(
        event_id = inbound.shown_id().as_deref(),
        lane = inbound.lane.as_str(),
        queue = worker.queue(inbound.lane),
        "the event's time cannot be read: it counts as older than any stored data with a time"
    );
}

/// A person must look at it.
pub(super) fn buried(worker: &Worker, inbound: &Inbound, reason: &'static str, detail: &str) {
    tracing::warn!(
        event_id = inbound.shown_id().as_deref(),
        lane = inbound.lane.as_str(),
        queue = worker.queue(inbound.lane),
        redelivered = inbound.arrival.redelivered,
        outcome = Verdict::DeadLetter.outcome(),
        reason,
        detail = &*loggable_sentence(detail),
        duration_ms = millis(inbound.arrival.at.elapsed()),
        "dead letter"
    );
}

fn why(verdict: Verdict) -> Option<Cow<'static, str>> {
    match verdict {
        Verdict::Rejected(reason) | Verdict::Deferred(reason) | Verdict::Failed(reason) => {
            Some(reason.as_str())
        }
        Verdict::Skipped(reason) => Some(reason.as_str().into()),
        Verdict::Linked => Some("number_held".into()),
        Verdict::OptedOut => Some("opted_out".into()),
        Verdict::Sent | Verdict::Unknown | Verdict::DeadLetter => None,
    }
}

fn error_class(answer: &CreateOutcome) -> Option<&'static str> {
    match answer {
        CreateOutcome::Accepted { .. } => None,
        CreateOutcome::Refused { class, .. } => Some(class.label()),
        CreateOutcome::NotWritten { .. } => Some("not_written"),
        CreateOutcome::Unknown { cause } => Some(cause.label()),
    }
}

/// Whole milliseconds; more than fit are told as the most.
fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
