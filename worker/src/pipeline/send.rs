//! From a usable number to a message: register → gate → claim → call → outcome.

use std::{sync::Arc, time::Duration};

use shared::{
    ids::MessageId,
    message::{Message, catalogue},
    phone::E164,
    reason::Reason,
    state::{AttemptOutcome, UserState},
};

use super::{
    Interrupted, Verdict,
    facts::Facts,
    plan::Skip,
    settle::{self, Terms},
};
use crate::{
    failpoint,
    gate::{Pass, Scope, Trip},
    registrar::Registration,
    store::{
        budget,
        claim::{Granted, Wish},
        known::Known,
        outcome::Ended,
        record::NewState,
    },
    twilio::{Class, CreateMessage, CreateOutcome, FaultScope},
    worker::Worker,
};

/// Welcomes one user. `None`: things changed meanwhile, look again.
pub(super) async fn send(
    worker: &Worker,
    facts: Arc<Facts>,
    retries: u32,
) -> Result<Option<Verdict>, Interrupted> {
    let Ok(phone) = facts.phone.as_ref().map(|p| p.e164) else { return Ok(None) };
    if let Err(trip) = worker.gate.breaker.check() {
        return hold(worker, facts, trip).await.map(Some);
    }
    let registration = {
        let _permits = worker.gate.permits.take(facts.lane).await;
        worker.registrar.register(&phone, facts.traceparent.as_deref()).await
    };
    let method = match registration {
        Registration::Registered(method) => method,
        Registration::Invalid => {
            let reason = Reason::LookupInvalid;
            worker.record.run(NewState::plain(facts, UserState::Rejected, Some(reason))).await?;
            return Ok(Some(Verdict::Rejected(reason)));
        }
    };
    let message = catalogue::welcome(facts.language);
    let country = phone.country();
    let segments = u32::try_from(message.segments().segments).unwrap_or(1);
    let entered = tokio::select! {
        entered = worker.gate.enter(facts.lane, country.as_ref().map(shared::phone::CountryCode::as_str), segments) => entered,
        () = worker.stop.cancelled() => return Err(Interrupted::Stopping),
    };
    let pass = match entered {
        Ok(pass) => pass,
        Err(trip) => return hold(worker, facts, trip).await.map(Some),
    };
    let wish = wish(facts.clone(), &phone, method, message);
    let message_id = wish.message_id;
    match worker.claim.run(wish).await? {
        Granted::Yes => call(worker, &facts, &phone, message_id, message, retries, pass).await.map(Some),
        Granted::Shared | Granted::Hers => Ok(Some(Verdict::Linked)),
        Granted::Suppressed => Ok(Some(Verdict::OptedOut)),
        Granted::Capped => capped(worker, facts).await.map(Some),
        Granted::LookAgain => Ok(None),
    }
}

/// The number is held: registers the user without a message, unless it is her own attempt that holds it.
pub(super) async fn link(
    worker: &Worker,
    facts: Arc<Facts>,
    known: &Known,
) -> Result<Option<Verdict>, Interrupted> {
    let Some(holder) = &known.holder else { return Ok(None) };
    let hers = holder.user_id == facts.user_id.as_str();
    let mut state = NewState::plain(facts, UserState::Registered, (!hers).then_some(Reason::SharedPhone));
    state.method = Some("none");
    state.attempt = hers.then(|| MessageId::from(holder.message_id));
    let written = worker.record.run(state).await?;
    Ok(Some(if written { Verdict::Linked } else { Verdict::Skipped(Skip::Final) }))
}

/// Stores her as waiting; the sweeper brings her back.
async fn hold(worker: &Worker, facts: Arc<Facts>, trip: Trip) -> Result<Verdict, Interrupted> {
    let mut state = NewState::plain(facts, UserState::Received, Some(trip.reason));
    state.again_in = Some(trip.again_in);
    worker.record.run(state).await?;
    Ok(Verdict::Deferred(trip.reason))
}

async fn capped(worker: &Worker, facts: Arc<Facts>) -> Result<Verdict, Interrupted> {
    let wait = budget::until_tomorrow(&worker.pool).await?;
    worker.gate.breaker.open(Scope::DailyCap { wait });
    hold(worker, facts, Trip { reason: Reason::DailyCap, again_in: wait }).await
}

fn wish(facts: Arc<Facts>, phone: &E164, method: &'static str, message: &Message) -> Wish {
    let message_id = MessageId::new();
    let mut user = NewState::plain(facts, UserState::Registered, None);
    user.attempt = Some(message_id);
    user.method = Some(method);
    Wish {
        user,
        message_id,
        phone: phone.as_str().to_owned(),
        body_sha256: *message.body_sha256(),
        segments: i16::try_from(message.segments().segments).unwrap_or(1),
    }
}

