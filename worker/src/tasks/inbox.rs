//! Handles what people wrote to us: what follows is carried out, and the message is marked, in one transaction. So a message
//! that is handled again, by this worker or another, changes nothing.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt as _, stream};
use shared::{
    consent::{
        self, Door, Source,
        doors::Effect,
        welcome,
        written::{self, Wish},
    },
    db::sqlstate,
    events_out::{self, ReceivedMessage},
    phone::E164,
    templates::{Content, Language, Reply},
    window::Window,
    words::{self, Class, Understood, Urgency},
};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::driver::{Failed, Next, Task};
use crate::{
    calendar::Calendar,
    inbox::{Closed, Keyring, Plan, Readers, SAME_TEXTS, Told},
    store::{
        conversations::{self, Turn},
        inbound::{self, DueInbound, Handled},
        messages::{self, ANSWERS, NewReply},
        reply_windows::{self, WINDOW_MARGIN},
        writers,
    },
    twilio::{Client, MessageSid},
};

const INTERVAL: Duration = Duration::from_secs(1);
const BATCH: i64 = 20;
/// Messages that are handled side by side, each with a connection: fewer than the pool has. The lock of a number keeps those of
/// one person apart.
const AT_ONCE: usize = 3;
/// No other worker takes the same message meanwhile. A message that failed, or whose worker died, is handled again after that.
const HOLD: Duration = Duration::from_secs(10);

/// The handler of inbound messages of one worker; any number may run.
pub(crate) struct Inbox {
    pub(crate) pool: PgPool,
    pub(crate) client: Client,
    pub(crate) keys: Keyring,
    /// Of people whose language is not known.
    pub(crate) language: Language,
    /// The number that answers name.
    pub(crate) help_line: Option<String>,
    /// Automatic answers to one person within an hour, at most.
    pub(crate) replies_per_hour: u32,
    pub(crate) staff: StaffHours,
}

/// When staff read messages.
pub(crate) struct StaffHours {
    pub(crate) hours: Window,
    /// An urgent message calls them at any hour.
    pub(crate) called: bool,
    pub(crate) calendar: Calendar,
}

impl StaffHours {
    fn readers(&self, urgent: bool) -> Readers {
        let here = urgent && self.called || self.hours.contains(self.calendar.now());
        if here { Readers::Now } else { Readers::Later }
    }
}

impl Task for Inbox {
    const NAME: &'static str = "inbox";

    fn interval(&self) -> Duration {
        INTERVAL
    }

    async fn step(&mut self) -> Result<Next, Failed> {
        let due = inbound::take_due(&self.pool, BATCH, HOLD).await?;
        let more = i64::try_from(due.len()).unwrap_or(BATCH) == BATCH;
        // The others do not wait for one that fails.
        let handled: Vec<_> = due.iter().map(|message| self.handle_or_note(message)).collect();
        let handled: Vec<_> = stream::iter(handled).buffer_unordered(AT_ONCE).collect().await;
        handled.into_iter().collect::<Result<Vec<()>, _>>()?;
        Ok(if more { Next::AtOnce } else { Next::AfterInterval })
    }
}

/// Who wrote, and where to.
struct Writer<'a> {
    message: &'a DueInbound,
    /// When the message was written, as far as it matters.
    at: DateTime<Utc>,
    phone: Option<E164>,
}

impl Writer<'_> {
    fn number(&self) -> Option<&str> {
        self.phone.as_ref().map(E164::as_str)
    }

    fn person(&self) -> &str {
        self.number().or(self.message.external_id.as_deref()).unwrap_or_default()
    }
}

impl Inbox {
    async fn handle_or_note(&self, message: &DueInbound) -> Result<(), sqlx::Error> {
        self.handle(message).await.inspect_err(|error| {
            let (sid, tries, error) = (&message.message_sid, message.tries, sqlstate(error));
            tracing::warn!(sid, tries, error, "an inbound message is handled again later");
        })
    }

