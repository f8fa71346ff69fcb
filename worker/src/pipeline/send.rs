//! From a usable number to a claim: register → throttle → claim, and the call.

use shared::domain::{AttemptId, Reason, UserState};

use super::{
    call::{Claimed, call},
    context::Pipeline,
    outcome::Interrupted,
    request::{Request, Sent, Standing},
};
use crate::{
    registrar::Registration,
    store::{
        budget,
        claim::{Granted, Wish},
        record::NewState,
    },
    throttle::Rejection,
};

/// Method and template of the call, for traces.
const LOOKUP: &str = "GET /v2/PhoneNumbers/{PhoneNumber}";

/// Sends one message, unless something holds it back.
pub(super) async fn send(pipeline: &Pipeline, request: &Request<'_>) -> Result<Sent, Interrupted> {
    let (lane, country, mut standing) = (request.user.lane, request.phone.country(), request.standing);
    // Before anything is used up: Lookup, permit, rate.
    match pipeline.throttle.approach(&pipeline.pool, lane, country, standing.entry).await {
        Ok(entry) => standing.entry = entry,
        Err(trip) => return Ok(Sent::HeldBack(trip)),
    }
    let method = match register(pipeline, request, standing).await {
        Ok(Registration::Registered(method)) => method,
        Ok(Registration::Invalid) => return Ok(Sent::NoValidNumber),
        Err(trip) => return Ok(Sent::HeldBack(trip)),
    };
    let segments = u32::try_from(request.content.segments().segments).unwrap_or(1);
    let entered = tokio::select! {
        entered = pipeline.throttle.enter(standing.rank, country, segments, standing.entry) => entered,
        () = pipeline.stop.cancelled() => return Err(Interrupted::Stopping),
    };
    let pass = match entered {
        Ok(pass) => pass,
        Err(trip) => return Ok(Sent::HeldBack(trip)),
    };
    let wish = wish(request, method);
    let claimed = Claimed { message_id: wish.message_id, call_before: pipeline.times.call_before() };
    match pipeline.statements.claim(lane).run(wish).await? {
        Granted::Yes => call(pipeline, request, standing, claimed, pass).await,
        Granted::Capped => {
            // Others may use it while the database is asked.
            drop(pass);
            let wait = Box::pin(budget::until_tomorrow(&pipeline.pool)).await?;
            pipeline.throttle.breaker.cap(wait);
            Ok(Sent::HeldBack(Rejection::of(Reason::DailyCap, wait)))
        }
        other => Ok(Sent::NotClaimed(other)),
    }
}

/// Registers the number, by a call where the method makes one and Lookup answers.
async fn register(
    pipeline: &Pipeline,
    request: &Request<'_>,
    standing: Standing,
) -> Result<Registration, Rejection> {
    let registrar = &pipeline.twilio.registrar;
    if registrar.skips() {
        return Ok(registrar.pass());
    }
    let permit = pipeline.throttle.permits.take(standing.rank).await;
    // Asked with the permit in hand: many may have waited for it meanwhile.
    if let Err(trip) = pipeline.throttle.check(request.user.lane, request.phone.country(), standing.entry) {
        drop(permit);
        return Err(trip);
    }
    if !registrar.calls() {
        return Ok(registrar.pass());
    }
    let outer = request.user.traceparent.as_deref();
    let scope = pipeline.traces.call(LOOKUP, outer);
    let (registration, echo) = registrar.register(request.phone, scope.traceparent(outer).as_deref()).await;
    permit.finish(echo);
    Ok(registration)
}

fn wish(request: &Request<'_>, method: &'static str) -> Wish {
    let message_id = AttemptId::new();
    let mut user = NewState::plain(request.user.clone(), UserState::Registered, None);
    user.attempt = Some(message_id);
    user.method = Some(method);
    Wish {
        user,
        message_id,
        phone: request.phone.as_str().to_owned(),
        body_sha256: *request.content.body_sha256(),
        segments: i16::try_from(request.content.segments().segments).unwrap_or(1),
    }
}
