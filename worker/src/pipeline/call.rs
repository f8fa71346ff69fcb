//! After a committed claim: call Twilio at once, report the call sample to the throttle, and write the outcome.

use std::time::Duration;

use shared::{
    domain::{AttemptOutcome, Reason, UserState},
    templates::Content,
};
use tokio::time::Instant;

use super::{
    context::Pipeline,
    outcome::{Called, Interrupted, Outcome},
    request::{Request, Sent, Standing},
    settle::{self, Terms},
};
use crate::{
    channels::Refusal,
    failpoint,
    observe::traces::Scope,
    store::{attempts::AttemptRef, budget, channel_faults, ended::Ended},
    throttle::{Blame, Call, CallSample, Entry, Load, Outage, SendPermit, slow_down},
    twilio::{Absence, Class, CreateMessage, CreateOutcome, FaultScope},
};

/// Method and template of the call, for traces.
const CREATE: &str = "POST /2010-04-01/Accounts/{AccountSid}/Messages.json";

/// A committed claim, and the last moment at which a call is sure to end within its lease.
pub(super) struct Claimed {
    pub(super) attempt: AttemptRef,
    pub(super) call_before: Instant,
}

/// Makes the call of a committed claim and writes its outcome.
pub(super) async fn call<'a>(
    pipeline: &'a Pipeline,
    request: &Request<'_>,
    standing: Standing,
    claimed: Claimed,
    mut pass: SendPermit<'a>,
) -> Result<Sent, Interrupted> {
    let user_id = request.subject.user_id().to_owned();
    let (attempt, entry, lane) = (claimed.attempt, standing.entry, standing.rank.lane);
    failpoint::hit("after_claim");
    if let Err(reason) = may_call(pipeline, &mut pass, claimed.call_before, standing).await {
        pipeline.statements.outcome.run(settle::give_back(attempt, user_id, reason)).await?;
        return Ok(Sent::GivenBack(reason));
    }
    let (twilio, channel, outer) = (&pipeline.twilio, request.channel, request.subject.traceparent());
    let callback = twilio.callback_url(attempt);
    let scope = pipeline.traces.call(CREATE, outer);
    let traceparent = scope.traceparent(outer);
    let address = channel.address(request.phone.as_str());
    let create = CreateMessage {
        status_callback: callback.as_deref(),
        traceparent: traceparent.as_deref(),
        ..channel.request(&address, request.wording.content())
    };
    failpoint::hold("before_call").await;
    let started = Instant::now();
    pass.spend();
    let answer = twilio.client.create_message(&create).await;
    trace_end(scope, &answer);
    failpoint::hit("after_response");
    pass.finish(echo(started, &answer));
    let blame = inform_breaker(pipeline, request, &answer, entry).await;
    if let (Load::Whatsapp, CreateOutcome::Refused { code: Some(code), .. }) = (request.load(), &answer) {
        Box::pin(slow_down(&pipeline.pool, *code, started.elapsed())).await;
    }
    let terms = Terms {
        retry: pipeline.times.retry,
        retries: standing.retries,
        first_check: pipeline.times.first_check,
        blame,
        held_back: pipeline.throttle.breaker.is_open(lane),
    };
    let classify = |class| channel.classify(class);
    let ended = settle::settle(attempt, user_id, &answer, classify, terms);
    count_retry(&ended);
    let called = called(request, &answer, &ended);
    if let Err(error) = pipeline.statements.outcome.run(ended).await {
        let Called { attempt, sid, error_code, .. } = called;
        tracing::warn!(%attempt, sid, error_code, %error, "the outcome of a call was not stored");
        return Err(error.into());
    }
    failpoint::hit("after_outcome");
    if called.outcome == Outcome::Sent {
        pipeline.meters.sent(request.subject.kind(), channel.name(), request.wording);
    }
    Ok(Sent::Called(called))
}

/// Not while the worker stops, not once the breaker opened, and not too late, after a long commit or a frozen process:
/// others may have settled the claim as unknown by then.
async fn may_call<'a>(
    pipeline: &'a Pipeline,
    pass: &mut SendPermit<'a>,
    call_before: Instant,
    standing: Standing,
) -> Result<(), Reason> {
    let renewed = pass.is_good()
        || tokio::select! {
            renewed = pipeline.throttle.renew(pass, call_before) => renewed,
            () = pipeline.stop.cancelled() => false,
        };
    if !renewed || pipeline.stop.is_cancelled() || Instant::now() > call_before {
        return Err(Reason::GivenBack);
    }
    pipeline.throttle.breaker.check(standing.rank.lane, standing.entry).map_err(|trip| trip.reason)
}

