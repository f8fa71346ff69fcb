//! From a usable number to a claim: register → throttle → claim, and the call.

use std::sync::Arc;

use shared::{
    domain::{AttemptId, Channel, MessageKind, Reason, UserState},
    erasure::Digest,
    templates::Content,
};

use super::{
    call::{Claimed, call},
    context::Pipeline,
    outcome::Interrupted,
    request::{Request, Sent, Standing, Subject},
};
use crate::{
    facts::Facts,
    registrar::Registration,
    store::{
        admission,
        attempts::AttemptRef,
        budget,
        claim::{ClaimRequest, ClaimResult},
        fallback_claim::{FallbackClaim, FallbackRequest},
        fallbacks,
        message_claim::{MessageClaimRequest, MessageClaimResult},
        messages::Due,
        record::NewState,
    },
    throttle::Rejection,
};

/// Method and template of the call, for traces.
const LOOKUP: &str = "GET /v2/PhoneNumbers/{PhoneNumber}";

/// Sends one message, unless something holds it back.
pub(super) async fn send(pipeline: &Pipeline, request: &Request<'_>) -> Result<Sent, Interrupted> {
    let (to, mut standing) = (request.destination(), request.standing);
    let lane = standing.rank.lane;
    // Before anything is used up: Lookup, permit, rate.
    match pipeline.throttle.approach(&pipeline.pool, lane, to, standing.entry).await {
        Ok(entry) => standing.entry = entry,
        Err(trip) => return Ok(Sent::HeldBack(trip)),
    }
    let method = match register(pipeline, request, standing).await {
        Ok(Registration::Registered(method)) => method,
        Ok(Registration::Invalid) => return Ok(Sent::NoValidNumber),
        Err(trip) => return Ok(Sent::HeldBack(trip)),
    };
    let entered = tokio::select! {
        entered = pipeline.throttle.enter(standing.rank, to, request.load(), standing.entry) => entered,
        () = pipeline.stop.cancelled() => return Err(Interrupted::Stopping),
    };
    let pass = match entered {
        Ok(pass) => pass,
        Err(trip) => return Ok(Sent::HeldBack(trip)),
    };
    let call_before = pipeline.times.call_before();
    let attempt = match request.subject {
        Subject::Welcome(facts) => {
            let claim = claim_request(request, facts, method);
            let attempt = AttemptRef::welcome(claim.message_id.uuid());
            match pipeline.statements.claim(facts.lane).run(claim).await? {
                ClaimResult::Yes => attempt,
                ClaimResult::Capped => {
                    // Others may use it while the database is asked.
                    drop(pass);
                    let wait = Box::pin(budget::until_tomorrow(&pipeline.pool)).await?;
                    pipeline.throttle.breaker.cap_welcomes(wait);
                    return Ok(Sent::HeldBack(Rejection::of(Reason::DailyCap, wait)));
                }
                ClaimResult::ChannelFull => {
                    drop(pass);
                    let wait = Box::pin(admission::until_room(&pipeline.pool)).await?;
                    pipeline.throttle.room.is_full(wait.unwrap_or_default());
                    return Ok(Sent::NotClaimed(ClaimResult::ChannelFull));
                }
                other => return Ok(Sent::NotClaimed(other)),
            }
        }
        Subject::Fallback(due, kind) => match Box::pin(claim_fallback(pipeline, request, due, kind)).await? {
            Ok(attempt) => attempt,
            Err(sent) => return Ok(sent),
        },
        Subject::Message(due, kind) => {
            // The wait for the permit may have lasted into the night.
            if let Some(night) = pipeline.waits.night_of_message(&pipeline.pool, kind, due).await? {
                return Ok(Sent::HeldBack(Rejection::of(Reason::Quiet, night)));
            }
            let digest = pipeline.erasure.as_ref().map(|key| key.number(&due.phone_e164));
            let claim = claim_of(request, due, digest);
            let attempt = AttemptRef::of_message(claim.message_id, claim.attempt_id);
            match Box::pin(pipeline.statements.claim_message.run(claim)).await? {
                MessageClaimResult::Yes => attempt,
                other => return Ok(Sent::MessageNotClaimed(other)),
            }
        }
    };
    // Most of the events in hand wait for their turn: the state of a call is not theirs.
    Box::pin(call(pipeline, request, standing, Claimed { attempt, call_before }, pass)).await
}

