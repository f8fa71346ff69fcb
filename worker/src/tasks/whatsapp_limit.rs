//! Keeps the limit of people on WhatsApp as Twilio reports it for the sender. Every worker looks whether a read is due, and one
//! at a time makes it.

use std::time::Duration;

use shared::domain::{MessagingLimit, PeopleLimit};
use sqlx::PgPool;

use super::driver::{Failed, Next, Task};
use crate::{
    store::whatsapp_sender,
    twilio::{Client, Sender, WhatsappSender},
};

/// How often a worker looks.
const LOOK: Duration = Duration::from_secs(15);

/// Reads the limit of the sender.
pub(crate) struct WhatsappLimit {
    pub(crate) pool: PgPool,
    pub(crate) client: Client,
    pub(crate) sender: Sender,
    /// `TEMPLATE_SYNC_INTERVAL`.
    pub(crate) interval: Duration,
    /// The limit that this worker reported last. None: it has reported none.
    pub(crate) shown: Option<MessagingLimit>,
}

impl Task for WhatsappLimit {
    const NAME: &'static str = "whatsapp_limit";

    fn interval(&self) -> Duration {
        self.interval.min(LOOK)
    }

    /// Makes one read, if it is due.
    async fn step(&mut self) -> Result<Next, Failed> {
        let name = self.sender.as_str();
        if whatsapp_sender::begin(&self.pool, name, self.interval).await? {
            match self.client.whatsapp_senders(&self.sender).await {
                Ok(senders) if senders.is_empty() => {
                    self.keep("Twilio lists no such WhatsApp sender").await?;
                }
                Ok(senders) => {
                    let lowest = lowest(&senders);
                    let words = lowest.and_then(|sender| sender.messaging_limit.as_deref());
                    let limit = lowest.and_then(WhatsappSender::limit);
                    whatsapp_sender::found(&self.pool, name, words, limit).await?;
                }
                Err(fault) => self.keep(&fault.to_string()).await?,
            }
        }
        self.show(whatsapp_sender::state(&self.pool).await?.limit);
        Ok(Next::AfterInterval)
    }
}

impl WhatsappLimit {
    async fn keep(&self, fault: &str) -> Result<(), sqlx::Error> {
        tracing::warn!(fault, "the limit of the WhatsApp sender could not be read: the last known one holds");
        whatsapp_sender::failed(&self.pool, self.sender.as_str(), fault).await
    }

    fn show(&mut self, reported: Option<MessagingLimit>) {
        let per_day = PeopleLimit::OfSender.per_day(reported);
        metrics::gauge!("onboarding_whatsapp_people_limit").set(f64::from(per_day.unwrap_or(0)));
        if self.shown != reported {
            self.shown = reported;
            tracing::info!(?per_day, ?reported, "people that WhatsApp messages go to in a day, at most");
        }
    }
}

/// The sender with the lowest limit, of those whose limit is known: the limit is that of the business, and Twilio chooses one of
/// the senders of a Messaging Service.
fn lowest(senders: &[WhatsappSender]) -> Option<&WhatsappSender> {
    senders.iter().filter(|sender| sender.limit().is_some()).min_by_key(|sender| sender.limit())
}

#[cfg(test)]
mod tests;
