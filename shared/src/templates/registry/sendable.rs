//! Which template a message is sent with.

use std::{collections::HashMap, sync::Arc};

use chrono::NaiveDate;
use sha2::{Digest, Sha256};

use super::{Mapped, Template, Verdict};
use crate::{
    domain::{Channel, MessageKind},
    templates::{Language, Slot, Variant},
};

/// What a template is chosen by, beside the user and the day.
pub type Key = (MessageKind, Slot, Language, Channel);
/// The sendable variants of one key.
type Pair = [Option<Arc<Template>>; Variant::ALL.len()];

/// The templates that may be sent.
#[derive(Debug, Default)]
pub struct Sendable(HashMap<Key, Pair>);

impl Sendable {
    /// Those of the mappings that may be sent.
    pub fn of(mapped: &[Mapped]) -> Self {
        let mut sendable: HashMap<Key, Pair> = HashMap::new();
        for one in mapped.iter().filter(|one| Verdict::of(one).is_sendable()) {
            let place = one.place;
            let key = (place.kind, place.slot, place.language, place.channel);
            sendable.entry(key).or_default()[place.variant as usize] = Template::of(one).map(Arc::new);
        }
        Self(sendable)
    }

    /// Whether a message can be sent that the others could not carry.
    pub fn serves_more_than(&self, others: &Self) -> bool {
        self.0.keys().any(|key| !others.0.contains_key(key))
    }

    /// The template for a message of the user on this day. Of two variants, [`variant_of`] takes one; the other stands in
    /// while that one may not be sent. `None`: none may.
    pub fn choose(&self, key: Key, user_id: &str, day: NaiveDate) -> Option<&Arc<Template>> {
        let pair = self.0.get(&key)?;
        let variant = variant_of(user_id, day);
        pair[variant as usize].as_ref().or(pair[variant.other() as usize].as_ref())
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
