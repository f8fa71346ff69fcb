//! The way of a message that did not arrive by WhatsApp, and may go by SMS: text → throttle → claim → call → outcome.

use chrono::Utc;
use shared::{
    domain::{Channel, MessageKind, Reason},
    lane::Lane,
    phone::E164,
    templates::{self, Language},
};
use tokio::time::Instant;

use super::{
    context::Pipeline,
    outcome::{Interrupted, Outcome},
    request::{Request, Sent, Standing, Subject},
    route::RouteWording,
    send::send,
};
use crate::{
    store::{
        fallback_claim::FallbackClaim,
        fallbacks::{self, Due},
    },
    throttle::{Entry, Rank},
};

/// Sends a fallback that is due, and logs its outcome. Its outcome is committed. If something holds it back, it is due again
/// later, and no longer than to its end.
pub(crate) async fn fall_back(pipeline: &Pipeline, due: &Due) -> Result<(), Interrupted> {
    let started = Instant::now();
    let outcome = match prepare(pipeline, due).await? {
        Ok(prepared) => prepared.send(pipeline, due, started).await?,
        Err(reason) => {
            fallbacks::end(&pipeline.pool, due.first, reason).await?;
            Outcome::Dropped(reason)
        }
    };
    metrics::counter!("onboarding_fallbacks_total", "result" => outcome.as_str()).increment(1);
    pipeline.log.fallback(due, outcome, started);
    Ok(())
}

struct Prepared {
    kind: MessageKind,
    phone: E164,
    lane: Lane,
    wording: RouteWording,
}

async fn prepare(pipeline: &Pipeline, due: &Due) -> Result<Result<Prepared, &'static str>, Interrupted> {
    let (Ok(kind), Ok(lane)) = (due.kind.parse::<MessageKind>(), due.lane.parse::<Lane>()) else {
        return Ok(Err("unknown_here"));
    };
    if !pipeline.routes.listed(kind).contains(&Channel::Sms) {
        return Ok(Err("not_listed"));
    }
    let Ok(phone) = E164::parse(&due.phone_e164) else { return Ok(Err("number_error")) };
    // An attempt that was recorded after a restored backup may have none.
    let language = Language::of_tag_or(Some(&due.language), pipeline.audience.language);
    let wording = match (kind, lane.queue()) {
        (MessageKind::Welcome, Some(queue)) => super::route::text(pipeline, language, &phone, queue).await?,
        _ => match templates::of(kind, &due.slot, language) {
            Some(wording) => RouteWording::Catalogue(wording),
            None => return Ok(Err("no_text")),
        },
    };
    Ok(Ok(Prepared { kind, phone, lane, wording }))
}

impl Prepared {
    async fn send(&self, pipeline: &Pipeline, due: &Due, started: Instant) -> Result<Outcome, Interrupted> {
        if let Some(night) = pipeline.waits.night_of_fallback(&pipeline.pool, self.kind, due).await? {
            fallbacks::postpone(&pipeline.pool, due.first, night).await?;
            return Ok(Outcome::Deferred(Reason::Quiet));
        }
        let rank = Rank::new(self.lane, started, Utc::now());
        let request = Request {
            subject: Subject::Fallback(due, self.kind),
            channel: pipeline.twilio.channels.sms(),
            phone: &self.phone,
            wording: self.wording.get(),
            standing: Standing { retries: 0, entry: Entry::default(), rank },
        };
        Ok(match send(pipeline, &request).await? {
            Sent::Called(call) => call.outcome,
            Sent::GivenBack(reason) => Outcome::Deferred(reason),
            Sent::HeldBack(trip) => {
                let again_in = trip.again_in + pipeline.times.retry.delay(0);
                fallbacks::postpone(&pipeline.pool, due.first, again_in).await?;
                Outcome::Deferred(trip.reason)
            }
            Sent::FallbackNotClaimed(FallbackClaim::Refused) => Outcome::OptedOut,
            _ => Outcome::Dropped("handled_already"),
        })
    }
}
