//! The way of an event: decode → look up what is known → decide → register → gate → claim → call → outcome.

mod guard;
mod inbound;
mod meters;
mod outcome;
mod outcome_log;
mod plan;
mod send;
mod settle;

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use shared::{
    domain::{Reason, RetryPolicy, UserId, UserState, decision::Decision},
    events::{self, Event, EventTime, Kind, Rejected},
    lane::Lane,
};
use tokio::time::Instant;

pub(crate) use guard::{InHand, Spared, Turns};
pub(crate) use inbound::Inbound;
pub(crate) use meters::Meters;
pub(crate) use outcome::{Interrupted, Verdict};

use crate::{
    facts::{self, Arrival, Facts, Origin, StoredNumber},
    failpoint,
    store::{
        batch::BatchError,
        dead_letters::{self, DeadLetter, UNREADABLE_PROPERTIES},
        details,
        known::{Known, Question},
        record::{NewState, Written},
        tries,
    },
    throttle::{Entry, Rank},
    worker::Worker,
};
use send::Standing;

/// Newer data may come in between two looks. After the first two, each look waits longer than the one before.
const LOOKS: u32 = 8;
const LOOK_AGAIN: RetryPolicy = RetryPolicy { base: Duration::from_millis(50), max: Duration::from_secs(2) };

/// Handles one delivery to its end. `Ok`: everything is committed, the delivery may be acked.
///
/// A thousand of these futures exist at once, so what is rarely needed is boxed.
pub(crate) async fn handle(worker: &Worker, inbound: &Inbound) -> Result<Verdict, Interrupted> {
    failpoint::hit("after_delivery");
    failpoint::hit("panic_in_handler");
    failpoint::hit("hang_in_handler");
    let Some(_turn) = guard::take(worker, inbound).await? else {
        return bury(worker, inbound, "crash_loop", "taken up more than 5 times without an end").await;
    };
    let ended = match decode(inbound) {
        Ok(event) => match welcome(worker, inbound, event).await {
            Err(Interrupted::Batch(BatchError::BadRow(cause))) => {
                bury(worker, inbound, "data_error", &cause).await
            }
            other => other,
        },
        Err(Unfit::Properties(fault)) => bury(worker, inbound, UNREADABLE_PROPERTIES, fault).await,
        Err(Unfit::Body(rejected)) => reject(worker, inbound, &rejected).await,
    };
    match &ended {
        // The message caused neither, so its next delivery does not count as one after a crash.
        Err(interrupted) if interrupted.is_database() || interrupted.is_of_one_delivery() => {
            worker.spared.insert(inbound.key());
        }
        // A worker that is told to stop is not one that crashed.
        Ok(_) | Err(Interrupted::Stopping | Interrupted::Batch(BatchError::Stopping))
            if inbound.arrival.redelivered =>
        {
            Box::pin(tries::forget(&worker.pool, &inbound.key())).await?;
        }
        _ => {}
    }
    ended
}

