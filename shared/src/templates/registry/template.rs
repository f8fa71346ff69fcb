//! A template that may be sent.

use std::collections::{BTreeMap, BTreeSet};

use super::Mapped;
use crate::templates::{Category, Content, ContentSid, Field, Fields, Unfit, variables};

/// A template that may be sent, and the facts that it prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// The content at Twilio.
    pub content_sid: ContentSid,
    /// `None`: a category that this release does not know, and whose price it does not know either.
    pub category: Option<Category>,
    /// The names of its placeholders.
    pub placeholders: BTreeSet<String>,
    /// The fact for each placeholder.
    pub variables: BTreeMap<String, Field>,
    /// The text, with its placeholders.
    body: String,
}

impl Template {
    /// `None`: a SID or a field cannot be read.
    pub fn of(mapped: &Mapped) -> Option<Self> {
        let variables =
            mapped.variables.iter().map(|(name, field)| Some((name.clone(), field.parse().ok()?)));
        Some(Self {
            content_sid: mapped.content.content_sid.parse().ok()?,
            category: Category::of_twilio(&mapped.content.category),
            placeholders: mapped.content.placeholders.iter().cloned().collect(),
            variables: variables.collect::<Option<_>>()?,
            body: mapped.content.body.clone(),
        })
    }

    /// The content of a message with these facts. Fails if a placeholder would be empty, or if WhatsApp would refuse the
    /// text: such a message is never sent.
    pub fn fill(&self, fields: &Fields) -> Result<Content, Unfit> {
        let mut values = BTreeMap::new();
        for (name, field) in &self.variables {
            let value = fields.get(*field).ok_or(Unfit::NoField(*field))?;
            values.insert(name.clone(), value.to_owned());
        }
        let variables = variables::check(&self.placeholders, &self.body, &values)?;
        Ok(Content::Template { content_sid: self.content_sid.clone(), variables })
    }
}

#[cfg(test)]
mod tests;
