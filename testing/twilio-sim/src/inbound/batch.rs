//! The body of `POST /_sim/inbound`: one message, or many with common fields.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::order::Order;

/// Webhooks called at the same time unless `concurrency` or `order` says otherwise.
const DEFAULT_CONCURRENCY: usize = 16;
const MAX_CONCURRENCY: usize = 256;
const MAX_MESSAGES: usize = 100_000;

/// Messages in the order in which they are created, and how their webhooks are called.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) orders: Vec<Order>,
    /// The seed of the order of the webhooks; none: the order of the messages.
    pub(crate) shuffled: Option<u64>,
    /// Webhooks in flight at the same time.
    pub(crate) concurrency: usize,
    /// Whether the answer comes after the last webhook.
    pub(crate) wait: bool,
}

/// The fields that concern the whole batch. All others are those of a message, or the default of every message.
#[derive(Deserialize)]
struct Plan {
    order: Option<Sequence>,
    seed: Option<u64>,
    concurrency: Option<usize>,
    wait: Option<bool>,
}

const PLAN: [&str; 4] = ["order", "seed", "concurrency", "wait"];

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Sequence {
    Given,
    Shuffled,
}

impl Batch {
    /// One message, a list of messages, or `{"messages": […]}` with fields that every message takes over unless it has
    /// its own.
    pub(crate) fn read(body: &[u8]) -> Result<Self, String> {
        let mut fields = match serde_json::from_slice(body).map_err(|error| error.to_string())? {
            Value::Object(fields) => fields,
            messages @ Value::Array(_) => Map::from_iter([("messages".to_owned(), messages)]),
            _ => return Err("expected an object or a list".to_owned()),
        };
        let plan: Map<String, Value> = PLAN.iter().filter_map(|name| fields.remove_entry(*name)).collect();
        let plan: Plan = serde_json::from_value(plan.into()).map_err(|error| error.to_string())?;
        if plan.seed.is_some() && plan.order != Some(Sequence::Shuffled) {
            return Err("seed: only with the order \"shuffled\"".to_owned());
        }
        // One webhook after the other keeps an order that was asked for.
        let concurrency =
            plan.concurrency.unwrap_or(if plan.order.is_some() { 1 } else { DEFAULT_CONCURRENCY });
        if !(1..=MAX_CONCURRENCY).contains(&concurrency) {
            return Err(format!("concurrency: 1 to {MAX_CONCURRENCY}"));
        }
        Ok(Self {
            orders: orders(fields)?,
            shuffled: (plan.order == Some(Sequence::Shuffled)).then_some(plan.seed.unwrap_or(1)),
            concurrency,
            wait: plan.wait.unwrap_or(true),
        })
    }
}

fn orders(mut fields: Map<String, Value>) -> Result<Vec<Order>, String> {
    let messages = match fields.remove("messages") {
        None => return Ok(vec![order(fields)?]),
        Some(Value::Array(messages)) => messages,
        Some(_) => return Err("messages: expected a list".to_owned()),
    };
    if !(1..=MAX_MESSAGES).contains(&messages.len()) {
        return Err(format!("messages: 1 to {MAX_MESSAGES} in one request"));
    }
    let complete = |(number, message)| {
        let Value::Object(own) = message else { return Err(format!("message {number}: expected an object")) };
        let mut all = fields.clone();
        all.extend(own);
        order(all).map_err(|error| format!("message {number}: {error}"))
    };
    (1..).zip(messages).map(complete).collect::<Result<_, String>>()
}

fn order(fields: Map<String, Value>) -> Result<Order, String> {
    serde_json::from_value(fields.into()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(body: &str) -> String {
        Batch::read(body.as_bytes()).unwrap_err()
    }

    #[test]
    fn messages_take_over_the_common_fields() {
        let body = r#"{"to":"+1","body":"a","order":"shuffled","seed":7,
            "messages":[{"from":"+2"},{"from":"+3","body":"b"}]}"#;
        let batch = Batch::read(body.as_bytes()).unwrap();
        let texts: Vec<_> = batch.orders.iter().map(|one| (&*one.from, one.body.as_deref())).collect();
        assert_eq!(texts, [("+2", Some("a")), ("+3", Some("b"))]);
        assert_eq!((batch.shuffled, batch.concurrency, batch.wait), (Some(7), 1, true));
        let one = Batch::read(br#"{"from":"+2","to":"+1"}"#).unwrap();
        assert_eq!((one.orders.len(), one.shuffled, one.concurrency), (1, None, 16));
        assert_eq!(Batch::read(br#"[{"from":"+2","to":"+1"}]"#).unwrap().orders.len(), 1);
    }

    #[test]
    fn errors_name_the_message_and_the_field() {
        assert!(error(r#"{"from":"+2","to":"+1","colour":1}"#).starts_with("unknown field `colour`"));
        let second = error(r#"{"to":"+1","messages":[{"from":"+2"},{"from":"+2","button":{"text":"x"}}]}"#);
        assert_eq!(second, "message 2: missing field `payload`");
        assert_eq!(error(r#"{"messages":[1]}"#), "message 1: expected an object");
        for bad in ["", "1", r#"{"messages":[]}"#, r#"{"messages":1}"#, r#"{"to":"+1"}"#] {
            error(bad);
        }
        for bad in [r#"{"concurrency":0}"#, r#"{"seed":1}"#, r#"{"order":"random"}"#, r#"{"delay":"soon"}"#] {
            error(bad);
        }
    }
}
