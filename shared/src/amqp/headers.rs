//! Headers that were stored as JSON, made AMQP again.

use lapin::types::{AMQPValue, FieldTable};
use serde_json::Value;

use super::screen;

/// What the broker and the screen wrote of an earlier life of the message; it is not carried into the next.
const OF_AN_EARLIER_LIFE: [&str; 6] =
    ["x-death", "x-first-death-", "x-last-death-", "x-delivery-count", "x-acquired-count", screen::PREFIX];
/// AMQP's limit for the name of a header.
const LONGEST_NAME: usize = 255;

/// Every header that can be published again.
pub(super) fn of_json(headers: &Value) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in headers.as_object().into_iter().flatten() {
        if name.len() <= LONGEST_NAME && !OF_AN_EARLIER_LIFE.iter().any(|prefix| name.starts_with(prefix)) {
            table.insert(name.as_str().into(), amqp(value));
        }
    }
    table
}

fn amqp(value: &Value) -> AMQPValue {
    match value {
        Value::Null => AMQPValue::Void,
        Value::Bool(flag) => AMQPValue::Boolean(*flag),
        Value::Number(number) => {
            number.as_i64().map_or_else(|| text(&number.to_string()), AMQPValue::LongLongInt)
        }
        Value::String(content) => text(content),
        // Nested ones are for people to read; nobody acts on them.
        Value::Array(_) | Value::Object(_) => text(&value.to_string()),
    }
}

fn text(content: &str) -> AMQPValue {
    AMQPValue::LongString(content.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_come_back_without_those_of_the_broker() {
        let stored = serde_json::json!({
            "traceparent": "00-a-b-01", "retries": 3, "x-death": [{ "queue": "q" }], "x-first-death-reason": "rejected",
        });
        let table = of_json(&stored);
        assert_eq!(table.inner().len(), 2);
        assert_eq!(table.inner().get("traceparent"), Some(&text("00-a-b-01")));
        assert_eq!(table.inner().get("retries"), Some(&AMQPValue::LongLongInt(3)));
        assert!(of_json(&Value::Null).inner().is_empty());
    }
}
