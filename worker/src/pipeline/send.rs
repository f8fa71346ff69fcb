//! From a usable number to a message: register → gate → claim → call → outcome.

use std::{sync::Arc, time::Duration};

use shared::{
    ids::MessageId,
    message::{Message, catalogue},
    phone::E164,
    reason::Reason,
    state::{AttemptOutcome, UserState},
};

use tokio::time::Instant;

use super::{
    Interrupted, Verdict,
    facts::Facts,
    line,
    settle::{self, Terms},
};
use crate::{
    failpoint,
    gate::{self, Call, Echo, Pass, Trip},
    registrar::Registration,
    store::{
        budget,
        claim::{Granted, Wish},
        known::Known,
        outcome::Ended,
        record::{NewState, Written},
    },
    traces::Scope,
    twilio::{Class, CreateMessage, CreateOutcome, FaultScope},
    worker::Worker,
};

/// Method and template of the two calls, for traces.
const LOOKUP: &str = "GET /v2/PhoneNumbers/{PhoneNumber}";
const CREATE: &str = "POST /2010-04-01/Accounts/{AccountSid}/Messages.json";

/// Welcomes one user. `None`: things changed meanwhile, look again.
pub(super) async fn send(
    worker: &Worker,
    facts: Arc<Facts>,
    retries: u32,
) -> Result<Option<Verdict>, Interrupted> {
    let Ok(phone) = facts.phone.as_ref().map(|p| p.e164) else { return Ok(None) };
    let registration = {
        let permit = worker.gate.permits.take(facts.lane).await;
        // Asked with the permit in hand: many may have waited for it meanwhile.
        if let Err(trip) = worker.gate.check(facts.lane) {
            return hold(worker, facts, trip).await;
        }
        let scope = worker.traces.call(LOOKUP, facts.traceparent.as_deref());
        let traceparent = scope.traceparent(facts.traceparent.as_deref());
        let (registration, echo) = worker.registrar.register(&phone, traceparent.as_deref()).await;
        permit.finish(echo);
        registration
    };
    let method = match registration {
        Registration::Registered(method) => method,
        Registration::Invalid => {
            let verdict = Verdict::Rejected(Reason::LookupInvalid);
            let state = NewState::plain(facts.clone(), UserState::Rejected, Some(Reason::LookupInvalid));
            if worker.record.run(state).await? == Written::Superseded {
                return Ok(None);
            }
            line::uncalled(worker, &facts, verdict);
            return Ok(Some(verdict));
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
        Err(trip) => return hold(worker, facts, trip).await,
    };
    let wish = wish(facts.clone(), &phone, method, message);
    let claimed = Claimed { message_id: wish.message_id, call_before: worker.call_before() };
    let verdict = match worker.claim(facts.lane).run(wish).await? {
        Granted::Yes => {
            return call(worker, &facts, &phone, claimed, message, retries, pass).await.map(Some);
        }
        Granted::Capped => return capped(worker, facts).await,
        Granted::LookAgain => return Ok(None),
        Granted::Shared | Granted::Hers => Verdict::Linked,
        Granted::Suppressed => Verdict::OptedOut,
    };
    line::uncalled(worker, &facts, verdict);
    Ok(Some(verdict))
}

/// The number is held: registers the user without a message, unless it is her own attempt that holds it.
pub(super) async fn link(
    worker: &Worker,
    facts: Arc<Facts>,
    known: &Known,
) -> Result<Option<Verdict>, Interrupted> {
    let Some(holder) = &known.holder else { return Ok(None) };
    let hers = holder.user_id == facts.user_id.as_str();
    let mut state =
        NewState::plain(facts.clone(), UserState::Registered, (!hers).then_some(Reason::SharedPhone));
    state.method = Some("none");
    state.attempt = hers.then(|| MessageId::from(holder.message_id));
    state.holder = Some(holder.message_id);
    if worker.record.run(state).await? == Written::Superseded {
        return Ok(None);
    }
    line::uncalled(worker, &facts, Verdict::Linked);
    Ok(Some(Verdict::Linked))
}

/// Stores the user as waiting; the sweeper enqueues them again. `None`: things changed meanwhile, look again.
async fn hold(worker: &Worker, facts: Arc<Facts>, trip: Trip) -> Result<Option<Verdict>, Interrupted> {
    let mut state = NewState::plain(facts.clone(), UserState::Received, Some(trip.reason));
    state.again_in = Some(trip.again_in);
    if worker.record.run(state).await? == Written::Superseded {
        return Ok(None);
    }
    let verdict = Verdict::Deferred(trip.reason);
    line::uncalled(worker, &facts, verdict);
    Ok(Some(verdict))
}

async fn capped(worker: &Worker, facts: Arc<Facts>) -> Result<Option<Verdict>, Interrupted> {
    let wait = Box::pin(budget::until_tomorrow(&worker.pool)).await?;
    worker.gate.breaker.open(gate::Scope::DailyCap { wait });
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

/// A committed claim, and the last moment at which a call is sure to end within its lease.
struct Claimed {
    message_id: MessageId,
    call_before: Instant,
}

/// The claim is committed: call at once, write what came of it.
async fn call(
    worker: &Worker,
    facts: &Facts,
    phone: &E164,
    claimed: Claimed,
    message: &Message,
    retries: u32,
    mut pass: Pass<'_>,
) -> Result<Verdict, Interrupted> {
    let user_id = facts.user_id.to_string();
    let message_id = claimed.message_id;
    failpoint::hit("after_claim");
    if !may_call(worker, &mut pass, claimed.call_before).await {
        worker.outcome.run(settle::give_back(message_id, user_id)).await?;
        line::uncalled(worker, facts, Verdict::Deferred(Reason::GivenBack));
        return Ok(Verdict::Deferred(Reason::GivenBack));
    }
    let callback = worker.callback_url(message_id);
    let scope = worker.traces.call(CREATE, facts.traceparent.as_deref());
    let traceparent = scope.traceparent(facts.traceparent.as_deref());
    let create = CreateMessage {
        to: phone.as_str(),
        sender: &worker.sender,
        body: message.body(),
        validity_period: crate::worker::VALIDITY_SECONDS,
        status_callback: callback.as_deref(),
        traceparent: traceparent.as_deref(),
    };
    failpoint::hold("before_call").await;
    let started = Instant::now();
    let answer = worker.client.create_message(&create).await;
    trace_end(scope, &answer);
    failpoint::hit("after_response");
    inform_breaker(worker, phone, &answer).await;
    pass.finish(echo(started, &answer));
    let terms = Terms { retry: worker.config.timing.retry, retries, first_check: worker.first_check() };
    let ended = settle::settle(message_id, user_id, &answer, terms);
    let verdict = verdict(&ended);
    count_retry(&ended);
    line::called(worker, facts, phone, &answer, &ended, verdict);
    worker.outcome.run(ended).await?;
    failpoint::hit("after_outcome");
    if verdict == Verdict::Sent {
        worker.meters.sent(message);
    }
    Ok(verdict)
}

fn trace_end(mut scope: Scope, answer: &CreateOutcome) {
    match answer {
        CreateOutcome::Accepted { .. } => scope.status(201),
        CreateOutcome::Refused { status, class, .. } => {
            scope.status(*status);
            scope.failed(class.label());
        }
        CreateOutcome::NotWritten { .. } => scope.failed("not_written"),
        CreateOutcome::Unknown { cause } => scope.failed(cause.label()),
    }
}

async fn inform_breaker(worker: &Worker, phone: &E164, answer: &CreateOutcome) {
    let breaker = &worker.gate.breaker;
    let country = phone.country();
    let country = country.as_ref().map(shared::phone::CountryCode::as_str);
    match answer {
        CreateOutcome::NotWritten { .. } => breaker.path_fault(),
        CreateOutcome::Refused { class: Class::Account { scope: FaultScope::Country }, .. } => {
            breaker.open(country.map_or(gate::Scope::Account, |c| gate::Scope::Country(c.to_owned())));
        }
        CreateOutcome::Refused { class: Class::Account { .. }, .. } => breaker.open(gate::Scope::Account),
        CreateOutcome::Refused { class: Class::DailyCap, .. } => {
            // Without the database's word, an hour is soon enough to look again.
            let wait =
                Box::pin(budget::until_tomorrow(&worker.pool)).await.unwrap_or(Duration::from_secs(3600));
            breaker.open(gate::Scope::DailyCap { wait });
        }
        CreateOutcome::Accepted { .. } | CreateOutcome::Refused { .. } => breaker.worked(country),
        CreateOutcome::Unknown { cause } => {
            tracing::warn!(cause = cause.label(), "no definite answer: she may have been texted");
        }
    }
}

/// Not while the worker stops, and not too late, after a long commit or a frozen process: others may have settled the
/// claim as unknown by then.
async fn may_call(worker: &Worker, pass: &mut Pass<'_>, call_before: Instant) -> bool {
    let renewed = pass.is_good()
        || tokio::select! {
            renewed = worker.gate.renew(pass, call_before) => renewed,
            () = worker.stop.cancelled() => false,
        };
    renewed && !worker.stop.is_cancelled() && Instant::now() <= call_before
}

/// `None`: there was no exchange with Twilio.
fn echo(started: Instant, answer: &CreateOutcome) -> Option<Echo> {
    let throttled = match answer {
        CreateOutcome::NotWritten { .. } => return None,
        CreateOutcome::Refused { class: Class::Throttled { .. }, .. } => true,
        CreateOutcome::Refused { .. } | CreateOutcome::Accepted { .. } | CreateOutcome::Unknown { .. } => {
            false
        }
    };
    Some(Echo { call: Call::Create, started, throttled })
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

fn count_retry(ended: &Ended) {
    let Some(user) = &ended.user else { return };
    let Some(delay) = user.again_in else { return };
    metrics::counter!("onboarding_retries_scheduled_total", "reason" => user.reason.label()).increment(1);
    metrics::histogram!("onboarding_retry_delay_seconds").record(delay.as_secs_f64());
}
