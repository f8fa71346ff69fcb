//! An event with its AMQP properties, ready to be published.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use lapin::{
    BasicProperties,
    types::{AMQPValue, FieldTable},
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    amqp::{PeopleEvent, Route, screen},
    domain::UserId,
    events::{self, ConsentChanged, OutData, ProfileChanged, ReportedBy, Signup},
    lane::QueueLane,
};

const SOURCE: &str = "/aamcare/onboarding";
/// Prefixes of headers that the broker and the screen wrote about an earlier delivery. They are not published again.
const ABOUT_AN_EARLIER_DELIVERY: [&str; 6] =
    ["x-death", "x-first-death-", "x-last-death-", "x-delivery-count", "x-acquired-count", screen::PREFIX];
/// AMQP's limit for the name of a header.
const LONGEST_NAME: usize = 255;

/// An event ready to be published: persistent, with its id as AMQP `message_id`.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// The event's id.
    pub id: String,
    /// The way to its queue.
    pub route: Route,
    event_type: Cow<'static, str>,
    body: Vec<u8>,
    headers: FieldTable,
    unix_seconds: u64,
}

impl Outgoing {
    /// A signup that happened now.
    pub fn signed_up(signup: &Signup, traceparent: Option<String>) -> Self {
        Self::now(QueueLane::Live, traceparent, |id, now| events::signed_up(id, SOURCE, now, signup))
    }

    /// An event that names a stored user, on either lane.
    pub fn stored(user: &UserId, lane: QueueLane, traceparent: Option<String>) -> Self {
        let event = Self::now(lane, traceparent, |id, now| events::backfill(id, SOURCE, now, user));
        Self { event_type: events::BACKFILL.into(), ..event }
    }

    /// A change of a user's number or profile that happened now.
    pub fn profile_changed(changed: &ProfileChanged, traceparent: Option<String>) -> Self {
        Self::now(PeopleEvent::ProfileChanged, traceparent, |id, now| {
            events::profile_changed(id, SOURCE, now, changed)
        })
    }

    /// Consents that a user gave or withdrew now.
    pub fn consent_changed(changed: &ConsentChanged, traceparent: Option<String>) -> Self {
        Self::now(PeopleEvent::ConsentChanged, traceparent, |id, now| {
            events::consent_changed(id, SOURCE, now, changed)
        })
    }

    /// A loss that is reported now.
    pub fn loss_reported(
        user: &UserId,
        reported_by: Option<&ReportedBy>,
        traceparent: Option<String>,
    ) -> Self {
        Self::now(PeopleEvent::LossReported, traceparent, |id, now| {
            events::loss_reported(id, SOURCE, now, user, reported_by)
        })
    }

    /// The erasure of a user, now.
    pub fn erased(user: &UserId, traceparent: Option<String>) -> Self {
        Self::now(PeopleEvent::Erased, traceparent, |id, now| events::erased(id, SOURCE, now, user))
    }

    /// An event that is published byte for byte. `id` is the one in `body`, at most 255 bytes (AMQP's limit for
    /// `message_id`). The caller must have checked that `body` decodes to an event of this route.
    pub fn verbatim(id: String, route: Route, body: Vec<u8>, traceparent: Option<String>) -> Self {
        Self::new(id, route, route.event_type().into(), body, traceparent)
    }

    /// An event for the portal. `id` is at most 255 bytes; `recorded_at` is the time of the event.
    pub fn out(id: String, recorded_at: DateTime<Utc>, data: OutData) -> Self {
        let route = Route::Out(data.event());
        let body = data.body(&id, SOURCE, recorded_at);
        Self::verbatim(id, route, body, None).published_at(recorded_at)
    }

    /// A stored delivery that is published again byte for byte, with its headers and the time of its first publish. That
    /// time dates an event without a `time`, so it must not look newer than it is.
    pub fn replayed(
        id: String,
        route: impl Into<Route>,
        body: Vec<u8>,
        headers: &Value,
        published_at: DateTime<Utc>,
    ) -> Self {
        let typed = serde_json::from_slice::<Value>(&body).ok();
        let event_type = typed.as_ref().and_then(|v| v.get("type")?.as_str()).unwrap_or_default();
        // AMQP allows 255 bytes for `type`. None of our types is longer.
        let event_type = if event_type.len() > 255 { "" } else { event_type }.to_owned();
        let mut event = Self::new(id, route.into(), event_type.into(), body, None);
        event.headers = stored_headers(headers);
        event.published_at(published_at)
    }

    /// The same event, first published at `at`. AMQP stores whole seconds, rounded down, so it never looks newer.
    #[must_use]
    pub fn published_at(mut self, at: DateTime<Utc>) -> Self {
        self.unix_seconds = u64::try_from(at.timestamp()).unwrap_or(0);
        self
    }

