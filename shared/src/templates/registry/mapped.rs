//! The map of templates, as Postgres has it.

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, Utc};
use sqlx::{PgExecutor, types::Json};

use crate::{
    domain::{Channel, MessageKind},
    templates::{Language, Slot, Variant},
};

/// What identifies a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Of the message.
    pub kind: MessageKind,
    /// The occasion.
    pub slot: Slot,
    /// Ours.
    pub language: Language,
    /// By which it goes.
    pub channel: Channel,
    /// Of two wordings.
    pub variant: Variant,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, slot, language, channel, variant } = self;
        write!(f, "{kind} {slot} {language} {channel} {variant}")
    }
}

/// A mapping with the content that it names, as the last walk found it.
#[derive(Debug, Clone)]
pub struct Mapped {
    /// What it is mapped for.
    pub place: Place,
    /// Meta's language at the time of the mapping.
    pub mapped_language: String,
    /// The category at the time of the mapping.
    pub mapped_category: String,
    /// The name of a [`Field`] for each placeholder.
    pub variables: BTreeMap<String, String>,
    /// When it was mapped.
    pub mapped_at: DateTime<Utc>,
    /// The content, as the last walk found it.
    pub content: Content,
}

/// A content of Twilio, as the last walk found it.
#[derive(Debug, Clone)]
pub struct Content {
    /// `HX` and 32 hex digits.
    pub content_sid: String,
    /// The name in Twilio's console.
    pub friendly_name: String,
    /// Meta's language.
    pub template_language: String,
    /// Meta's category, in capitals.
    pub category: String,
    /// Of the approval.
    pub status: String,
    /// Why Meta rejected it.
    pub rejection_reason: String,
    /// The names of its placeholders.
    pub placeholders: Vec<String>,
    /// The text, with its placeholders.
    pub body: String,
    /// When a walk found a change.
    pub changed_at: DateTime<Utc>,
    /// When a walk did not find it any more.
    pub removed_at: Option<DateTime<Utc>>,
    /// The code of the refusal for which it is held.
    pub held_code: Option<i32>,
}

/// All mappings, in the order of their keys. A mapping with a name that this release does not know is left out.
pub async fn mapped(database: impl PgExecutor<'_>) -> Result<Vec<Mapped>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT t.kind, t.slot, t.language, t.channel, t.variant, t.template_language AS mapped_language,
                  t.category AS mapped_category, t.variables AS "variables: Json<BTreeMap<String, String>>", t.mapped_at,
                  c.content_sid, c.friendly_name, c.template_language, c.category, c.status, c.rejection_reason,
                  c.placeholders, c.body, c.changed_at, c.removed_at, c.held_code
           FROM templates t JOIN contents c USING (content_sid)
           ORDER BY t.kind, t.slot, t.language, t.channel, t.variant"#
    )
    .fetch_all(database)
    .await?;
    let mapped = rows.into_iter().filter_map(|row| {
        let place = Place {
            kind: row.kind.parse().ok()?,
            slot: row.slot.parse().ok()?,
            language: row.language.parse().ok()?,
            channel: row.channel.parse().ok()?,
            variant: row.variant.parse().ok()?,
        };
        let content = Content {
            content_sid: row.content_sid,
            friendly_name: row.friendly_name,
            template_language: row.template_language,
            category: row.category,
            status: row.status,
            rejection_reason: row.rejection_reason,
            placeholders: row.placeholders,
            body: row.body,
            changed_at: row.changed_at,
            removed_at: row.removed_at,
            held_code: row.held_code,
        };
        Some(Mapped {
            place,
            mapped_language: row.mapped_language,
            mapped_category: row.mapped_category,
            variables: row.variables.0,
            mapped_at: row.mapped_at,
            content,
        })
    });
    Ok(mapped.collect())
}