    async fn handle(&self, message: &DueInbound) -> Result<(), sqlx::Error> {
        let text = match self.text(&message.message_sid, message.body.as_deref()) {
            Ok(text) => text,
            Err(why) => {
                metrics::counter!("onboarding_inbound_unreadable_total").increment(1);
                tracing::error!(sid = message.message_sid, %why, "an inbound message cannot be read: set INBOX_KEY to all keys that are in use");
                return Ok(());
            }
        };
        let understood = words::understand(&text, message.payload.as_deref());
        let phone = message.phone_e164.as_deref().and_then(|phone| E164::parse(phone).ok());
        let at = self.written_at(message, understood.class()).await?;
        let writer = Writer { message, at, phone };
        let mut tx = self.pool.begin().await?;
        if let Some(number) = writer.number() {
            // Before the message: an erasure locks them in this order.
            welcome::hold_number(&mut tx, number).await?;
        }
        if !inbound::lock(&mut tx, &message.message_sid).await? {
            return Ok(());
        }
        let reply = self.act(&mut tx, &writer, &text, understood).await?;
        consent::commit(tx, &self.pool).await?;
        let class = understood.class();
        metrics::counter!("onboarding_inbound_messages_total", "channel" => channel(message), "class" => class.as_str())
            .increment(1);
        let (sid, reply) = (&message.message_sid, reply.map(Reply::as_str));
        tracing::info!(sid, channel = message.channel, class = class.as_str(), reply, "inbound message");
        Ok(())
    }

    /// When a message counts as written: when it came. The requests of two messages may swap places, so of a stop and a start
    /// within two minutes Twilio is asked which was first; if it does not know, the stop is the later one.
    async fn written_at(&self, message: &DueInbound, class: Class) -> Result<DateTime<Utc>, sqlx::Error> {
        let contrary = match class {
            Class::Stop => Class::Start,
            Class::Start => Class::Stop,
            _ => return Ok(message.received_at),
        };
        let Some(other) = inbound::near(&self.pool, message, contrary.as_str()).await? else {
            return Ok(message.received_at);
        };
        let created =
            tokio::join!(self.created_at(&message.message_sid), self.created_at(&other.message_sid));
        let first = match created {
            (Some(this), Some(that)) if this != that => this < that,
            _ => class == Class::Start,
        };
        let moment = TimeDelta::milliseconds(1);
        Ok(if first {
            message.received_at.min(other.received_at - moment)
        } else {
            message.received_at.max(other.received_at + moment)
        })
    }

    async fn created_at(&self, sid: &str) -> Option<DateTime<Utc>> {
        let sid = MessageSid::parse(sid).ok()?;
        match self.client.fetch_message(&sid).await {
            Ok(record) => record.date_created,
            Err(fault) => {
                tracing::warn!(%sid, %fault, "Twilio does not say when a message was written");
                None
            }
        }
    }