/// The call sample. None: the call never reached Twilio.
fn echo(started: Instant, answer: &CreateOutcome) -> Option<CallSample> {
    let throttled = match answer {
        CreateOutcome::NotWritten { .. } => return None,
        CreateOutcome::Refused { class: Class::Throttled { .. }, .. } => true,
        CreateOutcome::Refused { .. } | CreateOutcome::Accepted { .. } | CreateOutcome::Unknown { .. } => {
            false
        }
    };
    Some(CallSample { call: Call::Create, started, throttled })
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
async fn inform_breaker(
    pipeline: &Pipeline,
    request: &Request<'_>,
    answer: &CreateOutcome,
    entry: Entry,
) -> Blame {
    let (breaker, phone) = (&pipeline.throttle.breaker, request.phone);
    let to = request.destination();
    let (code, class) = match answer {
        CreateOutcome::Accepted { .. } => {
            breaker.accepted(to, entry);
            return Blame::Recipient;
        }
        CreateOutcome::NotWritten { .. } | CreateOutcome::Unknown { .. } => {
            if let CreateOutcome::Unknown { cause } = answer {
                tracing::warn!(cause = cause.label(), "no definite answer: the message may have been sent");
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
    match request.channel.classify(class) {
        Refusal::Fault(FaultScope::Account) => {
            Box::pin(breaker.account_refused(&pipeline.twilio.client, phone.as_str(), entry)).await
        }
        Refusal::Fault(FaultScope::Country) | Refusal::Sender => {
            breaker.definite(entry);
            to.map_or(Blame::Recipient, |to| {
                breaker.hold(to, code, false);
                Blame::Destination
            })
        }
        Refusal::Fault(FaultScope::Destination) => {
            breaker.definite(entry);
            breaker.destination_refused(to, code, phone.as_str())
        }
        Refusal::Template => {
            breaker.definite(entry);
            Box::pin(hold_template(pipeline, request, answer)).await;
            Blame::Recipient
        }
        Refusal::Unreachable(absence) => {
            breaker.definite(entry);
            Box::pin(leave_channel(pipeline, request, absence, code)).await;
            Blame::Recipient
        }
        Refusal::DailyCap => {
            breaker.definite(entry);
            // Where the database does not say, an hour is soon enough to look again.
            let wait =
                Box::pin(budget::until_tomorrow(&pipeline.pool)).await.unwrap_or(Duration::from_secs(3600));
            breaker.cap(wait);
            Blame::Account
        }
        _ => {
            breaker.definite(entry);
            Blame::Recipient
        }
    }
}

/// Holds the template of a message back that Twilio refused for it. Where that cannot be stored, the next refusal does it.
async fn hold_template(pipeline: &Pipeline, request: &Request<'_>, answer: &CreateOutcome) {
    let (Content::Template { content_sid, .. }, CreateOutcome::Refused { code: Some(code), .. }) =
        (request.wording.content(), answer)
    else {
        return;
    };
    if let Err(error) = pipeline.routes.registry.hold(content_sid, *code).await {
        tracing::warn!(content_sid = content_sid.as_str(), code, %error, "the template was not held back");
    }
}

/// Notes that a channel does not reach the recipient, before the message looks for another. Where that
/// cannot be stored, the next refusal does it.
async fn leave_channel(pipeline: &Pipeline, request: &Request<'_>, absence: Absence, code: Reason) {
    let (phone, channel) = (request.phone.as_str(), request.channel.name());
    if let Err(error) = channel_faults::refused(&pipeline.pool, phone, channel, absence, &code.as_str()).await
    {
        tracing::warn!(%code, %error, "it was not noted that the channel does not reach the number");
    }
}

fn called(request: &Request<'_>, answer: &CreateOutcome, ended: &Ended) -> Called {
    let user = ended.user.as_ref();
    Called {
        outcome: outcome(ended),
        phone: *request.phone,
        channel: request.channel.name(),
        attempt: ended.attempt,
        error_code: ended.error_code,
        error_class: error_class(answer),
        sid: ended.accepted.as_ref().map(|a| a.sid.clone()),
        reason: user.map(|u| u.reason),
        again_in: user.and_then(|u| u.again_in),
    }
}

fn outcome(ended: &Ended) -> Outcome {
    match (&ended.user, ended.outcome) {
        (_, AttemptOutcome::Accepted) => Outcome::Sent,
        (Some(user), _) => match user.state {
            UserState::Suppressed => Outcome::OptedOut,
            UserState::Failed => Outcome::Failed(user.reason),
            _ => Outcome::Deferred(user.reason),
        },
        (None, _) => Outcome::Unknown,
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

fn count_retry(ended: &Ended) {
    let Some(user) = &ended.user else { return };
    let Some(delay) = user.again_in else { return };
    metrics::counter!("onboarding_retries_scheduled_total", "reason" => user.reason.label()).increment(1);
    metrics::histogram!("onboarding_retry_delay_seconds").record(delay.as_secs_f64());
}
