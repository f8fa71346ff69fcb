//! Processes an event for its user: reads the stored state, decides, and carries out the decision.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use shared::{
    consent::doors,
    domain::{
        AttemptId, Channel, Reason, RetryPolicy, UserId, UserState,
        channel_choice::Choice,
        decision::{Conditions, Decision, Wait},
    },
    phone::E164,
};

use super::{
    context::Pipeline,
    outcome::{Called, HandledUser, Interrupted, Outcome},
    plan,
    request::{Request, Sent, Standing, Subject},
    route::{self, Route, route},
    send::send,
    waits::{TALK_AGAIN, Waits},
};
use crate::{
    facts::{Facts, Origin, StoredNumber},
    failpoint,
    store::{
        breaker,
        claim::ClaimResult,
        profiles,
        record::{self, NewState, Written},
        stored_state::{StateQuery, StateRows},
    },
    throttle::{Entry, Rank, Rejection},
};

/// Newer data may come in between two looks. After the first two, each look waits longer than the one before.
const LOOKS: u32 = 8;
const LOOK_AGAIN: RetryPolicy = RetryPolicy { base: Duration::from_millis(50), max: Duration::from_secs(2) };

/// How a look at a user ended. `None`: things changed meanwhile, look again.
type Look = Result<Option<(Outcome, Option<Called>)>, Interrupted>;

/// What became of an event for a user.
pub(super) enum Welcome {
    Handled(Box<HandledUser>),
    /// No such user is stored.
    Unknown,
    /// The event is from before the erasure of its user, and is ignored.
    Erased,
}

/// Looks at a user until a look leads to an end.
pub(super) async fn welcome(
    pipeline: &Pipeline,
    user_id: &UserId,
    mut signup: Option<Arc<Facts>>,
    at: DateTime<Utc>,
    origin: &Origin,
    entry: Entry,
) -> Result<Welcome, Interrupted> {
    let lane = origin.lane;
    for look in 0..LOOKS {
        if let Some(waits) = look.checked_sub(2) {
            tokio::select! {
                () = tokio::time::sleep(LOOK_AGAIN.delay(waits)) => {}
                () = pipeline.stop.cancelled() => return Err(Interrupted::Stopping),
            }
        }
        let phone = signup.as_ref().and_then(|f| f.e164().map(str::to_owned));
        let digest = pipeline.erasure.as_ref().map(|key| key.user(user_id));
        let query = StateQuery { user_id: user_id.to_string(), phone, digest };
        let stored = pipeline.statements.state(lane).run(query).await?;
        failpoint::hold("after_look").await;
        if stored.erased_as_of.is_some_and(|as_of| at <= as_of || signup.is_none() && stored.user.is_none()) {
            return Ok(Welcome::Erased);
        }
        if let Some(older) = signup.take_if(|_| stored.user.as_ref().is_some_and(|u| u.changed_at > at)) {
            // The event is older than the stored data. It adds what a row lacks that had no signup yet, changes nothing
            // else, and is a reason to welcome the user.
            Box::pin(profiles::complete(&pipeline.pool, &older)).await?;
            continue;
        }
        let facts = match (&signup, &stored.user) {
            (Some(facts), _) => facts.clone(),
            (None, Some(_)) => Arc::new(stored_facts(pipeline, user_id, &stored, origin.clone())),
            (None, None) => return Ok(Welcome::Unknown),
        };
        if let Some((outcome, call)) = act(pipeline, &facts, &stored, entry).await? {
            // By a stop or a loss of the user, from before this look or since.
            let silenced = stored.silenced || outcome == Outcome::OptedOut;
            let handled = HandledUser { facts, outcome, call, silenced };
            return Ok(Welcome::Handled(Box::new(handled)));
        }
    }
    Err(Interrupted::Restless)
}

fn stored_facts(pipeline: &Pipeline, user_id: &UserId, stored: &StateRows, origin: Origin) -> Facts {
    let user = stored.user.as_ref();
    let number = StoredNumber {
        phone_raw: user.map_or("", |u| &u.phone_raw),
        country_hint: user.and_then(|u| u.country_hint.as_deref()),
        language: user.and_then(|u| u.language.as_deref()),
    };
    let facts = Facts::of_stored(user_id.clone(), number, origin, &pipeline.audience);
    pipeline.meters.normalised(&facts.phone);
    facts
}

