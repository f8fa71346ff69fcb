//! Texts of limited length.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

/// A text of 1 to `MAX` characters without NUL, which Postgres text cannot hold. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct BoundedText<const MAX: usize>(String);

/// Why a text is not a [`BoundedText`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadText {
    /// The text is empty.
    #[error("the text is empty")]
    Empty,
    /// The text exceeds this number of characters.
    #[error("the text is longer than {0} characters")]
    TooLong(usize),
}

impl<const MAX: usize> BoundedText<MAX> {
    /// Checks the length of `text`. NUL becomes U+FFFD.
    pub fn new(text: &str) -> Result<Self, BadText> {
        if text.is_empty() {
            return Err(BadText::Empty);
        }
        if text.chars().nth(MAX).is_some() {
            return Err(BadText::TooLong(MAX));
        }
        Ok(Self(text.replace('\0', "\u{fffd}")))
    }

    /// The first `MAX` characters of `text`. None if it is empty.
    pub fn cut(text: &str) -> Option<Self> {
        let end = text.char_indices().nth(MAX).map_or(text.len(), |(at, _)| at);
        Self::new(&text[..end]).ok()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl<const MAX: usize> fmt::Debug for BoundedText<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoundedText(_)")
    }
}

impl<const MAX: usize> JsonSchema for BoundedText<MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("TextOf{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "maxLength": MAX })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_counts_characters() {
        assert_eq!(BoundedText::<3>::new("नन"), Ok(BoundedText("नन".to_owned())));
        assert_eq!(BoundedText::<3>::new(""), Err(BadText::Empty));
        assert_eq!(BoundedText::<3>::new("नननन"), Err(BadText::TooLong(3)));
        assert_eq!(BoundedText::<3>::cut("नननन").unwrap().as_str(), "ननन");
        assert_eq!(BoundedText::<3>::cut(""), None);
    }

    #[test]
    fn nul_is_replaced_and_debug_shows_nothing() {
        let text = BoundedText::<8>::new("Sita\0").unwrap();
        assert_eq!(text.as_str(), "Sita\u{fffd}");
        assert!(!format!("{text:?}").contains("Sita"));
    }
}
