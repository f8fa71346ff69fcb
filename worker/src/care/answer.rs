//! Answers of staff. An answer is a message like all others: claimed, sent at most once, with an outcome.

use std::time::Duration;

use chrono::{DateTime, Utc};
use shared::{
    domain::{Channel, MessageKind},
    templates::{
        Content, Field, Fields, Language, Slot,
        registry::{Sendable, mapped},
    },
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    acts::{Staff, lock, note, unchanged},
    desk::Desk,
    error::CareError,
};
use crate::store::{
    conversations::{self, Locked},
    messages::{self, ANSWERS, NewReply},
    reply_windows::WINDOW_MARGIN,
    staff_answers,
};

/// Twilio's longest body, in characters (Message resource, `Body`).
pub(crate) const LONGEST_ANSWER: usize = 1_600;
/// An answer that could not be sent within a day comes too late.
const DAY: Duration = Duration::from_secs(24 * 3600);
/// The slot of a text.
const STAFF: &str = "staff";

/// What staff say.
#[derive(Clone, Copy)]
pub(crate) enum Say<'a> {
    Text(&'a str),
    /// The template of the slot `handoff`, which also goes to people who wrote longer ago.
    Handoff,
}

/// An answer, ready to be stored.
struct Answer {
    slot: &'static str,
    content: Option<Content>,
    key: String,
    expires_at: DateTime<Utc>,
}

impl Desk<'_> {
    /// Answers a conversation, as of this turn.
    pub(crate) async fn answer(
        &self,
        id: Uuid,
        turn: i32,
        say: Say<'_>,
        staff: &Staff<'_>,
    ) -> Result<(), CareError> {
        let mut tx = self.pool.begin().await?;
        let open = lock(&mut tx, id).await?;
        unchanged(&open, turn)?;
        let phone = open.phone_e164.as_deref().ok_or(CareError::NoNumber)?;
        let language = open.language.as_deref().and_then(|language| language.parse().ok());
        let language = language.unwrap_or(self.language);
        let message_id = Uuid::now_v7();
        let (answer, body) = match say {
            Say::Text(text) => {
                let text = check(text)?;
                let body = self.keys.seal(&message_id.to_string(), text.as_bytes())?;
                (as_text(id, &open)?, Some(body))
            }
            Say::Handoff => (self.as_template(&mut tx, id, &open, language).await?, None),
        };
        let reply = NewReply {
            message_id,
            channel: &open.channel,
            user_id: open.user_id.as_deref().unwrap_or_default(),
            phone_e164: phone,
            slot: answer.slot,
            language,
            content: answer.content.as_ref(),
            key: &answer.key,
            expires_at: answer.expires_at,
        };
        messages::reply(&mut tx, &reply).await?;
        staff_answers::add(&mut tx, (message_id, id), staff.actor, body.as_deref()).await?;
        conversations::answered(&mut tx, id, staff.actor).await?;
        note(&mut tx, id, "inbox reply", staff).await?;
        Ok(tx.commit().await?)
    }

    async fn as_template(
        &self,
        tx: &mut PgConnection,
        id: Uuid,
        open: &Locked,
        language: Language,
    ) -> Result<Answer, CareError> {
        let user = open.user_id.as_deref().unwrap_or_default();
        let today = open.now.with_timezone(&chrono_tz::Asia::Kathmandu).date_naive();
        let key = (MessageKind::Reply, Slot::Handoff, language, Channel::Whatsapp);
        let sendable = Sendable::of(&mapped(tx).await?);
        let template =
            sendable.choose(key, user, today).filter(|_| open.channel == Channel::Whatsapp.as_str());
        let fields = Fields::default()
            .with_known(Field::Name, open.name.as_deref().filter(|name| !name.trim().is_empty()))
            .with_known(Field::HelpLine, self.help_line);
        let content =
            template.and_then(|template| template.fill(&fields).ok()).ok_or(CareError::NoTemplate)?;
        Ok(Answer {
            slot: Slot::Handoff.as_str(),
            content: Some(content),
            key: unasked(id, open),
            expires_at: open.now + DAY,
        })
    }
}

/// WhatsApp takes a text only while its window is open. SMS takes one at any time; after the time of the window a stop holds it.
fn as_text(id: Uuid, open: &Locked) -> Result<Answer, CareError> {
    let until = open.window_open_until.map(|until| until - WINDOW_MARGIN).filter(|until| *until > open.now);
    let (key, expires_at) = match (until, &open.last_sid) {
        (Some(until), Some(sid)) => (format!("{ANSWERS}{sid} turn {}", open.turn), until),
        _ if open.channel == Channel::Sms.as_str() => (unasked(id, open), open.now + DAY),
        _ => return Err(CareError::WindowClosed),
    };
    Ok(Answer { slot: STAFF, content: None, key, expires_at })
}

/// The key of an answer that comes long after the person wrote: a stop holds it.
fn unasked(id: Uuid, open: &Locked) -> String {
    format!("conversation:{id} turn {}", open.turn)
}

/// The text as it is sent.
fn check(text: &str) -> Result<&str, CareError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(CareError::Text("the answer is empty".to_owned()));
    }
    if text.contains('\0') {
        return Err(CareError::Text("the answer holds a character that cannot be sent (NUL)".to_owned()));
    }
    let length = text.chars().count();
    if length > LONGEST_ANSWER {
        return Err(CareError::Text(format!(
            "the answer has {length} characters, more than {LONGEST_ANSWER}: shorten it"
        )));
    }
    Ok(text)
}
