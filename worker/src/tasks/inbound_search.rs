//! Finds inbound messages that the webhook did not get, in Twilio's list: after an outage Twilio does not deliver them again.

use std::time::Duration;

use chrono::TimeDelta;
use sqlx::PgPool;

use super::driver::{Failed, Next, Task};
use crate::{
    inbox::{Incoming, Keyring, OurSenders},
    store::{inbound, inbound_search},
    twilio::{Client, Pace},
};

/// How often a worker looks whether a search is due.
const LOOK: Duration = Duration::from_secs(15);
/// Twilio's list lags behind by minutes, at times an hour.
const LAG: TimeDelta = TimeDelta::hours(1);
const PAGES_PER_SECOND: u32 = 2;

/// The search of one worker; one at a time makes it.
pub(crate) struct InboundSearch {
    pub(crate) pool: PgPool,
    pub(crate) client: Client,
    pub(crate) keys: Keyring,
    pub(crate) ours: OurSenders,
    /// `INBOUND_RECONCILE`.
    pub(crate) interval: Duration,
}

impl Task for InboundSearch {
    const NAME: &'static str = "inbound_search";

    fn interval(&self) -> Duration {
        self.interval.min(LOOK)
    }

    async fn step(&mut self) -> Result<Next, Failed> {
        let Some(search) = inbound_search::begin(&self.pool, self.interval).await? else {
            return Ok(Next::AfterInterval);
        };
        let pace = Pace::per_second(PAGES_PER_SECOND);
        let mut pages = self.client.list_messages(search.searched_to - LAG);
        loop {
            let page = match pages.next(&pace).await {
                Ok(Some(page)) => page,
                Ok(None) => break,
                Err(fault) => {
                    tracing::warn!(%fault, "Twilio's list of inbound messages could not be read: the next search goes back as far");
                    return Ok(Next::AfterInterval);
                }
            };
            for record in page {
                let Some(incoming) = Incoming::listed(&record, &self.ours) else { continue };
                let Ok(text) = self.keys.sealed(&incoming) else { continue };
                let received_at = record.date_created.unwrap_or(search.begun_at);
                if inbound::store_listed(&self.pool, &incoming, text.as_deref(), received_at).await? {
                    metrics::counter!("onboarding_inbound_found_total").increment(1);
                    tracing::warn!(sid = %incoming.sid, "an inbound message was found that the webhook did not get");
                }
            }
        }
        inbound_search::ended(&self.pool, search.begun_at).await?;
        Ok(Next::AfterInterval)
    }
}
