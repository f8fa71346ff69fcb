//! What the status of a message says about the account and the country, whether a callback or a fetch brought it.

use std::{sync::Arc, time::Duration};

use shared::{
    domain::{Channel as MessageChannel, PeopleLimit, Reason},
    phone::E164,
    templates::ContentSid,
};
use sqlx::PgPool;

use crate::{
    channels::{Channels, Refusal},
    store::{
        attempts::AttemptRef,
        budget,
        callbacks::{self, Callback, Taken},
        fallbacks::Late,
        reported::Meanings,
        unknown::{self, Adoption},
    },
    templates::Registry,
    throttle::{Destination, Entry, Throttle, slow_down, wait_for_tomorrow},
    twilio::{
        Client, FaultScope, MessageStatus, classify_status, count_error_code, is_unlisted_channel_code,
    },
};

/// Takes in the statuses of messages.
pub(crate) struct DeliveryReports {
    pub(crate) pool: PgPool,
    /// For callbacks alone, which find their attempts by an index as batches do.
    pub(crate) callbacks: PgPool,
    pub(crate) client: Client,
    pub(crate) channels: Channels,
    pub(crate) throttle: Arc<Throttle>,
    pub(crate) templates: Arc<Registry>,
    pub(crate) meanings: Arc<dyn Meanings>,
    /// How many people WhatsApp messages may go to.
    pub(crate) people: PeopleLimit,
}

impl DeliveryReports {
    /// Stores a status and applies it to its attempt. An opt-out suppresses the number. No code leads to another message,
    /// but for a fallback: after a failure on WhatsApp whose code allows it.
    pub(crate) async fn take(&self, callback: &Callback) -> Result<Taken, sqlx::Error> {
        let taken = callbacks::take(&self.callbacks, callback, &*self.meanings).await?;
        if let (Some(content_sid), Some(code)) = (&taken.faulty_template, callback.error_code) {
            self.hold_template(content_sid, code).await;
        }
        if taken.late == Late::Twice {
            metrics::counter!("onboarding_double_reach_total").increment(1);
            tracing::warn!(sid = callback.sid, "a message arrived after its fallback had begun");
        }
        Ok(taken)
    }

    /// Ties a message that was found at Twilio to its attempt, whose outcome was unknown. What follows from its status follows
    /// as after a callback. False: a definite answer came first.
    pub(crate) async fn adopt(&self, attempt: AttemptRef, message: &Adoption) -> Result<bool, sqlx::Error> {
        let mut tx = self.pool.begin().await?;
        let adopted = unknown::adopt(&mut tx, attempt, message, &*self.meanings).await?;
        tx.commit().await?;
        let Some(adopted) = adopted else { return Ok(false) };
        if let Some((content_sid, code)) = &adopted.faulty_template {
            self.hold_template(content_sid, *code).await;
        }
        Ok(true)
    }

    /// Holds the template back that the code speaks of. Where it cannot be stored, the next such code tries again.
    async fn hold_template(&self, content_sid: &str, code: i32) {
        let (Ok(content_sid), Ok(code)) = (content_sid.parse::<ContentSid>(), u32::try_from(code)) else {
            return;
        };
        if let Err(error) = self.templates.hold(&content_sid, code).await {
            tracing::warn!(content_sid = content_sid.as_str(), code, %error, "the template was not held back");
        }
    }

    /// Takes note of a status that was just stored: nothing that fails now is a reason to store it again. `age`: seconds
    /// since the message was claimed.
    pub(crate) async fn learn(&self, callback: &Callback, age: f64) {
        let status = MessageStatus::parse(&callback.status);
        let channel = self.channels.of_address(&callback.to);
        let (via, word) = (channel.name(), label(&status));
        metrics::counter!("onboarding_delivery_updates_total", "channel" => via, "status" => word)
            .increment(1);
        if status.is_final() {
            metrics::histogram!("onboarding_delivery_latency_seconds").record(age);
        }
        if via == MessageChannel::Whatsapp.as_str()
            && matches!(status, MessageStatus::Delivered | MessageStatus::Failed | MessageStatus::Undelivered)
            && self.throttle.refusals.count(code(callback))
        {
            wait_for_tomorrow(&self.pool, self.people).await;
        }
        let to = || {
            let country = E164::parse(callback.number()).ok().and_then(|to| to.country());
            Destination::of(channel.name(), country)
        };
        if let Some(number) = code(callback) {
            let class = classify_status(number);
            count_error_code(Some(number), class);
            if is_unlisted_channel_code(number) {
                metrics::counter!("onboarding_unlisted_codes_total").increment(1);
                tracing::error!(code = number, "WhatsApp reported a code that is not in the table of codes");
            }
            if channel.name() == MessageChannel::Whatsapp.as_str() {
                let age = Duration::try_from_secs_f64(age).unwrap_or_default();
                slow_down(&self.pool, number, age).await;
            }
            self.hold_back(callback, Reason::Error(number), channel.classify(class), to()).await;
        } else if matches!(status, MessageStatus::Sent | MessageStatus::Delivered) {
            let age = Duration::try_from_secs_f64(age).unwrap_or_default();
            self.throttle.breaker.delivered(to, status == MessageStatus::Delivered, age);
        }
    }

    /// Holds back the calls that the code concerns.
    async fn hold_back(&self, callback: &Callback, code: Reason, refusal: Refusal, to: Option<Destination>) {
        let breaker = &self.throttle.breaker;
        match refusal {
            Refusal::Fault(FaultScope::Account) => {
                let (throttle, client, to) =
                    (self.throttle.clone(), self.client.clone(), callback.to.clone());
                // Twilio is asked meanwhile, which takes longer than it waits for our answer.
                tokio::spawn(async move {
                    throttle.breaker.account_refused(&client, &to, Entry::default()).await
                });
            }
            Refusal::Fault(FaultScope::Country) | Refusal::Sender => {
                if let Some(to) = to {
                    breaker.hold(to, code, true);
                }
            }
            Refusal::Fault(FaultScope::Destination) => {
                breaker.destination_refused(to, code, &callback.to);
            }
            Refusal::DailyCap => {
                let tomorrow = budget::until_tomorrow(&self.pool).await;
                breaker.cap(tomorrow.unwrap_or(Duration::from_secs(3600)));
            }
            _ => {}
        }
    }
}

fn code(callback: &Callback) -> Option<u32> {
    callback.error_code.and_then(|code| u32::try_from(code).ok())
}

/// Twilio may add statuses; a label may not.
fn label(status: &MessageStatus) -> &'static str {
    match status {
        MessageStatus::Queued => "queued",
        MessageStatus::Sending => "sending",
        MessageStatus::Sent => "sent",
        MessageStatus::Delivered => "delivered",
        MessageStatus::Read => "read",
        MessageStatus::Undelivered => "undelivered",
        MessageStatus::Failed => "failed",
        _ => "other",
    }
}