/// Registers the number, by a call where the method makes one and Lookup answers.
async fn register(
    pipeline: &Pipeline,
    request: &Request<'_>,
    standing: Standing,
) -> Result<Registration, Rejection> {
    let registrar = &pipeline.twilio.registrar;
    if registrar.skips() || !matches!(request.subject, Subject::Welcome(_)) {
        return Ok(registrar.pass());
    }
    let permit = pipeline.throttle.permits.take(standing.rank).await;
    // Asked with the permit in hand: many may have waited for it meanwhile.
    if let Err(trip) = pipeline.throttle.check(standing.rank.lane, request.destination(), standing.entry) {
        drop(permit);
        return Err(trip);
    }
    if !registrar.calls() {
        return Ok(registrar.pass());
    }
    let outer = request.subject.traceparent();
    let scope = pipeline.traces.call(LOOKUP, outer);
    let (registration, echo) = registrar.register(request.phone, scope.traceparent(outer).as_deref()).await;
    permit.finish(echo);
    Ok(registration)
}

fn claim_request(request: &Request<'_>, facts: &Arc<Facts>, method: &'static str) -> ClaimRequest {
    let message_id = AttemptId::new();
    let mut user = NewState::plain(facts.clone(), UserState::Registered, None);
    user.attempt = Some(message_id);
    user.method = Some(method);
    ClaimRequest {
        user,
        message_id,
        phone: request.phone.as_str().to_owned(),
        channel: request.channel.name().parse().unwrap_or(Channel::Sms),
        content_sid: content_sid(request),
        body_sha256: *request.wording.sha256(),
        segments: i16::try_from(request.wording.segments().segments).unwrap_or(1),
    }
}

fn claim_of(request: &Request<'_>, due: &Due, digest: Option<Digest>) -> MessageClaimRequest {
    MessageClaimRequest {
        message_id: due.message_id,
        attempt_id: AttemptId::new().uuid(),
        user_id: due.user_id.clone(),
        channel: request.channel.name(),
        body_sha256: *request.wording.sha256(),
        content_sid: content_sid(request),
        segments: i16::try_from(request.wording.segments().segments).unwrap_or(1),
        traceparent: due.traceparent.clone(),
        digest,
    }
}

/// The template of a message; none for a text.
fn content_sid(request: &Request<'_>) -> Option<String> {
    match request.wording.content() {
        Content::Text(_) => None,
        Content::Template { content_sid, .. } => Some(content_sid.to_string()),
    }
}

/// Claims a fallback. `Err`: it was not claimed.
async fn claim_fallback(
    pipeline: &Pipeline,
    request: &Request<'_>,
    due: &fallbacks::Due,
    kind: MessageKind,
) -> Result<Result<AttemptRef, Sent>, Interrupted> {
    let attempt_id = AttemptId::new().uuid();
    let claim = FallbackRequest {
        first: due.first,
        attempt_id,
        body_sha256: *request.wording.sha256(),
        segments: i16::try_from(request.wording.segments().segments).unwrap_or(1),
        digest: pipeline.erasure.as_ref().map(|key| key.number(request.phone.as_str())),
        consent_required: pipeline.waits.rules.consent_required,
    };
    Ok(match pipeline.statements.claim_fallback.run(&claim).await? {
        FallbackClaim::Yes => Ok(AttemptRef {
            message_id: if kind == MessageKind::Welcome { attempt_id } else { due.first.message_id },
            attempt_id,
            ..due.first
        }),
        FallbackClaim::Capped => {
            let wait = budget::until_tomorrow(&pipeline.pool).await?;
            Err(Sent::HeldBack(Rejection::of(Reason::DailyCap, wait)))
        }
        other => Err(Sent::FallbackNotClaimed(other)),
    })
}
