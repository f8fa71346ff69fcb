//! What the status of a message says about the account and the country, whether a callback or a fetch brought it.

use std::{sync::Arc, time::Duration};

use shared::{
    domain::{Channel as MessageChannel, MessageKind, Reason},
    phone::E164,
    templates::ContentSid,
};
use sqlx::PgPool;

use crate::{
    channels::{Channels, Refusal},
    store::{
        budget,
        callbacks::{self, Callback, Meaning, Recipient, Taken},
        fallbacks::{Late, Offer},
    },
    templates::Registry,
    throttle::{Destination, Entry, Throttle, slow_down},
    twilio::{
        Client, FaultScope, MessageStatus, allows_fallback, classify_status, count_error_code,
        is_unlisted_channel_code,
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
    pub(crate) fallback: FallbackRule,
}

/// When a message that did not arrive by WhatsApp may go by SMS.
#[derive(Debug, Clone)]
pub(crate) struct FallbackRule {
    /// The kinds that list SMS behind WhatsApp.
    pub(crate) kinds: Vec<MessageKind>,
    /// So long after the first claim.
    pub(crate) within: Duration,
}

impl FallbackRule {
    /// What a failed status of a message offers.
    fn offer(&self, code: u32) -> Option<Offer> {
        let allowed = !self.kinds.is_empty() && allows_fallback(code);
        allowed.then(|| Offer {
            code: i32::try_from(code).unwrap_or(i32::MAX),
            kinds: self.kinds.iter().map(|kind| kind.as_str().to_owned()).collect(),
            within: self.within,
        })
    }
}

impl DeliveryReports {
    /// Stores a status and applies it to its attempt. An opt-out suppresses the number. No code leads to another message,
    /// but for a fallback: after a failure on WhatsApp whose code allows it.
    pub(crate) async fn take(&self, callback: &Callback) -> Result<Taken, sqlx::Error> {
        let taken = callbacks::take(&self.callbacks, callback, &self.meaning(callback)).await?;
        if let (Some(content_sid), Some(code)) = (&taken.content_sid, code(callback)) {
            self.hold_template(content_sid, code, callback).await;
        }
        if taken.late == Late::Twice {
            metrics::counter!("onboarding_double_reach_total").increment(1);
            tracing::warn!(sid = callback.sid, "a message arrived after its fallback had begun");
        }
        Ok(taken)
    }

    /// Holds the template back that the code speaks of. Where it cannot be stored, the next such code tries again.
    async fn hold_template(&self, content_sid: &str, code: u32, callback: &Callback) {
        let channel = self.channels.of_address(&callback.to);
        let Ok(content_sid) = content_sid.parse::<ContentSid>() else { return };
        if channel.classify(classify_status(code)) == Refusal::Template
            && let Err(error) = self.templates.hold(&content_sid, code).await
        {
            tracing::warn!(content_sid = content_sid.as_str(), code, %error, "the template was not held back");
        }
    }

    fn meaning(&self, callback: &Callback) -> Meaning {
        let channel = self.channels.of_address(&callback.to);
        let status = MessageStatus::parse(&callback.status);
        if matches!(status, MessageStatus::Delivered | MessageStatus::Read) {
            return Meaning { recipient: Recipient::Reached, fallback: None };
        }
        let Some(code) = code(callback) else { return Meaning::default() };
        let failed = matches!(status, MessageStatus::Failed | MessageStatus::Undelivered);
        let recipient = match channel.classify(classify_status(code)) {
            Refusal::OptedOut => Recipient::OptedOut,
            Refusal::Declined => Recipient::Declined,
            Refusal::Unreachable(absence) if failed => Recipient::Unreachable(absence),
            _ => Recipient::Nothing,
        };
        let fallback = if failed { self.fallback.offer(code) } else { None };
        Meaning { recipient, fallback }
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
