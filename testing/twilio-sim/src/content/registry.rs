//! All contents by SID, in the order in which they were made.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use super::approval::ApprovalOrder;
use super::model::{Content, ContentChange};
use crate::sid::SidMint;
use crate::time::millis;

/// Keeps the SIDs of contents apart from those of messages with the same seed.
const SEED_SALT: u64 = 0x0048_5800;

/// The contents of this account, and those of other accounts that a test loads.
#[derive(Debug)]
pub(crate) struct Contents {
    account_sid: String,
    /// Time between two changes of an approval.
    step: Duration,
    sids: SidMint,
    table: RwLock<Table>,
    /// After how many more messages a content is paused; 0: it is.
    pauses: Mutex<HashMap<String, u64>>,
}

#[derive(Debug, Default)]
struct Table {
    next: u64,
    in_order: BTreeMap<u64, Arc<Content>>,
    places: HashMap<String, u64>,
}

impl Contents {
    pub(crate) fn new(seed: u64, account_sid: &str, step: Duration) -> Self {
        Self {
            account_sid: account_sid.to_owned(),
            step,
            sids: SidMint::new(seed ^ SEED_SALT),
            table: RwLock::default(),
            pauses: Mutex::default(),
        }
    }

    /// A SID for a new content.
    pub(crate) fn mint(&self) -> String {
        self.sids.other("HX")
    }

    /// Milliseconds between two changes of an approval.
    pub(crate) fn step_ms(&self) -> i64 {
        millis(self.step)
    }

    pub(crate) fn account_sid(&self) -> &str {
        &self.account_sid
    }

    /// Adds a content, or puts it in the place of the one with its SID.
    pub(crate) fn put(&self, content: Content) -> Arc<Content> {
        let content = Arc::new(content);
        let mut table = self.write();
        let place = table.places.get(&content.sid).copied().unwrap_or_else(|| {
            table.next += 1;
            table.next
        });
        table.places.insert(content.sid.clone(), place);
        table.in_order.insert(place, Arc::clone(&content));
        content
    }

    /// A content of this account.
    pub(crate) fn get(&self, sid: &str) -> Option<Arc<Content>> {
        self.find(sid).filter(|content| content.account_sid == self.account_sid)
    }

    /// A content of any account.
    pub(crate) fn find(&self, sid: &str) -> Option<Arc<Content>> {
        let table = self.read();
        let place = table.places.get(sid)?;
        table.in_order.get(place).cloned()
    }

    /// Changes a content of any account. Returns none if the SID is unknown.
    pub(crate) fn change(&self, sid: &str, change: ContentChange, now_ms: i64) -> Option<Arc<Content>> {
        let mut table = self.write();
        let place = *table.places.get(sid)?;
        let content = table.in_order.get_mut(&place)?;
        Arc::make_mut(content).change(change, now_ms);
        Some(Arc::clone(content))
    }

    /// Pauses a content at this message from now on, counted from 1. None: no longer.
    pub(crate) fn pause_at(&self, sid: &str, message: Option<u64>) {
        let mut pauses = self.pauses();
        match message {
            Some(message) => pauses.insert(sid.to_owned(), message),
            None => pauses.remove(sid),
        };
    }

    /// Counts a message that is sent with a content. Returns true if [`Contents::pause_at`] pauses it for this message. Later
    /// messages meet the pause too, also those that read the content before.
    pub(crate) fn meets_pause(&self, sid: &str, now_ms: i64) -> bool {
        let mut pauses = self.pauses();
        let Some(left) = pauses.get_mut(sid) else { return false };
        let is_first = *left == 1;
        *left = left.saturating_sub(1);
        let is_paused = *left == 0;
        if is_first {
            let approval = ApprovalOrder { status: Some("paused".to_owned()), ..ApprovalOrder::default() };
            self.change(sid, ContentChange { approval, ..ContentChange::default() }, now_ms);
        }
        is_paused
    }

    /// Deletes a content. Returns false if the SID is unknown.
    pub(crate) fn remove(&self, sid: &str) -> bool {
        let mut table = self.write();
        table.places.remove(sid).and_then(|place| table.in_order.remove(&place)).is_some()
    }

    /// The contents of this account, oldest first.
    pub(crate) fn all(&self) -> Vec<Arc<Content>> {
        let table = self.read();
        let ours = table.in_order.values().filter(|content| content.account_sid == self.account_sid);
        ours.cloned().collect()
    }

    pub(crate) fn clear(&self) {
        *self.write() = Table::default();
        self.pauses().clear();
    }

    fn pauses(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.pauses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> RwLockReadGuard<'_, Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Table> {
        self.table.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::content::approval::Approval;

    const OURS: &str = "AC00000000000000000000000000000001";

    fn content(sid: &str, account_sid: &str) -> Content {
        Content {
            sid: sid.to_owned(),
            account_sid: account_sid.to_owned(),
            friendly_name: "tip".to_owned(),
            language: "hi".to_owned(),
            variables: BTreeMap::new(),
            types: Map::new(),
            created_ms: 0,
            updated_ms: 0,
            approval: Approval::default(),
        }
    }

    #[test]
    fn contents_of_other_accounts_are_not_seen() {
        let contents = Contents::new(1, OURS, Duration::ZERO);
        contents.put(content("HX1", OURS));
        contents.put(content("HX2", "AC00000000000000000000000000000002"));
        assert!(contents.get("HX1").is_some() && contents.get("HX2").is_none());
        assert_eq!(contents.all().len(), 1);
    }

    #[test]
    fn a_change_keeps_the_order() {
        let contents = Contents::new(1, OURS, Duration::ZERO);
        for sid in ["HX1", "HX2", "HX3"] {
            contents.put(content(sid, OURS));
        }
        let change = ContentChange { friendly_name: Some("new".to_owned()), ..ContentChange::default() };
        assert_eq!(contents.change("HX1", change, 7).unwrap().updated_ms, 7);
        assert!(contents.remove("HX2") && !contents.remove("HX2"));
        let names: Vec<String> = contents.all().iter().map(|content| content.friendly_name.clone()).collect();
        assert_eq!(names, ["new", "tip"]);
    }

    #[test]
    fn a_content_is_paused_at_a_message() {
        let contents = Contents::new(1, OURS, Duration::ZERO);
        contents.put(content("HX1", OURS));
        assert!(!contents.meets_pause("HX1", 1), "no pause is set");
        contents.pause_at("HX1", Some(3));
        let met = [2, 3, 4, 5].map(|now_ms| contents.meets_pause("HX1", now_ms));
        assert_eq!(met, [false, false, true, true]);
        let paused = contents.get("HX1").unwrap();
        assert_eq!((paused.approval.fixed.as_deref(), paused.updated_ms), (Some("paused"), 4));
        contents.pause_at("HX1", None);
        assert!(!contents.meets_pause("HX1", 6));
    }
}
