//! What the status of a message says about the account and the country, whether a callback or a fetch brought it.

use std::{sync::Arc, time::Duration};

use shared::{
    domain::Reason,
    phone::{CountryCode, E164},
};
use sqlx::PgPool;

use crate::{
    channels::{Channels, Refusal},
    store::{
        budget,
        callbacks::{self, Callback, Taken},
    },
    throttle::{Entry, Throttle},
    twilio::{Client, FaultScope, MessageStatus, classify_status, count_error_code},
};

/// Takes in the statuses of messages.
pub(crate) struct DeliveryReports {
    pub(crate) pool: PgPool,
    /// For callbacks alone, which find their attempts by an index as batches do.
    pub(crate) callbacks: PgPool,
    pub(crate) client: Client,
    pub(crate) channels: Channels,
    pub(crate) throttle: Arc<Throttle>,
}

impl DeliveryReports {
    /// Stores a status and applies it to its attempt. No code leads to another message; an opt-out suppresses the number.
    pub(crate) async fn take(&self, callback: &Callback) -> Result<Taken, sqlx::Error> {
        let channel = self.channels.of_address(&callback.to);
        let refusal = code(callback).map(|code| channel.classify(classify_status(code)));
        callbacks::take(&self.callbacks, callback, refusal == Some(Refusal::OptedOut)).await
    }

    /// Takes note of a status that was just stored: nothing that fails now is a reason to store it again. `age`: seconds
    /// since the message was claimed.
    pub(crate) async fn learn(&self, callback: &Callback, age: f64) {
        let status = MessageStatus::parse(&callback.status);
        metrics::counter!("onboarding_delivery_updates_total", "status" => label(&status)).increment(1);
        if status.is_final() {
            metrics::histogram!("onboarding_delivery_latency_seconds").record(age);
        }
        let country = || E164::parse(&callback.to).ok().and_then(|to| to.country());
        if let Some(number) = code(callback) {
            let class = classify_status(number);
            count_error_code(Some(number), class);
            let refusal = self.channels.of_address(&callback.to).classify(class);
            self.hold_back(callback, Reason::Error(number), refusal, country()).await;
        } else if matches!(status, MessageStatus::Sent | MessageStatus::Delivered) {
            let age = Duration::try_from_secs_f64(age).unwrap_or_default();
            self.throttle.breaker.delivered(country, status == MessageStatus::Delivered, age);
        }
    }

    /// Holds back the calls that the code concerns.
    async fn hold_back(
        &self,
        callback: &Callback,
        code: Reason,
        refusal: Refusal,
        country: Option<CountryCode>,
    ) {
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
            Refusal::Fault(FaultScope::Country) => {
                if let Some(country) = country {
                    breaker.hold_country(country, code, true);
                }
            }
            Refusal::Fault(FaultScope::Destination) => {
                breaker.destination_refused(country, code, &callback.to);
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
        MessageStatus::Undelivered => "undelivered",
        MessageStatus::Failed => "failed",
        _ => "other",
    }
}
