//! The ledger on disk: one JSON line per accepted message, written before the answer.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::faults::{Ending, FailedStatus};
use crate::messages::{Lifecycle, Message, Origin, SentContent};
use crate::sid::MessageSid;

/// Why a ledger file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("ledger file {path}: {source}")]
pub struct LedgerFileError {
    path: PathBuf,
    source: io::Error,
}

/// The file, open for appending. A line is one write, so a killed process leaves whole lines.
#[derive(Debug)]
pub(super) struct LedgerFile {
    file: File,
}

#[derive(Serialize, Deserialize)]
struct Line {
    sid: String,
    to: String,
    from: Option<String>,
    service: Option<String>,
    chosen_sender: String,
    body: String,
    media: usize,
    segments: u16,
    created_ms: i64,
    pace_ms: u64,
    /// Lines of earlier versions have `failed` or `sent_last` in its place.
    #[serde(default)]
    ending: Option<Ending>,
    #[serde(default, skip_serializing)]
    failed: Option<(FailedStatus, u32)>,
    #[serde(default, skip_serializing)]
    sent_last: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content_sid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content_variables: Option<String>,
}

impl LedgerFile {
    /// Opens or creates the file and reads the messages of earlier runs.
    pub(super) fn open(path: &Path) -> Result<(Self, Vec<Message>), LedgerFileError> {
        let fault = |source| LedgerFileError { path: path.to_owned(), source };
        let file = OpenOptions::new().create(true).read(true).append(true).open(path).map_err(fault)?;
        let mut messages = Vec::new();
        for line in BufReader::new(&file).lines() {
            messages.extend(read_line(&line.map_err(fault)?));
        }
        Ok((Self { file }, messages))
    }

    pub(super) fn append(&self, message: &Message) -> io::Result<()> {
        let mut line = serde_json::to_vec(&Line::of(message))?;
        line.push(b'\n');
        (&self.file).write_all(&line)
    }

    pub(super) fn clear(&self) -> io::Result<()> {
        self.file.set_len(0)
    }
}

/// The message of a line; none for a line that a full disk cut short.
fn read_line(line: &str) -> Option<Message> {
    serde_json::from_str::<Line>(line).ok()?.message()
}

impl Line {
    fn of(message: &Message) -> Self {
        Self {
            sid: message.sid.to_string(),
            to: message.to.clone(),
            from: message.origin.from.clone(),
            service: message.origin.service.clone(),
            chosen_sender: message.chosen_sender.clone(),
            body: message.body.clone(),
            media: message.media,
            segments: message.segments,
            created_ms: message.created_ms,
            pace_ms: u64::try_from(message.lifecycle.pace.as_millis()).unwrap_or(u64::MAX),
            // After a restart, no phone is known to be off.
            ending: Some(if message.hold.is_some() { Ending::SentLast } else { message.lifecycle.ending }),
            failed: None,
            sent_last: false,
            content_sid: message.content.as_ref().map(|content| content.sid.clone()),
            content_variables: message.content.as_ref().and_then(|content| content.variables.clone()),
        }
    }

    fn message(self) -> Option<Message> {
        let ending = match (self.ending, self.failed) {
            (Some(ending), _) => ending,
            (None, Some((status, code))) => Ending::Failed(status, code),
            (None, None) if self.sent_last => Ending::SentLast,
            (None, None) => Ending::Delivered,
        };
        let variables = self.content_variables;
        let pace = Duration::from_millis(self.pace_ms);
        Some(Message {
            sid: MessageSid::parse(&self.sid)?,
            sequence: 0,
            to: self.to,
            lifecycle: Lifecycle { with_service: self.service.is_some(), ending, pace },
            origin: Origin { from: self.from, service: self.service },
            chosen_sender: self.chosen_sender,
            body: self.body,
            content: self.content_sid.map(|sid| SentContent { sid, variables }),
            whatsapp: None,
            hold: None,
            media: self.media,
            segments: self.segments,
            created_ms: self.created_ms,
            callback: None,
            list_lag_ms: 0,
            fetch_lag_ms: 0,
        })
    }
}
