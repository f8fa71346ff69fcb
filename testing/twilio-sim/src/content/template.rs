//! The text of a content, with its placeholders filled.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::draft::TYPES;
use super::model::Content;
use crate::channel::Channel;

/// Types that cannot begin a conversation on WhatsApp (Twilio docs, error 63016).
const ONLY_IN_A_WINDOW: [&str; 2] = ["twilio/list-picker", "twilio/location"];

/// The type that is sent: the richest that the channel knows.
fn sent_type(content: &Content, channel: Channel) -> Option<(&'static str, &Value)> {
    let knows = |name: &&str| channel == Channel::WhatsApp || matches!(*name, "twilio/text" | "twilio/media");
    let mut found = TYPES.into_iter().filter(knows);
    found.find_map(|name| content.types.get(name).map(|fields| (name, fields)))
}

/// The text that is sent, with its placeholders; empty for a type without text.
pub(crate) fn text(content: &Content, channel: Channel) -> &str {
    let fields = sent_type(content, channel).map(|(_, fields)| fields);
    let field = |name| fields.and_then(|fields| fields.get(name)).and_then(Value::as_str);
    field("body").or_else(|| field("title")).unwrap_or_default()
}

/// The name of the type that is sent on WhatsApp, for example `twilio/quick-reply`.
pub(crate) fn whatsapp_type(content: &Content) -> &'static str {
    sent_type(content, Channel::WhatsApp).map_or("", |(name, _)| name)
}

/// Whether the content may be the first message outside a customer service window.
pub(crate) fn can_begin(content: &Content) -> bool {
    !ONLY_IN_A_WINDOW.contains(&whatsapp_type(content))
}

/// The names in `{{…}}` in the texts of all types.
pub(super) fn placeholders(types: &Map<String, Value>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for fields in types.values() {
        collect(fields, &mut names);
    }
    names
}

fn collect(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            names.extend(pieces(text).into_iter().filter_map(|piece| match piece {
                Piece::Placeholder(name) => Some(name.to_owned()),
                Piece::Text(_) => None,
            }));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        Value::Object(fields) => fields.values().for_each(|field| collect(field, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The text with each placeholder replaced by its value. Braces inside a value stay as they are, and a
/// placeholder without a value stays in the text.
pub(crate) fn render(text: &str, values: &BTreeMap<String, String>) -> String {
    let mut rendered = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Text(part) => rendered.push_str(part),
            Piece::Placeholder(name) => {
                if let Some(value) = values.get(name) {
                    rendered.push_str(value);
                } else {
                    rendered.extend(["{{", name, "}}"]);
                }
            }
        }
    }
    rendered
}

enum Piece<'a> {
    Text(&'a str),
    /// The name between the braces.
    Placeholder(&'a str),
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, behind)) = after.split_once("}}") else { break };
        pieces.push(Piece::Text(before));
        pieces.push(Piece::Placeholder(name.trim()));
        rest = behind;
    }
    pieces.push(Piece::Text(rest));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::draft::ContentDraft;

    fn content(types: &str) -> Content {
        let draft: ContentDraft = serde_json::from_str(&format!(r#"{{"types":{types}}}"#)).unwrap();
        draft.content("HX1".to_owned(), "AC1", 0)
    }

    #[test]
    fn the_richest_type_is_sent() {
        let both = content(
            r#"{"twilio/text":{"body":"plain {{1}}"},"twilio/quick-reply":{"body":"rich {{1}}","actions":[]}}"#,
        );
        assert_eq!(text(&both, Channel::WhatsApp), "rich {{1}}");
        assert_eq!(text(&both, Channel::Sms), "plain {{1}}");
        assert_eq!((whatsapp_type(&both), can_begin(&both)), ("twilio/quick-reply", true));
        assert!(!can_begin(&content(r#"{"twilio/list-picker":{"body":"x"}}"#)));
    }

    #[test]
    fn placeholders_of_all_types_and_fields() {
        let rich = content(
            r#"{"twilio/text":{"body":"{{name}}, {{ 2 }}"},
                "twilio/call-to-action":{"body":"{{1}}","actions":[{"url":"https://x.example/{{code}}"}]}}"#,
        );
        let names: Vec<String> = placeholders(&rich.types).into_iter().collect();
        assert_eq!(names, ["1", "2", "code", "name"]);
    }

    #[test]
    fn values_are_not_read_again() {
        let values = [("1", "{{2}}"), ("2", "राम")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let values = BTreeMap::from(values);
        assert_eq!(render("{{1}} and {{2}}, {{3}} {{", &values), "{{2}} and राम, {{3}} {{");
    }
}
