//! A content as a request describes it, and the checks of its fields.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::approval::Approval;
use super::language::is_language;
use super::model::Content;
use crate::api_error::ApiError;

/// Most placeholders of a content (Twilio docs, "Using variables with Content API").
const MAX_VARIABLES: usize = 100;

/// The content types of the Content API, the richest first: with several types in one content, Twilio sends the
/// richest that the channel knows (Twilio docs, "Content types overview"). The order is documented only in part.
pub(super) const TYPES: [&str; 14] = [
    "whatsapp/authentication",
    "whatsapp/flows",
    "whatsapp/card",
    "twilio/flows",
    "twilio/carousel",
    "twilio/catalog",
    "twilio/card",
    "twilio/list-picker",
    "twilio/call-to-action",
    "twilio/quick-reply",
    "twilio/schedule",
    "twilio/location",
    "twilio/media",
    "twilio/text",
];

/// The fields of a create or update call. Unknown fields are ignored, as Twilio does.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct ContentDraft {
    pub(crate) friendly_name: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) variables: Option<BTreeMap<String, String>>,
    pub(crate) types: Option<Map<String, Value>>,
}

impl ContentDraft {
    /// Errors 92001, 92002, 92003, 92004 and 92008 (Twilio's error pages).
    pub(super) fn check(&self) -> Result<(), ApiError> {
        let types = self.given_types().ok_or_else(|| ApiError::of(92001))?;
        check_types(types)?;
        self.check_variables()?;
        match self.language.as_deref().unwrap_or_default() {
            "" => Err(ApiError::of(92003)),
            code if !is_language(code) => Err(ApiError::of(92004)),
            _ => Ok(()),
        }
    }

    /// The checks of an update, where every field may be missing.
    pub(super) fn check_change(&self) -> Result<(), ApiError> {
        if let Some(types) = self.given_types() {
            check_types(types)?;
        }
        self.check_variables()?;
        match self.language.as_deref() {
            Some(code) if !is_language(code) => Err(ApiError::of(92004)),
            _ => Ok(()),
        }
    }

    /// The types without those that a client sends as null.
    fn given_types(&self) -> Option<&Map<String, Value>> {
        self.types.as_ref().filter(|types| types.values().any(|value| !value.is_null()))
    }

    fn check_variables(&self) -> Result<(), ApiError> {
        match &self.variables {
            Some(variables) if variables.len() > MAX_VARIABLES => Err(ApiError::of(92002)),
            _ => Ok(()),
        }
    }

    /// The content itself. Absent fields are empty.
    pub(crate) fn content(self, sid: String, account_sid: &str, now_ms: i64) -> Content {
        Content {
            sid,
            account_sid: account_sid.to_owned(),
            friendly_name: self.friendly_name.unwrap_or_default(),
            language: self.language.unwrap_or_default(),
            variables: self.variables.unwrap_or_default(),
            types: self.types.map(without_nulls).unwrap_or_default(),
            created_ms: now_ms,
            updated_ms: now_ms,
            approval: Approval::default(),
        }
    }
}

fn check_types(types: &Map<String, Value>) -> Result<(), ApiError> {
    let known = types.iter().filter(|(_, value)| !value.is_null()).all(|(name, _)| TYPES.contains(&&**name));
    if known { Ok(()) } else { Err(ApiError::of(92008)) }
}

/// Types without absent ones, and each without its absent fields.
pub(super) fn without_nulls(types: Map<String, Value>) -> Map<String, Value> {
    let filled = types.into_iter().filter(|(_, value)| !value.is_null());
    let trimmed = filled.map(|(name, value)| match value {
        Value::Object(fields) => {
            (name, Value::Object(fields.into_iter().filter(|(_, field)| !field.is_null()).collect()))
        }
        other => (name, other),
    });
    trimmed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(json: &str) -> Option<u32> {
        let draft: ContentDraft = serde_json::from_str(json).unwrap();
        draft.check().err().map(|error| error.code)
    }

    #[test]
    fn refusals() {
        for (json, expected) in [
            (r#"{"language":"hi"}"#, Some(92001)),
            (r#"{"language":"hi","types":{"twilio/text":null}}"#, Some(92001)),
            (r#"{"language":"hi","types":{"twilio/poem":{}}}"#, Some(92008)),
            (r#"{"types":{"twilio/text":{"body":"x"}}}"#, Some(92003)),
            (r#"{"language":"ne","types":{"twilio/text":{"body":"x"}}}"#, Some(92004)),
            (r#"{"language":"hi","types":{"twilio/text":{"body":"x"},"twilio/card":null}}"#, None),
        ] {
            assert_eq!(code(json), expected, "{json}");
        }
        let many: BTreeMap<String, String> = (1..=101).map(|n| (n.to_string(), "x".to_owned())).collect();
        let draft = ContentDraft { variables: Some(many), ..ContentDraft::default() };
        assert_eq!(draft.check_change().unwrap_err().code, 92002);
    }

    #[test]
    fn absent_types_and_fields_are_dropped() {
        let json = r#"{"types":{"twilio/text":{"body":"x","title":null},"twilio/card":null}}"#;
        let draft: ContentDraft = serde_json::from_str(json).unwrap();
        let content = draft.content("HX1".to_owned(), "AC1", 0);
        assert_eq!(Value::Object(content.types).to_string(), r#"{"twilio/text":{"body":"x"}}"#);
    }
}
