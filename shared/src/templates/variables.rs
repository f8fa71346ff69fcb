//! The values of a template, checked before Twilio sees them.
//!
//! Twilio puts the sample value of the template where a value is missing, without an error, and refuses other faults only
//! after it accepted the message: 63013 for line breaks, tabs and runs of spaces, 63021 for a message of more than 1,024
//! characters, 63028 for a wrong number of values (Twilio's error pages 21656, 63013, 63021 and 63028). So a message with a
//! fault is not claimed.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    fields::Field,
    placeholders::{self, LONGEST_NAME},
};

/// Characters of one value, at most (Twilio's error page 21658).
pub const LONGEST_VALUE: usize = 1_600;
/// Characters of a filled template, at most (Twilio's error page 63021).
pub const LONGEST_MESSAGE: usize = 1_024;
/// Values of one message, at most (Twilio docs, "Using variables with Content").
pub const MOST_VALUES: usize = 100;

/// Why a template cannot be filled. Names placeholders and fields, and never shows a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The message lacks a fact.
    #[error("the message has no {0}")]
    NoField(Field),
    /// A placeholder has no value.
    #[error("the placeholder {0} has no value")]
    Missing(String),
    /// A value has no placeholder.
    #[error("the template has no placeholder {0}")]
    Extra(String),
    /// Twilio takes no value under this name.
    #[error(
        "the placeholder {0:?} cannot be filled: a name has at most {LONGEST_NAME} letters, digits and underscores"
    )]
    Name(String),
    /// More values than Twilio takes.
    #[error("{0} placeholders: Twilio takes at most {MOST_VALUES}")]
    TooMany(usize),
    /// A value shows nothing.
    #[error("the value of {0} is empty")]
    Empty(String),
    /// A value holds a control character or a line break.
    #[error("the value of {0} holds a line break, tab or other control character")]
    Control(String),
    /// A value holds a character that changes the direction of the text around it.
    #[error("the value of {0} holds a direction mark")]
    Direction(String),
    /// A value holds `{{` or `}}`.
    #[error("the value of {0} holds double braces")]
    Braces(String),
    /// A value is too long.
    #[error("the value of {name} has {characters} characters, at most {LONGEST_VALUE} are allowed")]
    LongValue {
        /// The placeholder.
        name: String,
        /// Its characters.
        characters: usize,
    },
    /// The filled template is too long.
    #[error("the message has {0} characters, at most {LONGEST_MESSAGE} are allowed")]
    LongMessage(usize),
}

/// Fails unless `names` are exactly the placeholders, and Twilio takes values under them.
pub fn check_names<'a>(
    placeholders: &'a BTreeSet<String>,
    names: impl IntoIterator<Item = &'a String>,
) -> Result<(), Unfit> {
    let names: BTreeSet<&String> = names.into_iter().collect();
    if let Some(extra) = names.iter().find(|name| !placeholders.contains(**name)) {
        return Err(Unfit::Extra((*extra).clone()));
    }
    if let Some(missing) = placeholders.iter().find(|name| !names.contains(name)) {
        return Err(Unfit::Missing(missing.clone()));
    }
    if let Some(bad) = placeholders.iter().find(|name| !placeholders::is_name(name)) {
        return Err(Unfit::Name(bad.clone()));
    }
    if placeholders.len() > MOST_VALUES {
        return Err(Unfit::TooMany(placeholders.len()));
    }
    Ok(())
}

/// The values as Twilio gets them: without surrounding spaces, and with one space for each run of spaces. `body` is the
/// text of the template, with its placeholders.
pub fn check(
    placeholders: &BTreeSet<String>,
    body: &str,
    values: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Unfit> {
    check_names(placeholders, values.keys())?;
    let mut clean = BTreeMap::new();
    for (name, value) in values {
        clean.insert(name.clone(), clean_value(name, value)?);
    }
    let characters = placeholders::filled(body, &clean).chars().count();
    if characters > LONGEST_MESSAGE {
        return Err(Unfit::LongMessage(characters));
    }
    Ok(clean)
}

fn clean_value(name: &str, value: &str) -> Result<String, Unfit> {
    let trimmed = value.trim();
    let name = || name.to_owned();
    if trimmed.chars().all(|c| is_space(c) || is_invisible(c)) {
        return Err(Unfit::Empty(name()));
    }
    if trimmed.chars().any(is_control) {
        return Err(Unfit::Control(name()));
    }
    if trimmed.chars().any(is_direction_mark) {
        return Err(Unfit::Direction(name()));
    }
    if trimmed.contains("{{") || trimmed.contains("}}") {
        return Err(Unfit::Braces(name()));
    }
    let words: Vec<&str> = trimmed.split(is_space).filter(|word| !word.is_empty()).collect();
    let clean = words.join(" ");
    let characters = clean.chars().count();
    if characters > LONGEST_VALUE {
        return Err(Unfit::LongValue { name: name(), characters });
    }
    Ok(clean)
}

/// Control characters, and the separators of lines and paragraphs.
fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

fn is_space(c: char) -> bool {
    c.is_whitespace() && !is_control(c)
}

/// Characters without a width. Two of them join Devanagari letters, so they are allowed inside a value.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}') || is_direction_mark(c)
}

/// Marks, embeddings, overrides and isolates of the Unicode bidirectional algorithm (UAX 9).
fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests;
