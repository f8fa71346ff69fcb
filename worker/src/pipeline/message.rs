//! The way of a stored message of any kind but the welcome: render → throttle → claim → call → outcome. Due messages
//! wait in Postgres, not in a queue, because a message in the broker would outlive its reason.

use std::time::Duration;

use shared::{
    domain::{MessageKind, Reason},
    lane::Lane,
    phone::E164,
    templates::{self, Content, Language, Wording},
};
use tokio::time::Instant;

use super::{
    context::Pipeline,
    outcome::{Called, Interrupted, Outcome},
    request::{Request, Sent, Standing, Subject},
    send::send,
    waits::TALK_AGAIN,
};
use crate::{
    inbox::Keyring,
    store::{
        batch::BatchError,
        message_claim::MessageClaimResult,
        messages::{self, Due},
    },
    throttle::{Entry, Rank},
};

/// Why a message cannot be sent, as stored.
const CONTENT_ERROR: &str = "content_error";
const NO_TEXT: &str = "no_text";
const NO_CHANNEL: &str = "no_channel";
const NUMBER_ERROR: &str = "number_error";
const DATA_ERROR: &str = "data_error";
const NO_KEY: &str = "no_key";
/// So long a message waits of which this worker does not know the kind, the channel or the text.
const UNKNOWN_HERE: Duration = Duration::from_secs(300);

/// Sends a stored message that is due in `lane`, and logs its outcome. Its outcome is committed. If the throttle holds
/// the message back, it is due again later.
pub(crate) async fn deliver(pipeline: &Pipeline, due: &Due, lane: Lane) -> Result<Outcome, Interrupted> {
    let started = Instant::now();
    let (outcome, call) = match prepare(pipeline, due, lane, started) {
        Ok(prepared) => match prepared.send_by_day(pipeline, due).await {
            Err(Interrupted::Batch(BatchError::BadRow(_))) => (skip(pipeline, due, DATA_ERROR).await?, None),
            sent => sent?,
        },
        Err(NUMBER_ERROR) => (skip(pipeline, due, NUMBER_ERROR).await?, None),
        // A worker of a later release may know it. Until then the message waits, at the latest to its expiry.
        Err(reason) => {
            messages::postpone(&pipeline.pool, due.message_id, reason, UNKNOWN_HERE).await?;
            (Outcome::Postponed(reason), None)
        }
    };
    pipeline.log.message(due, lane, started, outcome, call.as_ref());
    Ok(outcome)
}

async fn skip(pipeline: &Pipeline, due: &Due, reason: &'static str) -> Result<Outcome, Interrupted> {
    messages::skip(&pipeline.pool, due.message_id, reason).await?;
    Ok(Outcome::Dropped(reason))
}

/// What a message is sent with.
struct Prepared {
    kind: MessageKind,
    phone: E164,
    wording: Rendered,
    standing: Standing,
}

/// A wording of the catalogue, or one of this message alone.
enum Rendered {
    Catalogue(&'static Wording),
    Own(Wording),
}

impl Rendered {
    fn wording(&self) -> &Wording {
        match self {
            Self::Catalogue(wording) => wording,
            Self::Own(wording) => wording,
        }
    }
}

fn prepare(pipeline: &Pipeline, due: &Due, lane: Lane, now: Instant) -> Result<Prepared, &'static str> {
    let kind: MessageKind = due.kind.parse().map_err(|_| NO_TEXT)?;
    let phone = E164::parse(&due.phone_e164).map_err(|_| NUMBER_ERROR)?;
    pipeline.twilio.channels.find(&due.channel).ok_or(NO_CHANNEL)?;
    let retries = u32::try_from(due.retries).unwrap_or(0);
    let standing = Standing { retries, entry: Entry::default(), rank: Rank::new(lane, now, due.since) };
    Ok(Prepared { kind, phone, wording: render(pipeline.inbox_keys.as_ref(), kind, due)?, standing })
}

fn render(keys: Option<&Keyring>, kind: MessageKind, due: &Due) -> Result<Rendered, &'static str> {
    let language: Language = due.language.parse().map_err(|_| NO_TEXT)?;
    if let Some(sealed) = &due.sealed {
        let opened = keys.and_then(|keys| keys.open(&due.message_id.to_string(), sealed).ok());
        let text = String::from_utf8(opened.ok_or(NO_KEY)?).map_err(|_| CONTENT_ERROR)?;
        return Ok(Rendered::Own(Wording::new(language, Content::Text(text.into()))));
    }
    match &due.content {
        Some(content) => {
            let content = serde_json::from_value::<Content>(content.clone()).map_err(|_| CONTENT_ERROR)?;
            Ok(Rendered::Own(Wording::new(language, content)))
        }
        None => templates::of(kind, &due.slot, language).map(Rendered::Catalogue).ok_or(NO_TEXT),
    }
}

impl Prepared {
    /// Sends the message, unless it is night where the recipient is: then it waits, and no longer than to its expiry.
    async fn send_by_day(
        &self,
        pipeline: &Pipeline,
        due: &Due,
    ) -> Result<(Outcome, Option<Called>), Interrupted> {
        let Some(night) = pipeline.waits.night_of_message(&pipeline.pool, self.kind, due).await? else {
            return self.send(pipeline, due).await;
        };
        messages::postpone(&pipeline.pool, due.message_id, &Reason::Quiet.as_str(), night).await?;
        Ok((Outcome::Deferred(Reason::Quiet), None))
    }

    async fn send(&self, pipeline: &Pipeline, due: &Due) -> Result<(Outcome, Option<Called>), Interrupted> {
        let Some(channel) = pipeline.twilio.channels.find(&due.channel) else {
            return Ok((Outcome::Dropped(NO_CHANNEL), None));
        };
        let request = Request {
            subject: Subject::Message(due, self.kind),
            channel,
            phone: &self.phone,
            wording: self.wording.wording(),
            standing: self.standing,
        };
        Ok(match send(pipeline, &request).await? {
            Sent::Called(call) => (call.outcome, Some(call)),
            Sent::GivenBack(reason) => (Outcome::Deferred(reason), None),
            Sent::HeldBack(trip) => {
                let again_in = trip.again_in + pipeline.times.retry.delay(self.standing.retries);
                let reason = trip.reason.as_str();
                messages::postpone(&pipeline.pool, due.message_id, &reason, again_in).await?;
                (Outcome::Deferred(trip.reason), None)
            }
            Sent::MessageNotClaimed(MessageClaimResult::Suppressed) => (Outcome::OptedOut, None),
            Sent::MessageNotClaimed(MessageClaimResult::NumberChanged) => {
                (Outcome::Dropped("number_changed"), None)
            }
            Sent::MessageNotClaimed(MessageClaimResult::InConversation) => {
                let reason = Reason::Conversation;
                messages::postpone(&pipeline.pool, due.message_id, &reason.as_str(), TALK_AGAIN).await?;
                (Outcome::Deferred(reason), None)
            }
            Sent::MessageNotClaimed(MessageClaimResult::Stale) => (Outcome::Dropped("stale"), None),
            Sent::MessageNotClaimed(MessageClaimResult::Duplicate) => (Outcome::Dropped("duplicate"), None),
            Sent::MessageNotClaimed(_)
            | Sent::FallbackNotClaimed(_)
            | Sent::NotClaimed(_)
            | Sent::NoValidNumber => (Outcome::Dropped("handled_already"), None),
        })
    }
}
