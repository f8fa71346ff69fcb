//! The way of an event: decode → read the stored state → decide → register → throttle → claim → call → outcome.

mod call;
mod context;
mod fallback;
mod guard;
mod inbound;
mod message;
mod meters;
mod outcome;
mod outcome_log;
mod people;
mod plan;
mod request;
mod route;
mod routes;
mod send;
mod settle;
mod statements;
mod stop_address;
mod waits;
mod welcome;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use shared::{
    consent::doors,
    domain::{Consent, UserId},
    events::{Event, EventTime, Kind, Rejected},
    lane::QueueLane,
};
use tokio::time::Instant;

pub(crate) use context::{Pipeline, Times, Twilio};
pub(crate) use fallback::fall_back;
pub(crate) use guard::Guard;
pub(crate) use inbound::{Inbound, Unfit, decode};
pub(crate) use message::deliver;
pub(crate) use meters::Meters;
pub(crate) use outcome::{Interrupted, Outcome};
pub(crate) use outcome_log::OutcomeLog;
pub(crate) use people::People;
pub(crate) use routes::Routes;
pub(crate) use statements::{Statements, Terms};
pub(crate) use stop_address::StopAddresses;
pub(crate) use waits::Waits;

use crate::{
    facts::{self, Arrival, Facts, Origin},
    failpoint,
    store::{
        batch::BatchError,
        dead_letters::{self, DeadLetter, UNREADABLE_PROPERTIES},
        profiles,
    },
    throttle::Entry,
};
use outcome::Handled;
use welcome::{Welcome, welcome};

/// Handles one delivery, of which `event` was read, to its end, and logs its outcome. `Ok`: everything is committed, the
/// delivery may be acked.
///
/// A thousand of these futures exist at once, so rare branches are boxed.
pub(crate) async fn handle(
    pipeline: &Pipeline,
    inbound: &Inbound,
    event: Result<Event, Unfit>,
) -> Result<Outcome, Interrupted> {
    failpoint::hit("after_delivery");
    failpoint::hit("panic_in_handler");
    failpoint::hit("hang_in_handler");
    let Some(_turn) = pipeline.guard.enter(&pipeline.pool, inbound, &pipeline.stop).await? else {
        let why = "taken up more than 5 times without an end";
        let handled = Box::pin(bury(pipeline, inbound, "crash_loop", why)).await?;
        pipeline.log.handled(inbound, &handled);
        return Ok(handled.outcome());
    };
    let ended = process(pipeline, inbound, event).await.map(|handled| {
        pipeline.log.handled(inbound, &handled);
        handled.outcome()
    });
    pipeline.guard.leave(&pipeline.pool, inbound, ended.as_ref().err()).await?;
    ended
}

/// Makes the call of a stored user of `lane` as the probe of an open breaker, without a queue, and logs its outcome: the
/// call is this worker's.
pub(crate) async fn probe(pipeline: &Pipeline, user_id: &str, lane: QueueLane) -> Result<(), Interrupted> {
    let Ok(user_id) = UserId::parse(user_id) else { return Ok(()) };
    let arrival = Arrival { at: Instant::now(), redelivered: false };
    let origin = Origin { lane, arrival, traceparent: None, event_id: None };
    let entry = Entry { probe: true, ..Entry::default() };
    let welcomed = Box::pin(welcome(pipeline, &user_id, None, Utc::now(), &origin, entry)).await?;
    if let Welcome::Handled(settled) = welcomed {
        pipeline.log.settled(&settled);
    }
    Ok(())
}

async fn process(
    pipeline: &Pipeline,
    inbound: &Inbound,
    event: Result<Event, Unfit>,
) -> Result<Handled, Interrupted> {
    match event {
        Ok(event) => match follow(pipeline, inbound, event).await {
            Err(Interrupted::Batch(BatchError::BadRow(cause))) => {
                Box::pin(bury(pipeline, inbound, "data_error", &cause)).await
            }
            other => other,
        },
        Err(Unfit::Properties(fault)) => {
            Box::pin(bury(pipeline, inbound, UNREADABLE_PROPERTIES, fault)).await
        }
        Err(Unfit::Body(rejected)) => Box::pin(reject(pipeline, inbound, &rejected)).await,
    }
}

