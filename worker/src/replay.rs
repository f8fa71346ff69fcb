//! A stored delivery, as it goes out once more.

use shared::{
    amqp::{Outgoing, Topology},
    events,
    lane::QueueLane,
};

use crate::store::dead_letters::settle::Letter;

/// None: this version cannot read it, so that it would only come back.
pub(crate) fn outgoing(letter: &Letter) -> Option<Outgoing> {
    let event = events::decode(&letter.body).ok()?;
    // Its own id first: the worker's count of a message's take-ups goes by it.
    let id = letter.message_id.clone().or(event.id).unwrap_or_else(|| format!("dead-letter-{}", letter.id));
    Some(Outgoing::replayed(id, lane(letter), letter.body.clone(), &letter.headers, letter.published_at))
}

/// A delivery from an unknown queue goes to the lane of its routing key, else to the live lane.
fn lane(letter: &Letter) -> QueueLane {
    let by_key = || QueueLane::ALL.into_iter().find(|l| Topology::routing_key(*l) == letter.routing_key);
    letter.lane.or_else(by_key).unwrap_or(QueueLane::Live)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn letter(body: &str) -> Letter {
        let reason = "schema".to_owned();
        let routing_key = "user.backfill.v1".to_owned();
        let (headers, body) = (json!({}), body.as_bytes().to_vec());
        let published_at = chrono::DateTime::UNIX_EPOCH;
        Letter { id: 7, reason, lane: None, routing_key, message_id: None, published_at, headers, body }
    }

    #[test]
    fn only_what_can_be_read_goes_out() {
        let readable = letter(r#"{"user_id": "1", "phone_number": ""}"#);
        let event = outgoing(&readable).expect("readable");
        assert_eq!((event.id.as_str(), event.route), ("dead-letter-7", QueueLane::Backfill.into()));
        let own = Letter { message_id: Some("m-1".to_owned()), lane: Some(QueueLane::Live), ..readable };
        let event = outgoing(&own).expect("readable");
        assert_eq!((event.id.as_str(), event.route), ("m-1", QueueLane::Live.into()));
        assert!(outgoing(&letter(r#"{"user": "1"}"#)).is_none());
    }
}
