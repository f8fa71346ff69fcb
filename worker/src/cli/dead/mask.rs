//! Masks the content of a delivery. Its structure stays; every digit and word becomes a row of dots, except the
//! words of the contract and the names of fields.

use serde_json::{Map, Value};
use shared::{
    amqp::Topology,
    events::{CONTENT_TYPE, TYPES},
    lane::QueueLane,
};
use uuid::Uuid;

/// Values of the contract, which are not personal data, beside the types.
const PLAIN: [&str; 10] =
    [CONTENT_TYPE, "application/json", "1.0", "ne", "en", "NP", "sms", "whatsapp", "grant", "withdraw"];
/// Names of fields, which stay readable in a body that is not JSON.
const FIELDS: [&str; 29] = [
    "specversion",
    "id",
    "source",
    "type",
    "time",
    "subject",
    "datacontenttype",
    "dataschema",
    "data",
    "user_id",
    "phone_number",
    "country_hint",
    "preferred_language",
    "preferred_channel",
    "kind",
    "display_name",
    "due_date",
    "child_birth_date",
    "time_zone",
    "tips_hour",
    "cadence",
    "household_id",
    "active",
    "consents",
    "purpose",
    "action",
    "wording_id",
    "wording",
    "reported_by",
];
/// A longer key is masked, because it is probably not the name of a field.
const LONGEST_NAME: usize = 40;

/// A body: JSON with masked values, else its masked text.
pub(super) fn body(bytes: &[u8]) -> Value {
    match serde_json::from_slice(bytes) {
        Ok(json) => value(&json),
        Err(_) => Value::String(text(&String::from_utf8_lossy(bytes))),
    }
}

/// JSON with masked values. Numbers become text.
pub(super) fn value(json: &Value) -> Value {
    match json {
        Value::Null | Value::Bool(_) => json.clone(),
        Value::Number(number) => Value::String(dots(&number.to_string())),
        Value::String(plain) if is_plain(plain) => json.clone(),
        Value::String(content) => Value::String(text(content)),
        Value::Array(items) => Value::Array(items.iter().map(value).collect()),
        Value::Object(fields) => {
            let masked = fields.iter().map(|(key, inner)| (name(key), value(inner)));
            Value::Object(masked.collect::<Map<_, _>>())
        }
    }
}

/// A message id. Only UUIDs stay, because another id can contain a phone number.
pub(super) fn id(id: &str) -> String {
    if Uuid::parse_str(id).is_ok() { id.to_owned() } else { text(id) }
}

/// A routing key. Any other than ours is masked, because its publisher chose it.
pub(super) fn routing_key(key: &str) -> String {
    let ours = Topology::PEOPLE_KEYS.contains(&key)
        || QueueLane::ALL.into_iter().any(|lane| Topology::routing_key(lane) == key);
    if ours { key.to_owned() } else { text(key) }
}

fn is_plain(text: &str) -> bool {
    PLAIN.contains(&text) || TYPES.contains(&text)
}

/// Words and digits as dots, punctuation as it is.
fn text(content: &str) -> String {
    let mut masked = String::with_capacity(content.len());
    let mut rest = content;
    while let Some(first) = rest.chars().next() {
        let in_word = is_word(first);
        let end = rest.find(|c| is_word(c) != in_word).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        masked += &if in_word && !FIELDS.contains(&run) { dots(run) } else { run.to_owned() };
        rest = after;
    }
    masked
}

/// A character outside ASCII may be a digit or a letter of any script.
fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii()
}

/// The name of a field with its digits masked. A key that does not look like a name is masked entirely.
fn name(key: &str) -> String {
    let looks =
        key.len() <= LONGEST_NAME && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    if looks { key.chars().map(|c| if c.is_ascii_digit() { '•' } else { c }).collect() } else { dots(key) }
}

fn dots(run: &str) -> String {
    "•".repeat(run.chars().count())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::events::{CONSENT_CHANGED, SIGNED_UP};

    use super::*;

    #[test]
    fn structure_stays_and_content_goes() {
        let event = json!({
            "specversion": "1.0", "type": SIGNED_UP, "id": "m-1",
            "data": { "user_id": 1042, "phoneNumber": "+977 984-1234567", "display_name": "सीता Tamang",
                      "preferred_language": "ne", "ok": true, "9841234567": null },
        });
        let masked = json!({
            "specversion": "1.0", "type": SIGNED_UP, "id": "•-•",
            "data": { "user_id": "••••", "phoneNumber": "+••• •••-•••••••", "display_name": "•••• ••••••",
                      "preferred_language": "ne", "ok": true, "••••••••••": null },
        });
        assert_eq!(body(event.to_string().as_bytes()), masked);
    }

    #[test]
    fn an_event_about_a_person_shows_what_it_is_and_nothing_of_the_person() {
        let event = json!({
            "type": CONSENT_CHANGED,
            "data": { "user_id": "1042", "due_date": "2027-02-14", "household_id": "Tamang", "consents": [
                { "purpose": "support_after_loss", "channel": "whatsapp", "action": "grant", "wording": "हो" } ] },
        });
        let masked = json!({
            "type": CONSENT_CHANGED,
            "data": { "user_id": "••••", "due_date": "••••-••-••", "household_id": "••••••", "consents": [
                { "purpose": "••••••••••••••••••", "channel": "whatsapp", "action": "grant", "wording": "••" } ] },
        });
        assert_eq!(body(event.to_string().as_bytes()), masked);
        let cut = r#"{"household_id": "Tamang"#;
        assert_eq!(body(cut.as_bytes()), Value::String(r#"{"household_id": "••••••"#.to_owned()));
        for key in Topology::PEOPLE_KEYS {
            assert_eq!(routing_key(key), key);
        }
    }

    #[test]
    fn a_body_that_is_not_json_is_masked_as_text() {
        let cut = r#"{"user_id": "1042", "display_name": "Sita", "phone_number": "९८४१२३४५६७"#;
        let masked = r#"{"user_id": "••••", "display_name": "••••", "phone_number": "••••••••••"#;
        assert_eq!(body(cut.as_bytes()), Value::String(masked.to_owned()));
        assert_eq!(body(b"\xff98"), Value::String("•••".to_owned()));
    }

    #[test]
    fn keys_that_do_not_look_like_names_are_masked() {
        assert_eq!(name("phoneNumber"), "phoneNumber");
        assert_eq!(name("Sita Tamang"), "•••••••••••");
        assert_eq!(name("phone_9841234567"), "phone_••••••••••");
    }

    #[test]
    fn only_a_uuid_is_shown_as_an_id() {
        let uuid = "01a20513-38ef-774e-a139-4de56368f85a";
        assert_eq!(id(uuid), uuid);
        assert_eq!(id("signup-9841234567"), "••••••-••••••••••");
    }
}