    /// An event with a new id and the current time.
    fn now(
        route: impl Into<Route>,
        traceparent: Option<String>,
        body: impl FnOnce(&str, DateTime<Utc>) -> Vec<u8>,
    ) -> Self {
        let (id, route) = (Uuid::now_v7().to_string(), route.into());
        let body = body(&id, Utc::now());
        Self::verbatim(id, route, body, traceparent)
    }

    fn new(
        id: String,
        route: Route,
        event_type: Cow<'static, str>,
        body: Vec<u8>,
        traceparent: Option<String>,
    ) -> Self {
        let unix_seconds = u64::try_from(Utc::now().timestamp()).unwrap_or(0);
        let mut headers = FieldTable::default();
        if let Some(parent) = traceparent {
            headers.insert("traceparent".into(), AMQPValue::LongString(parent.into()));
        }
        Self { id, route, event_type, body, headers, unix_seconds }
    }

    pub(super) fn routing_key(&self) -> &'static str {
        self.route.routing_key()
    }

    /// The bytes to publish.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The AMQP properties of the event.
    pub fn properties(&self) -> BasicProperties {
        BasicProperties::default()
            .with_delivery_mode(2)
            .with_content_type(events::CONTENT_TYPE.into())
            .with_message_id(self.id.as_str().into())
            .with_type(self.event_type.as_ref().into())
            .with_app_id("aamcare-onboarding".into())
            .with_timestamp(self.unix_seconds)
            .with_headers(self.headers.clone())
    }
}

/// Headers that were stored as JSON, as an AMQP table.
fn stored_headers(headers: &Value) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in headers.as_object().into_iter().flatten() {
        if name.len() <= LONGEST_NAME
            && !ABOUT_AN_EARLIER_DELIVERY.iter().any(|prefix| name.starts_with(prefix))
        {
            table.insert(name.as_str().into(), header_value(value));
        }
    }
    table
}

fn header_value(value: &Value) -> AMQPValue {
    match value {
        Value::Null => AMQPValue::Void,
        Value::Bool(flag) => AMQPValue::Boolean(*flag),
        Value::Number(number) => {
            number.as_i64().map_or_else(|| text(&number.to_string()), AMQPValue::LongLongInt)
        }
        Value::String(content) => text(content),
        // Nested values are kept for people to read. The code does not use them.
        Value::Array(_) | Value::Object(_) => text(&value.to_string()),
    }
}

fn text(content: &str) -> AMQPValue {
    AMQPValue::LongString(content.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Consent, ConsentAction, ConsentChannel, Consents, Purpose};

    #[test]
    fn an_event_has_the_routing_key_and_the_type_of_its_content() {
        let user = UserId::parse("1").unwrap();
        let consent = Consent::new(Purpose::Tips, ConsentChannel::Any, ConsentAction::Withdraw);
        let consents = Consents::new(vec![consent]).unwrap();
        let events = [
            Outgoing::signed_up(&Signup::new(user.clone(), String::new()), None),
            Outgoing::stored(&user, QueueLane::Backfill, None),
            Outgoing::profile_changed(&ProfileChanged::new(user.clone()), None),
            Outgoing::consent_changed(&ConsentChanged { user_id: user.clone(), consents }, None),
            Outgoing::loss_reported(&user, None, None),
            Outgoing::erased(&user, None),
        ];
        for (event, route) in events.iter().zip(Route::ALL) {
            let kind = events::decode(event.body()).unwrap().kind;
            assert_eq!((event.route, Route::of_kind(&kind)), (route, route));
            assert_eq!(
                (event.event_type.as_ref(), kind.event_type()),
                (route.event_type(), route.event_type())
            );
            assert_eq!(kind.user_id(), &user);
        }
        let due_again = Outgoing::stored(&user, QueueLane::Live, None);
        assert_eq!(
            (due_again.routing_key(), &*due_again.event_type),
            ("user.signed_up.v1", events::BACKFILL)
        );
    }

    #[test]
    fn stored_headers_are_published_without_those_of_the_broker() {
        let stored = serde_json::json!({
            "traceparent": "00-a-b-01", "retries": 3, "x-death": [{ "queue": "q" }], "x-first-death-reason": "rejected",
        });
        let table = stored_headers(&stored);
        assert_eq!(table.inner().len(), 2);
        assert_eq!(table.inner().get("traceparent"), Some(&text("00-a-b-01")));
        assert_eq!(table.inner().get("retries"), Some(&AMQPValue::LongLongInt(3)));
        assert!(stored_headers(&Value::Null).inner().is_empty());
    }
}