/// Why a delivery is a dead letter before anything of it is looked up.
enum Unfit {
    Properties(&'static str),
    Body(Rejected),
}

fn decode(inbound: &Inbound) -> Result<Event, Unfit> {
    if let Some(fault) = inbound.screened.unreadable {
        return Err(Unfit::Properties(fault));
    }
    if let Some(bytes) = inbound.screened.body_bytes {
        return Err(Unfit::Body(Rejected::TooLarge(usize::try_from(bytes).unwrap_or(usize::MAX))));
    }
    events::decode(&inbound.body).map_err(Unfit::Body)
}

async fn welcome(worker: &Worker, inbound: &Inbound, event: Event) -> Result<Verdict, Interrupted> {
    worker.meters.received(inbound, &event);
    let at = match event.time {
        EventTime::At(at) => at,
        EventTime::Missing => inbound.published_at.unwrap_or_else(Utc::now),
        EventTime::Unreadable => {
            metrics::counter!("onboarding_events_unreadable_time_total").increment(1);
            outcome_log::unreadable_time(worker, inbound);
            facts::NO_TIME
        }
    };
    let user_id = match &event.kind {
        Kind::SignedUp(signup) => signup.user_id.clone(),
        Kind::Stored(user_id) => user_id.clone(),
    };
    let news = match event.kind {
        Kind::SignedUp(signup) => {
            let facts = Facts::of_signup(*signup, at, inbound.origin(), &worker.config.audience);
            worker.meters.normalised(&facts.phone);
            Some(Arc::new(facts))
        }
        Kind::Stored(_) => None,
    };
    match follow(worker, &user_id, news, at, &inbound.origin(), Entry::default()).await? {
        Some(verdict) => Ok(verdict),
        None => bury(worker, inbound, "unknown_user", "no stored user of this id").await,
    }
}

/// Welcomes a stored user of `lane` as the probe of an open breaker, without a queue: the call is this worker's.
pub(crate) async fn probe(worker: &Worker, user_id: &str, lane: Lane) -> Result<(), Interrupted> {
    let Ok(user_id) = UserId::parse(user_id) else { return Ok(()) };
    let arrival = Arrival { at: Instant::now(), redelivered: false };
    let origin = Origin { lane, arrival, traceparent: None, event_id: None };
    let entry = Entry { probe: true, ..Entry::default() };
    Box::pin(follow(worker, &user_id, None, Utc::now(), &origin, entry)).await?;
    Ok(())
}

/// Looks at a user until a look leads to an end. `None`: no such user is stored.
async fn follow(
    worker: &Worker,
    user_id: &UserId,
    mut news: Option<Arc<Facts>>,
    at: DateTime<Utc>,
    origin: &Origin,
    entry: Entry,
) -> Result<Option<Verdict>, Interrupted> {
    let lane = origin.lane;
    for look in 0..LOOKS {
        if let Some(waits) = look.checked_sub(2) {
            tokio::select! {
                () = tokio::time::sleep(LOOK_AGAIN.delay(waits)) => {}
                () = worker.stop.cancelled() => return Err(Interrupted::Stopping),
            }
        }
        let phone = news.as_ref().and_then(|f| f.e164().map(str::to_owned));
        let known = worker.known(lane).run(Question { user_id: user_id.to_string(), phone }).await?;
        failpoint::hold("after_look").await;
        if news.is_some() && known.user.as_ref().is_some_and(|u| u.changed_at > at) {
            // Older than what is stored: it changes nothing, yet it is a reason to welcome her.
            news = None;
            continue;
        }
        let facts = match (&news, &known.user) {
            (Some(facts), _) => facts.clone(),
            (None, Some(_)) => Arc::new(stored_facts(worker, user_id, &known, origin.clone())),
            (None, None) => return Ok(None),
        };
        if let Some(verdict) = act(worker, facts, &known, entry).await? {
            return Ok(Some(verdict));
        }
    }
    Err(Interrupted::Restless)
}

/// `None`: things changed meanwhile, look again.
async fn act(
    worker: &Worker,
    facts: Arc<Facts>,
    known: &Known,
    entry: Entry,
) -> Result<Option<Verdict>, Interrupted> {
    match plan::decide(&facts, known) {
        Decision::Skip(skip) => {
            let newer = facts.is_newer_than(known.user.as_ref().map(|u| u.changed_at));
            if newer && details::keep(&worker.pool, &facts).await? == Written::Superseded {
                return Ok(None);
            }
            let verdict = Verdict::Skipped(skip);
            outcome_log::uncalled(worker, &facts, verdict);
            Ok(Some(verdict))
        }
        Decision::Reject(why) => {
            let reason = Reason::Number(why);
            let state = NewState::plain(facts.clone(), UserState::Rejected, Some(reason));
            if worker.record.run(state).await? == Written::Superseded {
                return Ok(None);
            }
            outcome_log::uncalled(worker, &facts, Verdict::Rejected(reason));
            Ok(Some(Verdict::Rejected(reason)))
        }
        Decision::Link => send::link(worker, facts, known).await,
        Decision::Send => {
            let retries = known.user.as_ref().map_or(0, |u| u.retries);
            let retries = u32::try_from(retries).unwrap_or(0);
            let since = facts.news.as_ref().map(|n| n.at).or(known.user.as_ref().map(|u| u.changed_at));
            let rank = Rank::new(facts.lane, facts.arrival.at, since.unwrap_or_else(Utc::now));
            send::send(worker, facts, Standing { retries, entry, rank }).await
        }
    }
}

fn stored_facts(worker: &Worker, user_id: &UserId, known: &Known, origin: Origin) -> Facts {
    let user = known.user.as_ref();
    let stored = StoredNumber {
        phone_raw: user.map_or("", |u| &u.phone_raw),
        country_hint: user.and_then(|u| u.country_hint.as_deref()),
        language: user.and_then(|u| u.language.as_deref()),
    };
    let facts = Facts::of_stored(user_id.clone(), stored, origin, &worker.config.audience);
    worker.meters.normalised(&facts.phone);
    facts
}

async fn reject(worker: &Worker, inbound: &Inbound, rejected: &Rejected) -> Result<Verdict, Interrupted> {
    metrics::counter!("onboarding_events_rejected_total", "reason" => rejected.reason()).increment(1);
    bury(worker, inbound, rejected.reason(), &rejected.to_string()).await
}

/// Keeps a delivery for a person; committed before it is acked.
async fn bury(
    worker: &Worker,
    inbound: &Inbound,
    reason: &'static str,
    detail: &str,
) -> Result<Verdict, Interrupted> {
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
    Box::pin(dead_letters::bury(&worker.pool, &letter)).await?;
    metrics::counter!("onboarding_dead_letters_total", "reason" => reason).increment(1);
    outcome_log::buried(worker, inbound, reason, detail);
    Ok(Verdict::DeadLetter)
}
