//! The templates in memory, read from Postgres every few seconds.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use chrono::NaiveDate;
use sha2::{Digest, Sha256};
use shared::{
    domain::{Channel, MessageKind},
    templates::{ContentSid, Language, Slot, Variant},
};
use sqlx::PgPool;
use tokio::sync::watch;

use super::{Template, Verdict};
use crate::store::{contents, templates};

type Key = (MessageKind, Slot, Language, Channel);
/// The sendable variants of one key.
type Pair = [Option<Arc<Template>>; Variant::ALL.len()];

/// The templates that one worker knows of. While the database is unavailable, the last known state applies.
pub(crate) struct Registry {
    pool: PgPool,
    sendable: RwLock<Arc<HashMap<Key, Pair>>>,
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
        let mut sendable: HashMap<Key, Pair> = HashMap::new();
        let mut states = Verdict::STATES.map(|state| (state, 0_u32));
        for one in &mapped {
            let verdict = Verdict::of(one);
            for (state, count) in &mut states {
                *count += u32::from(*state == verdict.state());
            }
            if verdict.is_sendable() {
                let place = one.place;
                let key = (place.kind, place.slot, place.language, place.channel);
                sendable.entry(key).or_default()[place.variant as usize] = Template::of(one).map(Arc::new);
            }
        }
        for (state, count) in states {
            metrics::gauge!("onboarding_templates", "state" => state).set(f64::from(count));
        }
        let mut known = self.sendable.write().unwrap_or_else(PoisonError::into_inner);
        let more = sendable.keys().any(|key| !known.contains_key(key));
        *known = Arc::new(sendable);
        drop(known);
        self.loaded.send_replace(true);
        Ok(more)
    }

    /// The template for a message of the user on this day. Of two variants, [`variant_of`] takes one; the other stands in
    /// while that one may not be sent. `None`: none may.
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
        let pair = sendable.get(&key)?;
        let variant = variant_of(user_id, day);
        pair[variant as usize].clone().or_else(|| pair[variant.other() as usize].clone())
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

/// The variant of the user on this day: `a` if the first byte of SHA-256 over `USER_ID`, a line feed and the day
/// (`2026-11-29`) is even, else `b`. All workers of all releases agree on it.
fn variant_of(user_id: &str, day: NaiveDate) -> Variant {
    let digest = Sha256::digest(format!("{user_id}\n{day}"));
    Variant::ALL[usize::from(digest[0] % 2)]
}

#[cfg(test)]
mod tests;
