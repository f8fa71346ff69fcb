//! What became of the callbacks.

use std::collections::VecDeque;

use serde::Serialize;

/// How one callback ended, all tries included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CallbackResult {
    /// The receiver answered 2xx.
    Sent,
    /// It did not, or could not be reached.
    Failed,
    /// The host is not loopback, so nothing was sent.
    Skipped,
}

/// One callback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CallbackRecord {
    /// The message.
    pub message_sid: String,
    /// The status it reported.
    pub message_status: String,
    /// `I-Twilio-Idempotency-Token`.
    pub token: String,
    /// Where it went, without fragment.
    pub url: String,
    /// How it ended.
    pub result: CallbackResult,
    /// Requests sent.
    pub tries: u32,
    /// HTTP status of the last answer, 0 if there was none.
    pub last_status: u16,
}

/// Counts of all callbacks and the newest ones in full.
#[derive(Debug, Default)]
pub(super) struct CallbackLog {
    pub(super) sent: u64,
    pub(super) failed: u64,
    pub(super) skipped: u64,
    newest: VecDeque<CallbackRecord>,
}

const KEPT: usize = 10_000;

impl CallbackLog {
    pub(super) fn record(&mut self, record: CallbackRecord) {
        match record.result {
            CallbackResult::Sent => self.sent += 1,
            CallbackResult::Failed => self.failed += 1,
            CallbackResult::Skipped => self.skipped += 1,
        }
        if self.newest.len() == KEPT {
            self.newest.pop_front();
        }
        self.newest.push_back(record);
    }

    /// Newest first.
    pub(super) fn newest(&self, limit: usize) -> Vec<CallbackRecord> {
        self.newest.iter().rev().take(limit).cloned().collect()
    }
}
