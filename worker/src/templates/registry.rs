//! The templates in memory, read from Postgres every few seconds.

use std::sync::{Arc, PoisonError, RwLock};

use chrono::NaiveDate;
use shared::{
    domain::{Channel, MessageKind},
    templates::{ContentSid, Language, registry::Sendable},
};
use sqlx::PgPool;
use tokio::sync::watch;

use super::{Template, Verdict};
use crate::store::{contents, templates};

/// The templates that one worker knows of. While the database is unavailable, the last known state applies.
pub(crate) struct Registry {
    pool: PgPool,
    sendable: RwLock<Arc<Sendable>>,
    loaded: watch::Sender<bool>,
}

impl Registry {
    /// An empty one, which knows nothing before the first [`Registry::refresh`].
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool, sendable: RwLock::default(), loaded: watch::Sender::new(false) }
    }

    /// Waits until the templates were read once. Before that, no template is known.
    pub(crate) async fn loaded(&self) {
        if *self.loaded.borrow() {
            return;
        }
        // Err: the sender lives as long as this object.
        let _ = self.loaded.subscribe().wait_for(|loaded| *loaded).await;
    }

    /// Reads all mappings, with one statement, and sets the metric of their states. True: messages that no template carried
    /// before can be sent now.
    pub(crate) async fn refresh(&self) -> Result<bool, sqlx::Error> {
        let mapped = templates::mapped(&self.pool).await?;
        let mut states = Verdict::STATES.map(|state| (state, 0_u32));
        for one in &mapped {
            let verdict = Verdict::of(one);
            for (state, count) in &mut states {
                *count += u32::from(*state == verdict.state());
            }
        }
        for (state, count) in states {
            metrics::gauge!("onboarding_templates", "state" => state).set(f64::from(count));
        }
        let mut known = self.sendable.write().unwrap_or_else(PoisonError::into_inner);
        let sendable = Sendable::of(&mapped);
        let more = sendable.serves_more_than(&known);
        *known = Arc::new(sendable);
        drop(known);
        self.loaded.send_replace(true);
        Ok(more)
    }

    /// The template for a message of the user on this day. None: none may be sent.
    pub(crate) fn choose(
        &self,
        kind: MessageKind,
        slot: &str,
        language: Language,
        channel: Channel,
        user_id: &str,
        day: NaiveDate,
    ) -> Option<Arc<Template>> {
        let key = (kind, slot.parse().ok()?, language, channel);
        let sendable = self.sendable.read().unwrap_or_else(PoisonError::into_inner).clone();
        sendable.choose(key, user_id, day).cloned()
    }

    /// Holds a content after Twilio refused a message with a code about the template: this worker does not send it any
    /// more, and the others follow within seconds. Returns whether it was not held before. It is sent again after a walk
    /// that began at least [`contents::HOLD`] later finds it approved, or after one that finds a pause to have ended.
    pub(crate) async fn hold(&self, content_sid: &ContentSid, code: u32) -> Result<bool, sqlx::Error> {
        let is_new = contents::hold(&self.pool, content_sid, code).await?;
        if is_new {
            tracing::warn!(content_sid = content_sid.as_str(), code, "template held");
        }
        let _more = self.refresh().await?;
        Ok(is_new)
    }
}

#[cfg(test)]
mod tests;
