//! An inbound message as the account has it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::Serialize;

use crate::sid::MessageSid;

/// A message of a person, and what the application said to its webhooks.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) sid: MessageSid,
    /// Position in the ledger, in one sequence with the accepted messages; set when it is stored.
    pub(crate) sequence: u64,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) service: Option<String>,
    pub(crate) media: Vec<Media>,
    pub(crate) segments: u16,
    pub(crate) created_ms: i64,
    text: String,
    redacted: AtomicBool,
    answers: Mutex<Vec<WebhookAnswer>>,
}

/// A file of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Media {
    /// `ME` and 32 hex digits.
    pub(crate) sid: String,
    pub(crate) content_type: String,
    pub(crate) bytes: Bytes,
}

/// The end of one webhook, all tries included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct WebhookAnswer {
    /// The number of the webhook, from 1, in the order in which they began.
    pub(crate) call: u64,
    /// HTTP status of the last answer, 0 if there was none.
    pub(crate) status: u16,
    pub(crate) tries: u32,
    pub(crate) elapsed_ms: u64,
    pub(crate) content_type: Option<String>,
    /// Whether the body was TwiML.
    pub(crate) twiml: bool,
    /// The texts that Twilio would send to the person.
    pub(crate) replies: Vec<String>,
}

impl Received {
    /// A message that is not stored yet.
    pub(crate) fn new(sid: MessageSid, from: String, to: String, text: String, created_ms: i64) -> Self {
        Self {
            sid,
            sequence: 0,
            from,
            to,
            service: None,
            media: Vec::new(),
            segments: 1,
            created_ms,
            text,
            redacted: AtomicBool::new(false),
            answers: Mutex::default(),
        }
    }

    /// The text, empty after it was deleted.
    pub(crate) fn body(&self) -> &str {
        if self.redacted.load(Ordering::Acquire) { "" } else { &self.text }
    }

    pub(crate) fn redact(&self) {
        self.redacted.store(true, Ordering::Release);
    }

    pub(crate) fn answered(&self, answer: WebhookAnswer) {
        self.lock().push(answer);
    }

    /// In the order in which they came.
    pub(crate) fn answers(&self) -> Vec<WebhookAnswer> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<WebhookAnswer>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
