//! What the status of a message tells of its account and its country, whoever brought it: a callback, or the answer when
//! Twilio was asked.

use std::{sync::Arc, time::Duration};

use shared::{
    domain::Reason,
    phone::{CountryCode, E164},
};

use crate::{
    store::{budget, callbacks::Callback},
    throttle::Entry,
    twilio::{Class, FaultScope, MessageStatus, classify_status, count_error_code},
    worker::Worker,
};

/// Takes note of a status that was just stored: nothing that fails now is a reason to store it again. `age`: seconds since
/// the message was claimed.
pub(crate) async fn learn(worker: &Arc<Worker>, callback: &Callback, age: f64) {
    let status = MessageStatus::parse(&callback.status);
    metrics::counter!("onboarding_delivery_updates_total", "status" => label(&status)).increment(1);
    if status.is_final() {
        metrics::histogram!("onboarding_delivery_latency_seconds").record(age);
    }
    let country = || E164::parse(&callback.to).ok().and_then(|to| to.country());
    if let Some(number) = callback.error_code.and_then(|c| u32::try_from(c).ok()) {
        let class = classify_status(number);
        count_error_code(Some(number), class);
        hold_back(worker, callback, Reason::Error(number), class, country()).await;
    } else if matches!(status, MessageStatus::Sent | MessageStatus::Delivered) {
        let age = Duration::try_from_secs_f64(age).unwrap_or_default();
        worker.gate.breaker.delivered(country, status == MessageStatus::Delivered, age);
    }
}

/// Holds back whoever the code speaks of.
async fn hold_back(
    worker: &Arc<Worker>,
    callback: &Callback,
    code: Reason,
    class: Class,
    country: Option<CountryCode>,
) {
    let breaker = &worker.gate.breaker;
    match class {
        Class::Account { scope: FaultScope::Account } => {
            let (worker, to) = (worker.clone(), callback.to.clone());
            // Twilio is asked meanwhile, which takes longer than it waits for our answer.
            tokio::spawn(async move {
                worker.gate.breaker.account_refused(&worker.client, &to, Entry::default()).await
            });
        }
        Class::Account { scope: FaultScope::Country } => {
            if let Some(country) = country {
                breaker.hold_country(country, code, true);
            }
        }
        Class::Account { scope: FaultScope::Destination } => {
            breaker.destination_refused(country, code, &callback.to);
        }
        Class::DailyCap => {
            let tomorrow = budget::until_tomorrow(&worker.pool).await;
            breaker.cap(tomorrow.unwrap_or(Duration::from_secs(3600)));
        }
        _ => {}
    }
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
