//! From a usable number to a message: register → gate → claim → call → outcome.

use std::{sync::Arc, time::Duration};

use shared::{
    domain::{AttemptId, AttemptOutcome, Reason, UserState},
    phone::E164,
    templates::{self, Wording},
};

use tokio::time::Instant;

use super::{
    Interrupted, Verdict, outcome_log,
    settle::{self, Terms},
};
use crate::{
    facts::Facts,
    failpoint,
    observe::traces::Scope,
    registrar::Registration,
    store::{
        attempts::AttemptRef,
        breaker, budget,
        claim::{Granted, Wish},
        known::Known,
        outcome::Ended,
        record::{NewState, Written},
    },
    throttle::{Blame, Call, Echo, Entry, Outage, Pass, Rank, Trip},
    twilio::{Class, CreateMessage, CreateOutcome, FaultScope},
    worker::Worker,
};

/// Method and template of the two calls, for traces.
const LOOKUP: &str = "GET /v2/PhoneNumbers/{PhoneNumber}";
const CREATE: &str = "POST /2010-04-01/Accounts/{AccountSid}/Messages.json";

/// What a call needs to know of its user beside the facts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    /// Delays this user has had.
    pub(super) retries: u32,
    pub(super) entry: Entry,
    pub(super) rank: Rank,
}

/// Welcomes one user. `None`: things changed meanwhile, look again.
pub(super) async fn send(
    worker: &Worker,
    facts: Arc<Facts>,
    mut standing: Standing,
) -> Result<Option<Verdict>, Interrupted> {
    let Ok(phone) = facts.phone.as_ref().map(|p| p.e164) else { return Ok(None) };
    let country = phone.country();
    // Before anything is used up: Lookup, permit, rate.
    match worker.gate.approach(&worker.pool, facts.lane, country, standing.entry).await {
        Ok(entry) => standing.entry = entry,
        Err(trip) => return hold(worker, facts, trip, standing.retries).await,
    }
    let registration = if worker.registrar.skips() {
        worker.registrar.pass()
    } else {
        let permit = worker.gate.permits.take(standing.rank).await;
        // Asked with the permit in hand: many may have waited for it meanwhile.
        if let Err(trip) = worker.gate.check(facts.lane, country, standing.entry) {
            drop(permit);
            return hold(worker, facts, trip, standing.retries).await;
        }
        if worker.registrar.calls() {
            let scope = worker.traces.call(LOOKUP, facts.traceparent.as_deref());
            let traceparent = scope.traceparent(facts.traceparent.as_deref());
            let (registration, echo) = worker.registrar.register(&phone, traceparent.as_deref()).await;
            permit.finish(echo);
            registration
        } else {
            worker.registrar.pass()
        }
    };
    let method = match registration {
        Registration::Registered(method) => method,
        Registration::Invalid => {
            let verdict = Verdict::Rejected(Reason::LookupInvalid);
            let state = NewState::plain(facts.clone(), UserState::Rejected, Some(Reason::LookupInvalid));
            if worker.record.run(state).await? == Written::Superseded {
                return Ok(None);
            }
            outcome_log::uncalled(worker, &facts, verdict);
            return Ok(Some(verdict));
        }
    };
    let message = templates::welcome(facts.language);
    let segments = u32::try_from(message.segments().segments).unwrap_or(1);
    let entered = tokio::select! {
        entered = worker.gate.enter(standing.rank, country, segments, standing.entry) => entered,
        () = worker.stop.cancelled() => return Err(Interrupted::Stopping),
    };
    let pass = match entered {
        Ok(pass) => pass,
        Err(trip) => return hold(worker, facts, trip, standing.retries).await,
    };
    let wish = wish(facts.clone(), &phone, method, message);
    let claimed = Claimed { message_id: wish.message_id, call_before: worker.call_before() };
    let verdict = match worker.claim(facts.lane).run(wish).await? {
        Granted::Yes => {
            return call(worker, &facts, &phone, claimed, message, standing, pass).await.map(Some);
        }
        Granted::Capped => return capped(worker, facts, standing.retries).await,
        Granted::LookAgain => return Ok(None),
        Granted::Shared | Granted::Hers => Verdict::Linked,
        Granted::Suppressed => Verdict::OptedOut,
    };
    outcome_log::uncalled(worker, &facts, verdict);
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
    state.attempt = hers.then(|| AttemptId::from(holder.message_id));
    state.holder = Some(holder.message_id);
    if worker.record.run(state).await? == Written::Superseded {
        return Ok(None);
    }
    outcome_log::uncalled(worker, &facts, Verdict::Linked);
    Ok(Some(Verdict::Linked))
}

/// Stores the user as waiting; the sweeper enqueues them again. `None`: things changed meanwhile, look again.
async fn hold(
    worker: &Worker,
    facts: Arc<Facts>,
    trip: Trip,
    retries: u32,
) -> Result<Option<Verdict>, Interrupted> {
    // The worker that enqueued a waiting user may know earlier than this one that the breaker is closed. If the user waited
    // once more, users who have waited for a shorter time would go first.
    let enqueued_again =
        facts.news.is_none() && trip.reason == Reason::BreakerOpen && trip.ends_with.is_none();
    if enqueued_again && !worker.gate.breaker.is_open_now().await {
        return Ok(None);
    }
    let mut state = NewState::plain(facts.clone(), UserState::Received, Some(trip.reason));
    // Users of a country that is held back come again one by one, not all with its next probe.
    let spread = trip.ends_with.map_or(Duration::ZERO, |_| worker.config.timing.retry.delay(retries));
    state.again_in = Some(trip.again_in + spread);
    if worker.record.run(state).await? == Written::Superseded {
        return Ok(None);
    }
    let mut verdict = Verdict::Deferred(trip.reason);
    if let Some(reason) = trip.ends_with {
        let (user_id, retry_for) = (facts.user_id.as_str(), worker.config.timing.retry_for);
        if Box::pin(breaker::waited(&worker.pool, user_id, retry_for, reason)).await? {
            verdict = Verdict::Failed(reason);
        }
    }
    outcome_log::uncalled(worker, &facts, verdict);
    Ok(Some(verdict))
}

