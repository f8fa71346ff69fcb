//! The messages of a conversation in both directions, in the order of time.

use chrono::{DateTime, Utc};
use serde_json::Value;
use shared::templates::Content;
use sqlx::PgPool;
use uuid::Uuid;

use super::error::CareError;
use crate::{
    inbox::Keyring,
    store::{
        inbound::{self, Written},
        staff_answers::{self, Said},
    },
};

/// Twilio names ten files of a message at most.
const MOST_FILES: i16 = 10;

/// One message of a conversation.
pub(crate) struct Line {
    pub(crate) at: DateTime<Utc>,
    pub(crate) direction: Direction,
    /// Of Twilio's types of messages; of an outgoing one its slot.
    pub(crate) kind: String,
    /// How an incoming one was understood.
    pub(crate) class: Option<String>,
    pub(crate) media: i16,
    /// Of an incoming one whose files can be looked at.
    pub(crate) message_sid: Option<String>,
    /// Who of the staff said it. None: the person, or the service by itself.
    pub(crate) by: Option<String>,
    /// How far an outgoing one got.
    pub(crate) state: Option<String>,
    /// None: not asked for, empty, or a template.
    pub(crate) text: Option<String>,
}

impl Line {
    /// How many files can be looked at.
    pub(crate) fn files(&self) -> i16 {
        if self.message_sid.is_some() { self.media.min(MOST_FILES) } else { 0 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    In,
    Out,
}

/// Reads them; with keys their texts as well.
pub(super) async fn read(pool: &PgPool, id: Uuid, keys: Option<&Keyring>) -> Result<Vec<Line>, CareError> {
    let written = inbound::of_conversation(pool, id).await?;
    if written.is_empty() {
        return Err(CareError::Missing);
    }
    let said = staff_answers::of_conversation(pool, id).await?;
    let mut lines: Vec<Line> = written.into_iter().map(|message| incoming(message, keys)).collect();
    lines.extend(said.into_iter().map(|message| outgoing(message, keys)));
    // A stable order: an answer comes after the message of the same instant.
    lines.sort_by_key(|line| line.at);
    Ok(lines)
}

fn incoming(message: Written, keys: Option<&Keyring>) -> Line {
    Line {
        at: message.received_at,
        direction: Direction::In,
        text: opened(keys, &message.message_sid, message.body.as_deref()),
        kind: message.kind,
        class: message.class,
        media: message.media,
        message_sid: Some(message.message_sid).filter(|_| message.media > 0 && !message.forgotten),
        by: None,
        state: None,
    }
}

fn outgoing(message: Said, keys: Option<&Keyring>) -> Line {
    let automatic = message.content.filter(|_| keys.is_some()).and_then(text_of);
    Line {
        at: message.at,
        direction: Direction::Out,
        text: opened(keys, &message.message_id.to_string(), message.body.as_deref()).or(automatic),
        kind: message.slot,
        class: None,
        media: 0,
        message_sid: None,
        by: message.by,
        state: Some(message.state),
    }
}

/// A text that cannot be opened is replaced by the reason: the others are read all the same.
fn opened(keys: Option<&Keyring>, name: &str, sealed: Option<&[u8]>) -> Option<String> {
    Some(match keys?.open(name, sealed?) {
        Ok(text) => String::from_utf8_lossy(&text).into_owned(),
        Err(why) => why.to_string(),
    })
}

fn text_of(content: Value) -> Option<String> {
    serde_json::from_value::<Content>(content).ok()?.text().map(str::to_owned)
}
