//! The `ContentVariables` of a create call.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::model::Content;
use super::template::placeholders;

/// Most pairs (Twilio docs, "Using variables with Content API").
const MAX_PAIRS: usize = 100;
/// Longest key, in characters (the same page).
const MAX_KEY: usize = 16;
/// Longest value, in characters (error 21658).
const MAX_VALUE: usize = 1600;
/// Most spaces in a row inside a value (error 63013).
const MAX_SPACES: usize = 4;

/// The values by placeholder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Variables {
    given: BTreeMap<String, String>,
}

impl Variables {
    /// Reads a JSON object of strings. Errors 21656 and 21658, which Twilio answers at once.
    pub(crate) fn read(text: &str) -> Result<Self, u32> {
        let object: Map<String, Value> = serde_json::from_str(text).map_err(|_| 21656_u32)?;
        if object.len() > MAX_PAIRS {
            return Err(21656);
        }
        let mut given = BTreeMap::new();
        for (name, value) in object {
            match value {
                Value::String(value) if !value.is_empty() && is_key(&name) => given.insert(name, value),
                _ => return Err(21656),
            };
        }
        let too_long = |value: &String| value.chars().count() > MAX_VALUE;
        if given.values().any(too_long) { Err(21658) } else { Ok(Self { given }) }
    }

    /// The error that the channel reports later: 63013 for a line break, a tab or a run of spaces in a value,
    /// 63028 for a value without placeholder or a placeholder without value and sample.
    pub(crate) fn late_error(&self, content: &Content) -> Option<u32> {
        if self.given.values().any(|value| has_forbidden_space(value)) {
            return Some(63013);
        }
        let names = placeholders(&content.types);
        let surplus = self.given.keys().any(|name| !names.contains(name));
        let missing =
            names.iter().any(|name| !self.given.contains_key(name) && !content.variables.contains_key(name));
        (surplus || missing).then_some(63028)
    }

    /// The values with the content's samples for those left out, as Twilio fills them in without notice.
    pub(crate) fn with_samples(self, content: &Content) -> BTreeMap<String, String> {
        let mut values = content.variables.clone();
        values.extend(self.given);
        values
    }
}

fn is_key(name: &str) -> bool {
    (1..=MAX_KEY).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn has_forbidden_space(value: &str) -> bool {
    value.contains(['\n', '\r', '\t']) || value.contains(&" ".repeat(MAX_SPACES + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::draft::ContentDraft;

    fn content() -> Content {
        let json = r#"{"variables":{"2":"sample"},"types":{"twilio/text":{"body":"a {{1}} b {{2}} c"}}}"#;
        let draft: ContentDraft = serde_json::from_str(json).unwrap();
        draft.content("HX1".to_owned(), "AC1", 0)
    }

    #[test]
    fn refused_at_once() {
        let long = format!(r#"{{"1":"{}"}}"#, "क".repeat(1601));
        for (text, expected) in [
            ("", 21656),
            ("[]", 21656),
            (r#"{"1":null}"#, 21656),
            (r#"{"1":""}"#, 21656),
            (r#"{"1":26}"#, 21656),
            (r#"{"a name with more":"x"}"#, 21656),
            (r#"{"seventeen_letters":"x"}"#, 21656),
            (&long, 21658),
        ] {
            assert_eq!(Variables::read(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn refused_by_the_channel() {
        let late = |text: &str| Variables::read(text).unwrap().late_error(&content());
        for (text, expected) in [
            (r#"{"1":"राम","2":"26"}"#, None),
            (r#"{"1":"राम"}"#, None),
            (r#"{"2":"26"}"#, Some(63028)),
            (r#"{"1":"x","3":"y"}"#, Some(63028)),
            (r#"{"1":"a\nb"}"#, Some(63013)),
            (r#"{"1":"a\tb"}"#, Some(63013)),
            (r#"{"1":"a    b"}"#, None),
            (r#"{"1":"a     b"}"#, Some(63013)),
        ] {
            assert_eq!(late(text), expected, "{text}");
        }
    }

    #[test]
    fn samples_fill_gaps_silently() {
        let values = Variables::read(r#"{"1":"x"}"#).unwrap().with_samples(&content());
        assert_eq!((values["1"].as_str(), values["2"].as_str()), ("x", "sample"));
    }
}