async fn act(pipeline: &Pipeline, facts: &Arc<Facts>, stored: &StateRows, entry: Entry) -> Look {
    let phone = facts.phone.as_ref().ok().map(|phone| phone.e164);
    let mut channel = Channel::Sms;
    let decision = match (plan::decide(facts, stored), &phone) {
        (Decision::Send, Some(phone)) => {
            let choice = match route::only_channel(pipeline) {
                Some(choice) => choice,
                None => Box::pin(route::choose_channel(pipeline, facts, stored, phone)).await?,
            };
            if let Choice::Send(chosen) = choice {
                channel = chosen;
            }
            let quiet = pipeline.waits.looks_at_night(facts)
                && Box::pin(pipeline.waits.night_of(&pipeline.pool, facts, stored)).await?.is_some();
            Decision::Send.under(Conditions { choice, quiet, talking: stored.talking })
        }
        (other, _) => other,
    };
    match decision {
        Decision::Skip(skip) => {
            let newer = facts.is_newer_than(stored.user.as_ref().map(|u| u.changed_at));
            if newer && record::keep_details(&pipeline.pool, facts).await? == Written::Superseded {
                return Ok(None);
            }
            Ok(Some((Outcome::Skipped(skip), None)))
        }
        Decision::Reject(why) => reject(pipeline, facts, Reason::Number(why)).await,
        Decision::Link => link(pipeline, facts, stored).await,
        Decision::Send => {
            let Some(phone) = phone else { return Ok(None) };
            match route(pipeline, facts, stored, &phone, channel).await? {
                Some(route) => send_welcome(pipeline, facts, stored, (phone, route), entry).await,
                None => Box::pin(hold_back(pipeline, facts, stored, Wait::NoTemplate)).await,
            }
        }
        Decision::Wait(why) => Box::pin(hold_back(pipeline, facts, stored, why)).await,
    }
}

/// The number cannot be texted.
async fn reject(pipeline: &Pipeline, facts: &Arc<Facts>, reason: Reason) -> Look {
    let state = NewState::plain(facts.clone(), UserState::Rejected, Some(reason));
    if pipeline.statements.record.run(state).await? == Written::Superseded {
        return Ok(None);
    }
    Ok(Some((Outcome::Rejected(reason), None)))
}

/// The number is held: registers the user without a message, unless it is their own attempt that holds it.
async fn link(pipeline: &Pipeline, facts: &Arc<Facts>, stored: &StateRows) -> Look {
    let Some(holder) = &stored.holder else { return Ok(None) };
    let own = holder.user_id == facts.user_id.as_str();
    let mut state =
        NewState::plain(facts.clone(), UserState::Registered, (!own).then_some(Reason::SharedPhone));
    state.method = Some("none");
    state.attempt = own.then(|| AttemptId::from(holder.message_id));
    state.holder = Some(holder.message_id);
    if pipeline.statements.record.run(state).await? == Written::Superseded {
        return Ok(None);
    }
    Ok(Some((Outcome::Linked, None)))
}

async fn send_welcome(
    pipeline: &Pipeline,
    facts: &Arc<Facts>,
    stored: &StateRows,
    (phone, route): (E164, Route),
    entry: Entry,
) -> Look {
    let retries = stored.user.as_ref().map_or(0, |u| u.retries);
    let retries = u32::try_from(retries).unwrap_or(0);
    let since = facts.signup.as_ref().map(|n| n.at).or(stored.user.as_ref().map(|u| u.changed_at));
    let rank = Rank::new(facts.lane, facts.arrival.at, since.unwrap_or_else(Utc::now));
    let standing = Standing { retries, entry, rank };
    let Some(channel) = pipeline.twilio.channels.find(route.channel.as_str()) else {
        return Box::pin(hold_back(pipeline, facts, stored, Wait::NoTemplate)).await;
    };
    let wording = route.wording.get();
    let request = Request { subject: Subject::Welcome(facts), channel, phone: &phone, wording, standing };
    match send(pipeline, &request).await? {
        Sent::Called(call) => Ok(Some((call.outcome, Some(call)))),
        Sent::GivenBack(reason) => Ok(Some((Outcome::Deferred(reason), None))),
        Sent::HeldBack(trip) => wait(pipeline, facts, trip, retries).await,
        Sent::NoValidNumber => reject(pipeline, facts, Reason::LookupInvalid).await,
        Sent::NotClaimed(ClaimResult::Shared | ClaimResult::Hers | ClaimResult::WelcomedBefore) => {
            Ok(Some((Outcome::Linked, None)))
        }
        Sent::NotClaimed(ClaimResult::StoppedBefore) => {
            if let Some(key) = &pipeline.erasure {
                let digest = key.number(phone.as_str());
                Box::pin(doors::restore_stop(&pipeline.pool, &phone, &digest)).await?;
            }
            Ok(None)
        }
        Sent::NotClaimed(ClaimResult::Suppressed) => Ok(Some((Outcome::OptedOut, None))),
        // Another channel may carry it, or it waits.
        Sent::NotClaimed(_) | Sent::MessageNotClaimed(_) | Sent::FallbackNotClaimed(_) => Ok(None),
    }
}

