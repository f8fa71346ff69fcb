//! One user's timeline: stored rows in the order of time, explained.

mod what;

use chrono::{DateTime, Utc};
use serde::Serialize;
use shared::{
    consent::{
        ledger::{self, Effective},
        staff_tasks,
    },
    domain::{MessageKind, Purpose, Reason},
    phone::E164,
};
use sqlx::PgPool;
use uuid::Uuid;

pub(crate) use what::{SMS, What};

use crate::{
    observe::log_refs::LogRefs,
    store::{
        inbox_pages::{self, WrittenBy},
        person_messages::{self, Message},
        timeline::{self, Attempt, Callback, Person},
    },
    twilio::{MessageSid, classify_status, explain},
};

/// One user's timeline. The field names are a published schema: add to it, never rename.
#[derive(Debug, Serialize)]
pub(crate) struct Story {
    pub(crate) user: String,
    /// What the log calls the user, where its key is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_ref: Option<String>,
    /// Masked.
    pub(crate) number: Option<String>,
    pub(crate) state: String,
    pub(crate) welcome: String,
    pub(crate) reason: Option<String>,
    pub(crate) next_attempt_at: Option<DateTime<Utc>>,
    pub(crate) events: Vec<Event>,
    /// Every message of every kind and channel, the oldest first.
    pub(crate) messages: Vec<Message>,
    /// What the user agreed to or not, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) consents: Option<Vec<Consent>>,
    /// What a person has to look at, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) open_tasks: Option<Vec<OpenTask>>,
}

/// The decision about one purpose on one channel.
#[derive(Debug, Serialize)]
pub(crate) struct Consent {
    pub(crate) purpose: String,
    pub(crate) channel: String,
    pub(crate) granted: bool,
    pub(crate) since: DateTime<Utc>,
    pub(crate) source: String,
}

/// An open task about the user, or about the user's number.
#[derive(Debug, Serialize)]
pub(crate) struct OpenTask {
    pub(crate) task: Uuid,
    pub(crate) kind: String,
    pub(crate) since: DateTime<Utc>,
}

/// Something that happened.
#[derive(Debug, Serialize)]
pub(crate) struct Event {
    pub(crate) at: DateTime<Utc>,
    pub(crate) what: What,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<ErrorCode>,
}

/// A code of Twilio's, what it means and what to do.
#[derive(Debug, Serialize)]
pub(crate) struct ErrorCode {
    pub(crate) code: u32,
    pub(crate) class: &'static str,
    pub(crate) meaning: &'static str,
}

impl Story {
    /// The timeline of a user id, or of the recipient of a message SID or an attempt.
    pub(crate) async fn find(pool: &PgPool, who: &str) -> Result<Option<Self>, sqlx::Error> {
        let user = match (MessageSid::parse(who), Uuid::try_parse(who)) {
            (Ok(sid), _) => timeline::user_of(pool, sid.as_str()).await?,
            (_, Ok(attempt)) => timeline::user_of_attempt(pool, attempt).await?,
            _ => None,
        };
        Self::of_user(pool, user.as_deref().unwrap_or(who)).await
    }

    /// The timeline of a stored user.
    pub(crate) async fn of_user(pool: &PgPool, user: &str) -> Result<Option<Self>, sqlx::Error> {
        let Some(person) = timeline::person(pool, user).await? else { return Ok(None) };
        let attempts = timeline::attempts(pool, user).await?;
        let callbacks = timeline::callbacks(pool, user).await?;
        let messages = person_messages::of_user(pool, user).await?;
        let mut story = Self::new(person, attempts, callbacks, messages);
        story.converse(inbox_pages::written_by(pool, user).await?);
        Ok(Some(story))
    }

    /// Adds the consents, and the open tasks. The audit log has the look of `actor` at each task before this returns.
    pub(crate) async fn with_people_data(self, pool: &PgPool, actor: &str) -> Result<Self, sqlx::Error> {
        let consents = shown_consents(pool, &self.user).await?.into_iter().map(|one| Consent {
            purpose: one.purpose,
            channel: one.channel,
            granted: one.granted,
            since: one.since,
            source: one.source,
        });
        let tasks = staff_tasks::look_at_user(pool, &self.user, actor).await?;
        let tasks = tasks.into_iter().map(|task| OpenTask {
            task: task.task_id,
            kind: task.kind,
            since: task.opened_at,
        });
        Ok(Self { consents: Some(consents.collect()), open_tasks: Some(tasks.collect()), ..self })
    }

    /// Adds what the log calls the user.
    pub(crate) fn named_for_the_log(self, refs: Option<&LogRefs>) -> Self {
        let user_ref = refs.map(|refs| refs.user(&self.user).as_str().to_owned());
        Self { user_ref, ..self }
    }

    /// Adds what was written in both directions.
    fn converse(&mut self, written: Vec<WrittenBy>) {
        let event = |at, what| Event { at, what, error: None };
        let wrote =
            |one: WrittenBy| event(one.received_at, What::Wrote { channel: one.channel, class: one.class });
        self.events.extend(written.into_iter().map(wrote));
        let replies = self.messages.iter().filter(|message| message.kind == MessageKind::Reply.as_str());
        self.events.extend(replies.map(|reply| {
            let channel = reply.channel.clone().unwrap_or_else(|| "any".to_owned());
            event(reply.created_at, What::Replied { channel, state: reply.shown_state().to_owned() })
        }));
        self.events.sort_by_key(|event| event.at);
    }

