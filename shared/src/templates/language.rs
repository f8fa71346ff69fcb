//! The languages of our messages.

use std::{fmt, str::FromStr};

/// A language in which all messages exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// Nepali.
    Ne,
    /// English.
    En,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::Ne, Self::En];

    /// The ISO 639-1 code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ne => "ne",
            Self::En => "en",
        }
    }

    /// Its codes and names in lower case, as [`Language::from_tag`] reads them before `-`, `_` or `.`.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Self::Ne => &["ne", "np", "nep", "npi", "nepali", "नेपाली"],
            Self::En => &["en", "eng", "english"],
        }
    }

    /// Reads a code, a tag with country or script (`ne-NP`, `en_US`) or a name. `None` for other languages.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let tag = tag.trim();
        let primary = tag.split(['-', '_', '.']).next().unwrap_or(tag);
        let is = |language: &Self| language.names().iter().any(|name| primary.eq_ignore_ascii_case(name));
        Self::ALL.into_iter().find(is)
    }

    /// The language of a welcome: the one that `tag` names, else `default`.
    pub fn of_tag_or(tag: Option<&str>, default: Self) -> Self {
        tag.and_then(Self::from_tag).unwrap_or(default)
    }
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(tag: &str) -> Result<Self, Self::Err> {
        Self::from_tag(tag).ok_or(UnknownLanguage)
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not a language of our messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there are no messages in this language; give ne or en")]
pub struct UnknownLanguage;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_leniently() {
        for tag in ["ne", "NE", "ne-NP", "ne_NP.UTF-8", " nepali ", "नेपाली"] {
            assert_eq!(Language::from_tag(tag), Some(Language::Ne), "{tag}");
        }
        for tag in ["en", "en-GB", "English"] {
            assert_eq!(Language::from_tag(tag), Some(Language::En), "{tag}");
        }
        for tag in ["", "mai", "hi", "net", "e", "-ne"] {
            assert_eq!(Language::from_tag(tag), None, "{tag}");
        }
    }

    #[test]
    fn codes_round_trip() {
        for language in Language::ALL {
            assert_eq!(language.as_str().parse(), Ok(language));
        }
    }
}
