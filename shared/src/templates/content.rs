//! The content of one message, ready for the create call.

use std::{borrow::Cow, collections::BTreeMap, fmt, str::FromStr};

/// What one message says: a text, or a template that Twilio fills.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// The whole text, as the user reads it.
    Text(Cow<'static, str>),
    /// A template of Twilio's Content API.
    Template {
        /// Which template.
        content_sid: ContentSid,
        /// A value for each placeholder, by its name without braces. Twilio fills a missing one with the sample value
        /// of the template, without an error.
        variables: BTreeMap<String, String>,
    },
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
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
    fn debug_shows_neither_text_nor_values() {
        let text = Content::Text("her text".into());
        let variables = BTreeMap::from([("1".to_owned(), "her name".to_owned())]);
        let template = Content::Template { content_sid: SID.parse().unwrap(), variables };
        let shown = format!("{text:?} {template:?}");
        assert!(!shown.contains("her") && shown.contains(SID), "{shown}");
    }
}