/// What an event says, as far as it is handled after the welcome as well.
struct Said {
    at: DateTime<Utc>,
    user_id: UserId,
    /// None: the event is about a stored user.
    signup: Option<Arc<Facts>>,
    consents: Vec<Consent>,
    event_id: Option<String>,
}

/// Reads an event. None: it belongs to another queue.
fn read(pipeline: &Pipeline, inbound: &Inbound, event: Event) -> Option<Said> {
    pipeline.meters.received(inbound, &event);
    let at = match event.time {
        EventTime::At(at) => at,
        EventTime::Missing => inbound.published_at.unwrap_or_else(Utc::now),
        EventTime::Unreadable => {
            metrics::counter!("onboarding_events_unreadable_time_total").increment(1);
            pipeline.log.unreadable_time(inbound);
            facts::NO_TIME
        }
    };
    let user_id = event.kind.user_id().clone();
    let mut said = Said { at, user_id, signup: None, consents: Vec::new(), event_id: event.id };
    match event.kind {
        Kind::SignedUp(mut signup) => {
            people::count_unread(signup.dropped, &signup.profile);
            said.consents = std::mem::take(&mut signup.consents);
            let facts = Facts::of_signup(*signup, at, inbound.origin(), &pipeline.audience);
            pipeline.meters.normalised(&facts.phone);
            said.signup = Some(Arc::new(facts));
        }
        Kind::Stored(_) => {}
        Kind::ProfileChanged(_) | Kind::ConsentChanged(_) | Kind::LossReported { .. } | Kind::Erased(_) => {
            return None;
        }
    }
    Some(said)
}

async fn follow(pipeline: &Pipeline, inbound: &Inbound, event: Event) -> Result<Handled, Interrupted> {
    let Some(said) = read(pipeline, inbound, event) else {
        return Box::pin(reject(pipeline, inbound, &Rejected::UnknownType)).await;
    };
    let Said { at, user_id, signup, consents, event_id } = said;
    let profile = signup.clone().filter(|facts| facts.profile().is_some());
    if let Some(facts) = &signup
        && !consents.is_empty()
        && !Box::pin(people::was_erased(pipeline, &user_id, at)).await?
    {
        // Before the claim, which looks at what is withdrawn.
        let entered = people::of_signup(pipeline, inbound, event_id.as_deref(), facts, &consents, at);
        Box::pin(entered).await?;
    }
    if let Some(facts) = &profile {
        Box::pin(people::joins_household(pipeline, facts, at)).await?;
    }
    match welcome(pipeline, &user_id, signup, at, &inbound.origin(), Entry::default()).await? {
        Welcome::Handled(settled) => {
            if let Some(profile) = profile.as_ref().and_then(|facts| facts.profile()) {
                // The row exists by now.
                Box::pin(profiles::of_signup(&pipeline.pool, user_id.as_str(), profile, at)).await?;
            }
            if settled.silenced {
                Box::pin(doors::follow_losses(&pipeline.pool, Some(&user_id))).await?;
            }
            Ok(Handled::User(*settled))
        }
        Welcome::Unknown => {
            Box::pin(bury(pipeline, inbound, "unknown_user", "no stored user of this id")).await
        }
        Welcome::Erased => {
            metrics::counter!("onboarding_events_of_erased_total").increment(1);
            Ok(Handled::Erased)
        }
    }
}

async fn reject(pipeline: &Pipeline, inbound: &Inbound, rejected: &Rejected) -> Result<Handled, Interrupted> {
    metrics::counter!("onboarding_events_rejected_total", "reason" => rejected.reason()).increment(1);
    bury(pipeline, inbound, rejected.reason(), &rejected.to_string()).await
}

/// Stores a delivery as a dead letter. It is committed before the ack.
async fn bury(
    pipeline: &Pipeline,
    inbound: &Inbound,
    reason: &'static str,
    detail: &str,
) -> Result<Handled, Interrupted> {
    let letter = DeadLetter {
        reason,
        detail,
        lane: Some(inbound.lane),
        routing_key: &inbound.routing_key,
        message_id: inbound.message_id.as_deref(),
        published_at: inbound.published_at,
        headers: &inbound.headers,
        body: &inbound.body,
    };
    Box::pin(dead_letters::bury(&pipeline.pool, &letter)).await?;
    metrics::counter!("onboarding_dead_letters_total", "reason" => reason).increment(1);
    Ok(Handled::DeadLetter { reason, detail: detail.to_owned() })
}