/// Stores the user as waiting for the day or for a consent, however long it takes. It does not count as a retry.
async fn hold_back(pipeline: &Pipeline, facts: &Arc<Facts>, stored: &StateRows, why: Wait) -> Look {
    let reason = why.reason();
    let mut state = NewState::plain(facts.clone(), UserState::Received, Some(reason));
    let written = match why {
        Wait::Quiet => {
            // The day may have begun since.
            let night = pipeline.waits.night_of(&pipeline.pool, facts, stored).await?;
            let Some(night) = night else { return Ok(None) };
            state.again_in = Some(night);
            pipeline.statements.record.run(state).await?
        }
        Wait::NoConsent => {
            let since = stored.user.as_ref().map(|user| user.changed_at);
            state.again_in = Some(Waits::look_again(since));
            record::unless_consented(&pipeline.pool, &state, pipeline.erasure.as_ref()).await?
        }
        Wait::Conversation => {
            state.again_in = Some(TALK_AGAIN);
            pipeline.statements.record.run(state).await?
        }
        Wait::NoTemplate | Wait::Unreachable => {
            let since = stored.user.as_ref().map(|user| user.changed_at);
            let fault = stored.whatsapp.and_then(|whatsapp| whatsapp.unreachable_for);
            state.again_in = Some(fault.unwrap_or_default().max(Waits::look_again(since)));
            pipeline.statements.record.run(state).await?
        }
        Wait::ChannelFull | Wait::ChannelHeld => {
            let signed_up = facts.signup.as_ref().map(|signup| signup.at);
            let since = signed_up.or(stored.user.as_ref().map(|user| user.changed_at));
            state.again_in = Some(pipeline.routes.look_again(&pipeline.throttle, stored, since));
            let written = pipeline.statements.record.run(state).await?;
            record::waits_for_channel(&pipeline.pool, facts.user_id.as_str()).await?;
            written
        }
    };
    Ok((written == Written::Yes).then_some((Outcome::Deferred(reason), None)))
}

/// Stores the user as waiting; the sweeper enqueues them again.
async fn wait(pipeline: &Pipeline, facts: &Arc<Facts>, trip: Rejection, retries: u32) -> Look {
    // The worker that enqueued a waiting user may know earlier than this one that the breaker is closed. If the user waited
    // once more, users who have waited for a shorter time would go first.
    let fleet = trip.reason == Reason::BreakerOpen && trip.ends_with.is_none() && !trip.channel;
    let enqueued_again = facts.signup.is_none() && fleet;
    if enqueued_again && !pipeline.throttle.breaker.is_open_now(facts.lane.lane()).await {
        return Ok(None);
    }
    let mut state = NewState::plain(facts.clone(), UserState::Received, Some(trip.reason));
    // Users of a country or channel that is held back come again one by one, not all with its next probe.
    let alone = trip.ends_with.is_some() || trip.channel;
    let spread = if alone { pipeline.times.retry.delay(retries) } else { Duration::ZERO };
    state.again_in = Some(trip.again_in + spread);
    if pipeline.statements.record.run(state).await? == Written::Superseded {
        return Ok(None);
    }
    if trip.channel {
        Box::pin(record::waits_for_channel(&pipeline.pool, facts.user_id.as_str())).await?;
    }
    if let Some(reason) = trip.ends_with {
        let (user_id, retry_for) = (facts.user_id.as_str(), pipeline.times.retry_for);
        if Box::pin(breaker::waited(&pipeline.pool, user_id, retry_for, reason)).await? {
            return Ok(Some((Outcome::Failed(reason), None)));
        }
    }
    Ok(Some((Outcome::Deferred(trip.reason), None)))
}