/// The claim is committed: call at once, write what came of it.
async fn call(
    worker: &Worker,
    facts: &Facts,
    phone: &E164,
    message_id: MessageId,
    message: &Message,
    retries: u32,
    pass: Pass<'_>,
) -> Result<Verdict, Interrupted> {
    let user_id = facts.user_id.to_string();
    failpoint::hit("after_claim");
    if worker.stop.is_cancelled() {
        worker.outcome.run(settle::give_back(message_id, user_id)).await?;
        return Ok(Verdict::Deferred(Reason::GivenBack));
    }
    let callback = worker.callback_url(message_id);
    let create = CreateMessage {
        to: phone.as_str(),
        sender: &worker.sender,
        body: message.body(),
        validity_period: crate::worker::VALIDITY_SECONDS,
        status_callback: callback.as_deref(),
        traceparent: facts.traceparent.as_deref(),
    };
    let answer = worker.client.create_message(&create).await;
    failpoint::hit("after_response");
    inform_breaker(worker, phone, &answer).await;
    drop(pass);
    let terms = Terms { retry: worker.config.timing.retry, retries, first_check: worker.first_check() };
    let ended = settle::settle(message_id, user_id, &answer, terms);
    let verdict = verdict(&ended);
    report(facts, phone, &ended, verdict);
    worker.outcome.run(ended).await?;
    failpoint::hit("after_outcome");
    if verdict == Verdict::Sent {
        count_sent(message);
    }
    Ok(verdict)
}

async fn inform_breaker(worker: &Worker, phone: &E164, answer: &CreateOutcome) {
    let breaker = &worker.gate.breaker;
    let country = phone.country();
    let country = country.as_ref().map(shared::phone::CountryCode::as_str);
    match answer {
        CreateOutcome::NotWritten { .. } => breaker.path_fault(),
        CreateOutcome::Refused { class: Class::Account { scope: FaultScope::Country }, .. } => {
            breaker.open(country.map_or(Scope::Account, |c| Scope::Country(c.to_owned())));
        }
        CreateOutcome::Refused { class: Class::Account { .. }, .. } => breaker.open(Scope::Account),
        CreateOutcome::Refused { class: Class::DailyCap, .. } => {
            // Without the database's word, an hour is soon enough to look again.
            let wait = budget::until_tomorrow(&worker.pool).await.unwrap_or(Duration::from_secs(3600));
            breaker.open(Scope::DailyCap { wait });
        }
        CreateOutcome::Accepted { .. } | CreateOutcome::Refused { .. } => breaker.worked(country),
        CreateOutcome::Unknown { cause } => {
            tracing::warn!(cause = cause.label(), "no definite answer: she may have been texted");
        }
    }
}

fn verdict(ended: &Ended) -> Verdict {
    match (&ended.user, ended.outcome) {
        (_, AttemptOutcome::Accepted) => Verdict::Sent,
        (Some(user), _) => match user.state {
            UserState::Suppressed => Verdict::OptedOut,
            UserState::Failed => Verdict::Failed(user.reason),
            _ => Verdict::Deferred(user.reason),
        },
        (None, _) => Verdict::Unknown,
    }
}

/// The one line per outcome.
fn report(facts: &Facts, phone: &E164, ended: &Ended, verdict: Verdict) {
    let reason = ended.user.as_ref().map(|u| u.reason.as_str());
    if let Some(user) = ended.user.as_ref().filter(|u| u.again_in.is_some()) {
        metrics::counter!("onboarding_retries_scheduled_total", "reason" => user.reason.label()).increment(1);
    }
    tracing::info!(
        user_id = facts.user_id.as_str(),
        phone = phone.masked(),
        lane = facts.lane.as_str(),
        attempt = %ended.message_id,
        outcome = verdict.outcome(),
        reason = reason.as_deref(),
        error_code = ended.error_code,
        sid = ended.accepted.as_ref().map(|a| a.sid.as_str()),
        traceparent = facts.traceparent.as_deref(),
        "welcome"
    );
}

fn count_sent(message: &Message) {
    let segments = message.segments();
    let language = message.language().as_str();
    metrics::counter!("onboarding_messages_sent_total", "channel" => "sms", "lang" => language, "kind" => "welcome")
        .increment(1);
    let encoding = match segments.encoding {
        shared::message::segments::Encoding::Gsm7 => "gsm7",
        shared::message::segments::Encoding::Ucs2 => "ucs2",
    };
    metrics::counter!("onboarding_message_segments_total", "channel" => "sms", "encoding" => encoding)
        .increment(segments.segments as u64);
    metrics::gauge!("onboarding_last_message_sent_timestamp_seconds").set(now_seconds());
}

#[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit a double")]
fn now_seconds() -> f64 {
    chrono::Utc::now().timestamp() as f64
}
