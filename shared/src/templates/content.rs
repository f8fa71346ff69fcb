//! The content of one message, ready for the create call.

use std::{borrow::Cow, collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What one message says: a text, or a template that Twilio fills. In JSON: `{"text":"…"}`, or
/// `{"template":{"content_sid":"HX…","variables":{"1":"…"}}}`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// The whole text, as the user reads it.
    Text(Cow<'static, str>),
    /// A template of Twilio's Content API.
    Template {
        /// Which template.
        content_sid: ContentSid,
        /// A value for each placeholder, by its name without braces. Twilio fills a missing one with the sample value
        /// of the template, without an error.
        #[serde(default)]
        variables: BTreeMap<String, String>,
    },
}

impl Content {
    /// The text; none for a template, whose text Twilio holds.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Template { .. } => None,
        }
    }

    /// The values of a template as the Content API takes them, a JSON object.
    pub fn variables(&self) -> String {
        match self {
            Self::Text(_) => "{}".to_owned(),
            // A map of texts always has a JSON form.
            Self::Template { variables, .. } => serde_json::to_string(variables).unwrap_or_default(),
        }
    }

    /// What tells this content from others: the text, or the template with its values.
    pub(super) fn identity(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Template { content_sid, .. } => format!("{content_sid} {}", self.variables()).into(),
        }
    }
}

/// Shows neither text nor values.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => f.debug_tuple("Text").finish_non_exhaustive(),
            Self::Template { content_sid, .. } => {
                f.debug_struct("Template").field("content_sid", content_sid).finish_non_exhaustive()
            }
        }
    }
}

/// Twilio's id of a template: `HX` and 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct ContentSid(String);

impl ContentSid {
    /// The id as Twilio writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ContentSid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ContentSid {
    type Err = InvalidContentSid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix("HX").filter(|digits| digits.len() == 32);
        let valid = digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if valid { Ok(Self(text.to_owned())) } else { Err(InvalidContentSid) }
    }
}

impl TryFrom<String> for ContentSid {
    type Error = InvalidContentSid;

    fn try_from(text: String) -> Result<Self, InvalidContentSid> {
        text.parse()
    }
}

/// The text is not the id of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a ContentSid: give `HX` and 32 hexadecimal digits")]
pub struct InvalidContentSid;

#[cfg(test)]
mod tests {
    use super::*;

    const SID: &str = "HX0123456789abcdefABCDEF0123456789";

    #[test]
    fn a_content_sid_is_hx_and_32_hexadecimal_digits() {
        assert_eq!(SID.parse::<ContentSid>().unwrap().as_str(), SID);
        for bad in
            ["", "HX", &SID[..33], &format!("{SID}0"), &SID.replace("HX", "SM"), &SID.replace('0', "g")]
        {
            assert_eq!(bad.parse::<ContentSid>(), Err(InvalidContentSid), "{bad}");
        }
    }

    #[test]
    fn contents_round_trip_in_json_and_a_bad_template_is_refused() {
        let variables = BTreeMap::from([("1".to_owned(), "x".to_owned())]);
        let template = Content::Template { content_sid: SID.parse().unwrap(), variables };
        for (content, json) in [
            (Content::Text("hello".into()), serde_json::json!({"text": "hello"})),
            (template, serde_json::json!({"template": {"content_sid": SID, "variables": {"1": "x"}}})),
        ] {
            assert_eq!(serde_json::to_value(&content).unwrap(), json);
            assert_eq!(serde_json::from_value::<Content>(json).unwrap(), content);
        }
        let bad = serde_json::json!({"template": {"content_sid": "HX1"}});
        assert!(serde_json::from_value::<Content>(bad).is_err());
    }

    #[test]
    fn debug_shows_neither_text_nor_values() {
        let text = Content::Text("her text".into());
        let variables = BTreeMap::from([("1".to_owned(), "her name".to_owned())]);
        let template = Content::Template { content_sid: SID.parse().unwrap(), variables };
        let shown = format!("{text:?} {template:?}");
        assert!(!shown.contains("her") && shown.contains(SID), "{shown}");
    }
}
