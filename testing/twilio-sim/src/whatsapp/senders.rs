//! The state of the WhatsApp senders, which a test changes.

use std::sync::{Arc, PoisonError, RwLock};

use serde::Deserialize;

use super::sender::WhatsAppSender;

/// One sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SenderState {
    /// `XE` and 32 hex digits.
    pub(crate) sid: String,
    pub(crate) address: String,
    pub(crate) status: String,
    /// Distinct people outside a window per 24 hours; none means unlimited.
    pub(crate) limit: Option<u32>,
    /// A text in place of the one that shows the limit.
    pub(crate) limit_text: Option<String>,
    pub(crate) quality: String,
    /// Messages per second; 0 means unlimited.
    pub(crate) mps: u32,
    pub(crate) callback_url: Option<String>,
    pub(crate) fallback_url: Option<String>,
    pub(crate) status_callback_url: Option<String>,
}

/// The fields that a change sets; all others stay.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SenderChange {
    /// The address; absent means every sender.
    pub(crate) sender: Option<String>,
    status: Option<String>,
    limit: Option<Bound>,
    /// The text that the API shows in place of the limit.
    messaging_limit: Option<String>,
    quality: Option<String>,
    mps: Option<u32>,
    callback_url: Option<String>,
    fallback_url: Option<String>,
    status_callback_url: Option<String>,
    /// Messages of the account per 24 hours.
    pub(crate) daily_cap: Option<Bound>,
}

/// A number or the word `unlimited`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
pub(crate) enum Bound {
    At(u32),
    Word(Unlimited),
}

/// The word alone.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unlimited {
    Unlimited,
}

impl Bound {
    /// The number; none means unlimited.
    pub(crate) fn number(self) -> Option<u32> {
        match self {
            Self::At(number) => Some(number),
            Self::Word(Unlimited::Unlimited) => None,
        }
    }
}

impl SenderState {
    fn new(sender: &WhatsAppSender, index: usize, mps: u32) -> Self {
        Self {
            sid: format!("XE{index:032x}"),
            address: sender.address.clone(),
            status: sender.status.clone(),
            limit: sender.limit,
            limit_text: None,
            quality: "HIGH".to_owned(),
            mps,
            callback_url: None,
            fallback_url: None,
            status_callback_url: None,
        }
    }

    /// Whether it sends (Twilio's statuses of channel senders).
    pub(crate) fn is_online(&self) -> bool {
        matches!(&*self.status, "ONLINE" | "ONLINE:UPDATING")
    }

    /// The limit in the prose of the API, for example `1K Customers/24hr`.
    pub(crate) fn messaging_limit(&self) -> String {
        match (&self.limit_text, self.limit) {
            (Some(text), _) => text.clone(),
            (None, None) => "Unlimited".to_owned(),
            (None, Some(people)) if people >= 1000 && people % 1000 == 0 => {
                format!("{}K Customers/24hr", people / 1000)
            }
            (None, Some(people)) => format!("{people} Customers/24hr"),
        }
    }

    fn change(&mut self, change: &SenderChange) {
        let set = |field: &mut String, value: &Option<String>| {
            if let Some(value) = value {
                field.clone_from(value);
            }
        };
        set(&mut self.status, &change.status);
        set(&mut self.quality, &change.quality);
        if let Some(limit) = change.limit {
            self.limit = limit.number();
            self.limit_text = None;
        }
        let url = |field: &mut Option<String>, value: &Option<String>| {
            if value.is_some() {
                field.clone_from(value);
            }
        };
        url(&mut self.limit_text, &change.messaging_limit);
        url(&mut self.callback_url, &change.callback_url);
        url(&mut self.fallback_url, &change.fallback_url);
        url(&mut self.status_callback_url, &change.status_callback_url);
        self.mps = change.mps.unwrap_or(self.mps);
    }
}

/// All of them, in the order of the command line.
#[derive(Debug)]
pub(crate) struct WhatsAppSenders {
    at_start: Vec<Arc<SenderState>>,
    now: RwLock<Vec<Arc<SenderState>>>,
}

impl WhatsAppSenders {
    pub(crate) fn new(senders: &[WhatsAppSender], mps: u32) -> Self {
        let states = (1..).zip(senders).map(|(index, sender)| Arc::new(SenderState::new(sender, index, mps)));
        let at_start: Vec<Arc<SenderState>> = states.collect();
        Self { now: RwLock::new(at_start.clone()), at_start }
    }

    pub(crate) fn all(&self) -> Vec<Arc<SenderState>> {
        self.read(<[Arc<SenderState>]>::to_vec)
    }

    pub(crate) fn by_address(&self, address: &str) -> Option<Arc<SenderState>> {
        self.find(|sender| sender.address == address)
    }

    pub(crate) fn by_sid(&self, sid: &str) -> Option<Arc<SenderState>> {
        self.find(|sender| sender.sid == sid)
    }

    /// The sender that a Messaging Service picks; every service has all of them in its pool.
    pub(crate) fn of_service(&self) -> Option<Arc<SenderState>> {
        self.find(SenderState::is_online)
    }

    /// Returns false if the change names an unknown sender.
    pub(crate) fn change(&self, change: &SenderChange) -> bool {
        let mut senders = self.now.write().unwrap_or_else(PoisonError::into_inner);
        let named = |sender: &&mut Arc<SenderState>| {
            change.sender.as_ref().is_none_or(|address| *address == sender.address)
        };
        let mut found = false;
        for sender in senders.iter_mut().filter(named) {
            Arc::make_mut(sender).change(change);
            found = true;
        }
        found
    }

    pub(crate) fn reset(&self) {
        self.now.write().unwrap_or_else(PoisonError::into_inner).clone_from(&self.at_start);
    }

    fn find(&self, wanted: impl Fn(&SenderState) -> bool) -> Option<Arc<SenderState>> {
        self.read(|senders| senders.iter().find(|sender| wanted(sender)).cloned())
    }

    fn read<T>(&self, look: impl FnOnce(&[Arc<SenderState>]) -> T) -> T {
        look(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn senders() -> WhatsAppSenders {
        let two = ["whatsapp:+14155238886", "whatsapp:+14155238887"].map(WhatsAppSender::new);
        WhatsAppSenders::new(&two, 80)
    }

    fn change(json: &str) -> SenderChange {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn changes_reach_one_sender_or_all() {
        let senders = senders();
        assert!(senders.change(&change(r#"{"sender":"whatsapp:+14155238886","status":"OFFLINE"}"#)));
        assert_eq!(senders.of_service().unwrap().address, "whatsapp:+14155238887");
        assert!(senders.change(&change(r#"{"status":"OFFLINE"}"#)));
        assert!(senders.of_service().is_none());
        assert!(!senders.change(&change(r#"{"sender":"whatsapp:+1"}"#)));
        senders.reset();
        assert!(senders.of_service().is_some());
    }

    #[test]
    fn the_limit_is_prose() {
        let senders = senders();
        for (json, expected) in [
            (r#"{"limit":250}"#, "250 Customers/24hr"),
            (r#"{"limit":10000}"#, "10K Customers/24hr"),
            (r#"{"limit":"unlimited"}"#, "Unlimited"),
            (r#"{"messaging_limit":"TIER_1K"}"#, "TIER_1K"),
            (r#"{"limit":1000}"#, "1K Customers/24hr"),
        ] {
            senders.change(&change(json));
            assert_eq!(senders.all()[0].messaging_limit(), expected, "{json}");
        }
    }
}
