//! From lapin's delivery to what the pipeline needs.

use chrono::{DateTime, TimeDelta, Utc};
use lapin::{
    message::Delivery,
    types::{AMQPValue, FieldTable},
};
use serde_json::{Map, Value};
use shared::{amqp::Screened, events::Event, lane::QueueLane};
use tokio::time::Instant;

use crate::{
    facts::Arrival,
    pipeline::{Inbound, Unfit},
};

/// Takes the body out of `delivery`; the acker stays.
pub(crate) fn inbound(delivery: &mut Delivery, lane: QueueLane) -> Inbound {
    let properties = &delivery.properties;
    let headers = properties.headers().as_ref();
    let published_at = properties.timestamp().and_then(moment).or_else(|| died_at(headers?));
    Inbound {
        lane,
        routing_key: delivery.routing_key.to_string(),
        message_id: properties.message_id().as_ref().map(|id| clean(id.as_str())),
        published_at: published_at.map(|at| plausible(at, Utc::now())),
        screened: Screened::of(headers),
        arrival: Arrival { at: Instant::now(), redelivered: delivery.redelivered },
        traceparent: headers.and_then(traceparent),
        headers: headers.map_or_else(|| Value::Object(Map::new()), to_json),
        body: std::mem::take(&mut delivery.data),
    }
}

/// As it came, as event times are: a time cut to now would be later at every redelivery. But a clock that is far ahead,
/// or counts milliseconds, must not outdo all later data.
fn plausible(published_at: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    if published_at > now + TimeDelta::minutes(10) { now } else { published_at }
}

/// When a delivery was published: the AMQP timestamp, or the time of its event where the publisher sets none.
pub(super) fn published(inbound: &Inbound, event: &Result<Event, Unfit>) -> Option<DateTime<Utc>> {
    inbound.published_at.or_else(|| event.as_ref().ok()?.time.at())
}

fn moment(unix_seconds: u64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(i64::try_from(unix_seconds).ok()?, 0)
}

/// When the broker first dead-lettered the message: not long after it was published, at the latest.
fn died_at(headers: &FieldTable) -> Option<DateTime<Utc>> {
    let Some(AMQPValue::FieldArray(deaths)) = headers.inner().get("x-death") else { return None };
    let times = deaths.as_slice().iter().filter_map(|death| match death {
        AMQPValue::FieldTable(death) => match death.inner().get("time") {
            Some(AMQPValue::Timestamp(time)) => moment(*time),
            _ => None,
        },
        _ => None,
    });
    times.min()
}

/// W3C Trace Context: 55 characters of lower-case hex and dashes; anything else is not carried on.
fn traceparent(headers: &FieldTable) -> Option<String> {
    let text = match headers.inner().get("traceparent")? {
        AMQPValue::LongString(text) => text.to_string(),
        AMQPValue::ShortString(text) => text.to_string(),
        _ => return None,
    };
    let fits = text.len() == 55
        && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b) || b == b'-');
    fits.then_some(text)
}

/// Headers for people to read. NUL, which Postgres cannot keep, is dropped.
fn to_json(headers: &FieldTable) -> Value {
    let entries = headers.inner().iter().map(|(k, v)| (clean(k.as_str()), value(v)));
    Value::Object(entries.collect())
}

fn value(value: &AMQPValue) -> Value {
    match value {
        AMQPValue::LongString(text) => Value::String(clean(&text.to_string())),
        AMQPValue::ShortString(text) => Value::String(clean(text.as_str())),
        AMQPValue::Boolean(flag) => Value::Bool(*flag),
        AMQPValue::LongLongInt(n) => Value::from(*n),
        AMQPValue::LongInt(n) => Value::from(*n),
        AMQPValue::LongUInt(n) => Value::from(*n),
        AMQPValue::ShortInt(n) => Value::from(*n),
        AMQPValue::Timestamp(n) => Value::from(*n),
        AMQPValue::FieldArray(items) => Value::Array(items.as_slice().iter().map(self::value).collect()),
        AMQPValue::FieldTable(table) => to_json(table),
        other => Value::String(clean(&format!("{other:?}"))),
    }
}

fn clean(text: &str) -> String {
    text.replace('\0', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> FieldTable {
        let mut table = FieldTable::default();
        table.insert("traceparent".into(), AMQPValue::LongString(text.into()));
        table
    }

    #[test]
    fn only_a_well_formed_trace_context_is_carried_on() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(traceparent(&table(good)).as_deref(), Some(good));
        for bad in ["", "x", &good.to_uppercase(), &format!("{good}\r\nX: y")] {
            assert_eq!(traceparent(&table(bad)), None);
        }
    }

    #[test]
    fn the_time_of_a_publisher_whose_clock_is_ahead_stays_the_same_unless_it_is_far_ahead() {
        let now = Utc::now();
        for (seconds, kept) in [(-60, true), (120, true), (3600, false)] {
            let at = now + TimeDelta::seconds(seconds);
            assert_eq!(plausible(at, now), if kept { at } else { now });
        }
    }

    #[test]
    fn the_first_death_tells_when_a_message_was_there_at_the_latest() {
        let death = |time| {
            let mut death = FieldTable::default();
            death.insert("time".into(), AMQPValue::Timestamp(time));
            AMQPValue::FieldTable(death)
        };
        let mut headers = FieldTable::default();
        assert_eq!(died_at(&headers), None);
        headers.insert(
            "x-death".into(),
            AMQPValue::FieldArray(vec![death(200), death(100), death(u64::MAX)].into()),
        );
        assert_eq!(died_at(&headers), DateTime::from_timestamp(100, 0));
    }

    #[test]
    fn headers_become_json_without_nul() {
        assert_eq!(to_json(&table("a\0b")), serde_json::json!({ "traceparent": "ab" }));
    }
}