    /// Carries out what follows from a locked message. Returns the automatic answer.
    async fn act(
        &self,
        tx: &mut PgConnection,
        writer: &Writer<'_>,
        text: &str,
        understood: Understood,
    ) -> Result<Option<Reply>, sqlx::Error> {
        let message = writer.message;
        let plan = Plan::of(&understood);
        let user = match writer.number() {
            Some(phone) => writers::of_number(tx, phone).await?,
            None => None,
        };
        let urgent = plan.urgency == Some(Urgency::Danger);
        let told = Told {
            known: user.is_some(),
            staff: self.staff.readers(urgent),
            ..self.told(tx, writer, text).await?
        };
        let effect = carry_out(tx, writer, plan.wish).await?;
        if plan.weekly
            && let Some(user) = &user
        {
            writers::weekly(tx, &user.user_id).await?;
        }
        let window = reply_windows::Window {
            person: writer.person(),
            channel: &message.channel,
            recipient: &message.recipient,
        };
        let open_until = reply_windows::open(tx, &window, message.received_at).await?;
        let conversation = match plan.is_read(effect) {
            Some(urgency) => {
                let turn = Turn {
                    channel: &message.channel,
                    recipient: &message.recipient,
                    phone_e164: writer.number(),
                    external_id: message.external_id.as_deref(),
                    class: understood.class().as_str(),
                    urgency: rank(urgency),
                };
                Some(conversations::add(tx, &turn).await?)
            }
            None => None,
        };
        let reply = plan.reply(effect, &told).filter(|_| writer.phone.is_some());
        if let (Some(reply), Some(phone)) = (reply, writer.number()) {
            let stored = user.as_ref().and_then(|user| user.language.as_deref()?.parse().ok());
            let language = stored.unwrap_or_else(|| language_of(text).unwrap_or(self.language));
            let new = NewReply {
                message_id: Uuid::now_v7(),
                channel: &message.channel,
                user_id: user.as_ref().map_or("", |user| &user.user_id),
                phone_e164: phone,
                slot: reply.as_str(),
                language,
                content: Some(&self.content(reply, language)),
                key: &format!("{ANSWERS}{}", message.message_sid),
                expires_at: open_until - WINDOW_MARGIN,
            };
            messages::reply(tx, &new).await?;
        }
        let handled = Handled {
            class: understood.class().as_str(),
            words_version: i32::try_from(understood.version()).unwrap_or(i32::MAX),
            conversation,
            reply: reply.map(Reply::as_str),
        };
        inbound::handled(tx, &message.message_sid, &handled).await?;
        let received = ReceivedMessage {
            message_sid: &message.message_sid,
            user_id: user.as_ref().map(|user| user.user_id.as_str()),
            channel: &message.channel,
            class: understood.class(),
            received_at: message.received_at,
        };
        events_out::message_received(tx, &received).await?;
        Ok(reply)
    }

    /// Earlier answers to the person. Read before the message itself changes them.
    async fn told(
        &self,
        tx: &mut PgConnection,
        writer: &Writer<'_>,
        text: &str,
    ) -> Result<Told, sqlx::Error> {
        let (number, id) = (writer.number(), writer.message.external_id.as_deref());
        let last = i64::try_from(SAME_TEXTS - 1).unwrap_or_default();
        let before = inbound::before(tx, (number, id), &writer.message.message_sid, last).await?;
        let same =
            |(sid, body): &(String, Vec<u8>)| self.text(sid, Some(body)).is_ok_and(|before| before == text);
        Ok(Told {
            hour_is_full: before.replies_of_hour >= i64::from(self.replies_per_hour),
            replies_of_month: before.replies_of_month,
            machine: !text.is_empty()
                && before.texts.len() == SAME_TEXTS - 1
                && before.texts.iter().all(same),
            in_conversation: conversations::is_open(tx, number, id).await?,
            ..Told::default()
        })
    }

    fn content(&self, reply: Reply, language: Language) -> Content {
        let opens = self.staff.hours.opens_at().unwrap_or_default();
        reply.content(language, self.help_line.as_deref(), &opens)
    }

    fn text(&self, sid: &str, body: Option<&[u8]>) -> Result<String, Closed> {
        let Some(body) = body else { return Ok(String::new()) };
        Ok(String::from_utf8_lossy(&self.keys.open(sid, body)?).into_owned())
    }
}

async fn carry_out(
    tx: &mut PgConnection,
    writer: &Writer<'_>,
    wish: Option<Wish>,
) -> Result<Option<Effect>, sqlx::Error> {
    let (Some(wish), Some(phone)) = (wish, &writer.phone) else { return Ok(None) };
    let reason = "written by the person";
    let door = Door { source: Source::Inbound, actor: "inbox", reason, action: None };
    written::carry_out(tx, (phone, writer.at), wish, &door).await.map(Some)
}

fn rank(urgency: Urgency) -> i16 {
    match urgency {
        Urgency::Other => 0,
        Urgency::Loss => 1,
        Urgency::Danger => 2,
    }
}

/// The language of a text, as far as its letters tell it.
fn language_of(text: &str) -> Option<Language> {
    text.chars().any(|c| ('\u{900}'..='\u{97F}').contains(&c)).then_some(Language::Ne)
}

fn channel(message: &DueInbound) -> &'static str {
    let known: Result<shared::domain::Channel, _> = message.channel.parse();
    known.map_or("other", shared::domain::Channel::as_str)
}

#[cfg(test)]
mod tests;