async fn capped(worker: &Worker, facts: Arc<Facts>, retries: u32) -> Result<Option<Verdict>, Interrupted> {
    let wait = Box::pin(budget::until_tomorrow(&worker.pool)).await?;
    worker.gate.breaker.cap(wait);
    hold(worker, facts, Trip::of(Reason::DailyCap, wait), retries).await
}

fn wish(facts: Arc<Facts>, phone: &E164, method: &'static str, message: &Wording) -> Wish {
    let message_id = AttemptId::new();
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
    message_id: AttemptId,
    call_before: Instant,
}

/// The claim is committed: call at once, write what came of it.
async fn call<'a>(
    worker: &'a Worker,
    facts: &Facts,
    phone: &E164,
    claimed: Claimed,
    message: &Wording,
    standing: Standing,
    mut pass: Pass<'a>,
) -> Result<Verdict, Interrupted> {
    let user_id = facts.user_id.to_string();
    let attempt = AttemptRef::welcome(claimed.message_id.uuid());
    failpoint::hit("after_claim");
    if let Err(reason) = may_call(worker, &mut pass, claimed.call_before, standing.entry).await {
        worker.outcome.run(settle::give_back(attempt, user_id, reason)).await?;
        outcome_log::uncalled(worker, facts, Verdict::Deferred(reason));
        return Ok(Verdict::Deferred(reason));
    }
    let callback = worker.callback_url(attempt);
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
    pass.spend();
    let answer = worker.client.create_message(&create).await;
    trace_end(scope, &answer);
    failpoint::hit("after_response");
    pass.finish(echo(started, &answer));
    let blame = inform_breaker(worker, phone, &answer, standing.entry).await;
    let terms = Terms {
        retry: worker.config.timing.retry,
        retries: standing.retries,
        first_check: worker.first_check(),
        blame,
        held_back: worker.gate.breaker.is_open(),
    };
    let ended = settle::settle(attempt, user_id, &answer, terms);
    let verdict = verdict(&ended);
    count_retry(&ended);
    outcome_log::called(worker, facts, phone, &answer, &ended, verdict);
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

/// Tells the breaker what became of a call; returns whose fault a refusal was that may be the account's.
async fn inform_breaker(worker: &Worker, phone: &E164, answer: &CreateOutcome, entry: Entry) -> Blame {
    let (breaker, country) = (&worker.gate.breaker, phone.country());
    let (code, class) = match answer {
        CreateOutcome::Accepted { .. } => {
            breaker.accepted(country, entry);
            return Blame::Recipient;
        }
        CreateOutcome::NotWritten { .. } | CreateOutcome::Unknown { .. } => {
            if let CreateOutcome::Unknown { cause } = answer {
                tracing::warn!(cause = cause.label(), "no definite answer: she may have been texted");
            }
            if let Some(kind) = Outage::of(answer) {
                breaker.indefinite(kind, entry);
            }
            return Blame::Recipient;
        }
        CreateOutcome::Refused { status, code, class, .. } => {
            (code.map_or(Reason::Http(*status), Reason::Error), *class)
        }
    };
    match class {
        Class::Account { scope: FaultScope::Account } => {
            Box::pin(breaker.account_refused(&worker.client, phone.as_str(), entry)).await
        }
        Class::Account { scope: FaultScope::Country } => {
            breaker.definite(entry);
            country.map_or(Blame::Recipient, |country| {
                breaker.hold_country(country, code, false);
                Blame::Country
            })
        }
        Class::Account { scope: FaultScope::Destination } => {
            breaker.definite(entry);
            breaker.destination_refused(country, code, phone.as_str())
        }
        Class::DailyCap => {
            breaker.definite(entry);
            // Without the database's word, an hour is soon enough to look again.
            let wait =
                Box::pin(budget::until_tomorrow(&worker.pool)).await.unwrap_or(Duration::from_secs(3600));
            breaker.cap(wait);
            Blame::Account
        }
        _ => {
            breaker.definite(entry);
            Blame::Recipient
        }
    }
}

/// Not while the worker stops, not once the breaker opened, and not too late, after a long commit or a frozen process:
/// others may have settled the claim as unknown by then.
async fn may_call<'a>(
    worker: &'a Worker,
    pass: &mut Pass<'a>,
    call_before: Instant,
    entry: Entry,
) -> Result<(), Reason> {
    let renewed = pass.is_good()
        || tokio::select! {
            renewed = worker.gate.renew(pass, call_before) => renewed,
            () = worker.stop.cancelled() => false,
        };
    if !renewed || worker.stop.is_cancelled() || Instant::now() > call_before {
        return Err(Reason::GivenBack);
    }
    worker.gate.breaker.check(entry).map_err(|trip| trip.reason)
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