    fn new(person: Person, attempts: Vec<Attempt>, callbacks: Vec<Callback>, messages: Vec<Message>) -> Self {
        let number = person.phone_e164.as_deref().and_then(|p| E164::parse(p).ok()).map(|p| p.masked());
        let mut events = own(&person);
        let last_code = attempts.last().and_then(|a| code(a.error_code));
        for attempt in &attempts {
            attempted(&mut events, attempt);
        }
        events.extend(callbacks.iter().map(|c| Event {
            at: c.received_at,
            what: What::Callback { status: c.status.clone() },
            error: code(c.error_code),
        }));
        // The code of the reason, if no attempt has it.
        let stated = person.reason.as_deref().and_then(|r| r.parse::<Reason>().ok());
        if let (Some(Reason::Error(number)), None) = (stated, last_code) {
            let at = person.registered_at.unwrap_or(person.created_at);
            events.push(Event { at, what: What::Stated, error: Some(explained(number)) });
        }
        events.sort_by_key(|e| e.at);
        Self {
            user: person.user_id,
            user_ref: None,
            number,
            state: person.state,
            welcome: person.welcome,
            reason: person.reason,
            next_attempt_at: person.next_attempt_at,
            events,
            messages,
            consents: None,
            open_tasks: None,
        }
    }
}

/// The decisions of a user that may be shown beside other data. A stop withdraws support after a loss, and a loss does not:
/// without it both look the same.
pub(crate) async fn shown_consents(pool: &PgPool, user: &str) -> Result<Vec<Effective>, sqlx::Error> {
    let mut consents = ledger::effective(pool, user).await?;
    consents.retain(|consent| consent.purpose != Purpose::SupportAfterLoss.as_str());
    Ok(consents)
}

fn own(person: &Person) -> Vec<Event> {
    let event = |at: Option<DateTime<Utc>>, what: What| at.map(|at| Event { at, what, error: None });
    let method = person.registration_method.clone().unwrap_or_else(|| "none".to_owned());
    [
        event(person.signed_up_at, What::SignedUp),
        event(Some(person.created_at), What::Stored { source: person.source.clone() }),
        event(person.enqueued_at, What::Queued { lane: person.lane.clone() }),
        event(person.registered_at, What::Registered { method }),
        event(person.suppressed_at, What::Suppressed),
        event(person.next_attempt_at, What::Due { retries: person.retries }),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn attempted(events: &mut Vec<Event>, attempt: &Attempt) {
    let id = attempt.message_id;
    let mut add = |at, what, error| events.push(Event { at, what, error });
    let claimed = What::Claimed {
        id,
        language: attempt.language.clone(),
        channel: attempt.channel.clone(),
        fallback_of: attempt.fallback_of,
    };
    add(attempt.claimed_at, claimed, None);
    let ended = What::Ended {
        id,
        outcome: attempt.outcome.clone(),
        sid: attempt.sid.clone(),
        status: attempt.twilio_status.clone(),
        checks: attempt.checks,
    };
    add(attempt.updated_at, ended, code(attempt.error_code));
    if let Some(at) = attempt.next_check_at {
        add(at, What::Asked { id }, None);
    }
    if let Some(at) = attempt.parked_at {
        add(at, What::Parked { id }, None);
    }
    if let Some(at) = attempt.reopened_at {
        add(at, What::Reopened { id }, None);
    }
}

fn code(stored: Option<i32>) -> Option<ErrorCode> {
    Some(explained(u32::try_from(stored?).ok()?))
}

fn explained(code: u32) -> ErrorCode {
    ErrorCode { code, class: classify_status(code).label(), meaning: explain(code) }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn person(at: DateTime<Utc>) -> Person {
        Person {
            user_id: "1042".to_owned(),
            phone_e164: Some("+9779841234567".to_owned()),
            state: "registered".to_owned(),
            welcome: "undelivered".to_owned(),
            reason: Some("error_30003".to_owned()),
            source: "portal".to_owned(),
            lane: "live".to_owned(),
            signed_up_at: Some(at),
            created_at: at + TimeDelta::seconds(1),
            enqueued_at: None,
            registered_at: Some(at + TimeDelta::seconds(2)),
            registration_method: Some("lookup".to_owned()),
            next_attempt_at: None,
            retries: 0,
            suppressed_at: None,
        }
    }

    #[test]
    fn events_are_in_order_masked_and_explained() {
        let at = DateTime::UNIX_EPOCH;
        let callback = Callback {
            status: "undelivered".to_owned(),
            error_code: Some(30003),
            received_at: at + TimeDelta::seconds(9),
        };
        let story = Story::new(person(at), Vec::new(), vec![callback], Vec::new());
        assert!(story.events.is_sorted_by_key(|e| e.at));
        assert_eq!(story.events.first().unwrap().what, What::SignedUp);
        let last = story.events.last().unwrap();
        assert_eq!(last.error.as_ref().unwrap().code, 30003);
        assert_eq!(last.error.as_ref().unwrap().meaning, explain(30003));
        let shown = serde_json::to_string(&story).unwrap();
        assert!(!shown.contains("9841234567") && shown.contains("67"), "{shown}");
    }

    #[test]
    fn a_message_from_the_user_is_in_its_place_and_does_not_say_what_it_is() {
        let at = DateTime::UNIX_EPOCH;
        let mut story = Story::new(person(at), Vec::new(), Vec::new(), Vec::new());
        let wrote = WrittenBy {
            received_at: at + TimeDelta::milliseconds(1500),
            channel: "whatsapp".to_owned(),
            class: Some("loss".to_owned()),
        };
        story.converse(vec![wrote]);
        let told: Vec<String> = story.events.iter().map(|event| event.what.to_string()).collect();
        assert_eq!(told[2..4], ["they wrote, by whatsapp", "registered (method lookup)"]);
        assert!(!serde_json::to_string(&story).unwrap().contains("loss"));
    }
}
