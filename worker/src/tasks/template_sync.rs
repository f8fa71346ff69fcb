//! Keeps the registry of templates as Twilio has it. Every worker looks whether a walk is due, and one at a time makes it.

use std::{sync::Arc, time::Duration};

use sqlx::PgPool;

use super::driver::{Failed, Next, Task};
use crate::{
    store::{
        contents::{self, By, Due},
        templates,
    },
    templates::{Registry, Synced, sync},
    twilio::Client,
};

/// How often a worker looks. After a refusal about a template, a walk is due at once.
const LOOK: Duration = Duration::from_secs(15);
/// How the audit log names changes that a walk found.
const BY: By<'_> = By { actor: "worker", reason: "found by the periodic sync", is_person: false };

/// Walks over Twilio's list of templates.
pub(crate) struct TemplateSync {
    pub(crate) pool: PgPool,
    pub(crate) client: Client,
    pub(crate) registry: Arc<Registry>,
    /// `TEMPLATE_SYNC_INTERVAL`.
    pub(crate) interval: Duration,
    /// `CHANNELS` lists WhatsApp. Otherwise there is a walk only if a template is mapped.
    pub(crate) always: bool,
}

impl Task for TemplateSync {
    const NAME: &'static str = "template_sync";

    fn interval(&self) -> Duration {
        self.interval.min(LOOK)
    }

    /// Makes one walk, if it is due.
    async fn step(&mut self) -> Result<Next, Failed> {
        let due = Due::After { interval: self.interval, always: self.always };
        match sync(&self.client, &self.pool, due, BY).await? {
            Synced::NotDue => {}
            Synced::Applied(applied) => {
                for (content_sid, change) in &applied.changes {
                    tracing::warn!(content_sid, change, "template changed");
                }
                tracing::debug!(contents = applied.found, "templates synced");
                if self.registry.refresh().await? {
                    templates::resume(&self.pool).await?;
                }
            }
            Synced::Failed(fault) => {
                tracing::warn!(%fault, "templates could not be synced: the last known state applies");
            }
        }
        let last = contents::sync_state(&self.pool).await?.succeeded_at;
        #[expect(clippy::cast_precision_loss, reason = "seconds fit a double")]
        let seconds = last.map_or(0.0, |at| at.timestamp() as f64);
        metrics::gauge!("onboarding_template_sync_timestamp_seconds").set(seconds);
        Ok(Next::AfterInterval)
    }
}

#[cfg(test)]
mod tests;
