//! The map of templates: which content of Twilio a message is sent with.

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, Utc};
use shared::{
    domain::{Channel, MessageKind},
    templates::{ContentSid, Field, Language, Slot, Variant},
};
use sqlx::{PgExecutor, PgPool, types::Json};

use super::audit::{self, NewEntry};

/// What identifies a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) kind: MessageKind,
    pub(crate) slot: Slot,
    pub(crate) language: Language,
    pub(crate) channel: Channel,
    pub(crate) variant: Variant,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, slot, language, channel, variant } = self;
        write!(f, "{kind} {slot} {language} {channel} {variant}")
    }
}

/// A mapping with the content that it names, as the last walk found it.
#[derive(Debug, Clone)]
#[expect(clippy::struct_field_names, reason = "at the time of the mapping, in contrast to now")]
pub(crate) struct Mapped {
    pub(crate) place: Place,
    /// Meta's language and category at the time of the mapping.
    pub(crate) mapped_language: String,
    pub(crate) mapped_category: String,
    /// The name of a [`Field`] for each placeholder.
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) mapped_at: DateTime<Utc>,
    pub(crate) content: Content,
}

/// A content of Twilio, as the last walk found it.
#[derive(Debug, Clone)]
#[expect(clippy::struct_field_names, reason = "fields are named as columns")]
pub(crate) struct Content {
    pub(crate) content_sid: String,
    pub(crate) friendly_name: String,
    pub(crate) template_language: String,
    pub(crate) category: String,
    pub(crate) status: String,
    pub(crate) rejection_reason: String,
    pub(crate) placeholders: Vec<String>,
    pub(crate) body: String,
    pub(crate) changed_at: DateTime<Utc>,
    pub(crate) removed_at: Option<DateTime<Utc>>,
    /// The code of the refusal for which it is held.
    pub(crate) held_code: Option<i32>,
}

/// All mappings, in the order of their keys. A mapping with a name that this release does not know is left out.
pub(crate) async fn mapped(database: impl PgExecutor<'_>) -> Result<Vec<Mapped>, sqlx::Error> {
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

/// The contents of the account that no mapping names, by name.
pub(crate) async fn unmapped(pool: &PgPool) -> Result<Vec<Content>, sqlx::Error> {
    sqlx::query_as!(
        Content,
        "SELECT content_sid, friendly_name, template_language, category, status, rejection_reason, placeholders, body,
                changed_at, removed_at, held_code
         FROM contents c
         WHERE removed_at IS NULL AND NOT EXISTS (SELECT FROM templates t WHERE t.content_sid = c.content_sid)
         ORDER BY friendly_name, content_sid"
    )
    .fetch_all(pool)
    .await
}

/// A content that a walk has found. `None`: the registry does not know it.
pub(crate) async fn content(pool: &PgPool, sid: &ContentSid) -> Result<Option<Content>, sqlx::Error> {
    sqlx::query_as!(
        Content,
        "SELECT content_sid, friendly_name, template_language, category, status, rejection_reason, placeholders, body,
                changed_at, removed_at, held_code
         FROM contents WHERE content_sid = $1",
        sid.as_str(),
    )
    .fetch_optional(pool)
    .await
}

/// Maps the place to a known content, with the language and the category that the content has now. Replaces the mapping
/// that the place had. False: the registry does not know the content.
pub(crate) async fn map(
    pool: &PgPool,
    place: Place,
    sid: &ContentSid,
    variables: &BTreeMap<String, Field>,
    (actor, reason): (&str, &str),
) -> Result<bool, sqlx::Error> {
    let names: BTreeMap<&str, &str> =
        variables.iter().map(|(name, field)| (name.as_str(), field.as_str())).collect();
    let mut tx = pool.begin().await?;
    let written = sqlx::query!(
        "INSERT INTO templates (kind, slot, language, channel, variant, content_sid, template_language, category, variables,
                                actor, reason)
         SELECT $1, $2, $3, $4, $5, content_sid, template_language, category, $7, $8, $9
         FROM contents WHERE content_sid = $6 AND removed_at IS NULL
         ON CONFLICT (kind, slot, language, channel, variant) DO UPDATE SET
             content_sid = EXCLUDED.content_sid, template_language = EXCLUDED.template_language,
             category = EXCLUDED.category, variables = EXCLUDED.variables, actor = EXCLUDED.actor,
             reason = EXCLUDED.reason, mapped_at = now()",
        place.kind.as_str(),
        place.slot.as_str(),
        place.language.as_str(),
        place.channel.as_str(),
        place.variant.as_str(),
        sid.as_str(),
        Json(names) as _,
        actor,
        reason,
    )
    .execute(&mut *tx)
    .await?;
    if written.rows_affected() == 0 {
        return Ok(false);
    }
    let subject = format!("{place} {sid}");
    audit::note(&mut tx, &NewEntry { actor, action: "templates map", subject: &subject, reason }).await?;
    tx.commit().await?;
    Ok(true)
}

/// Removes the mapping of the place. Returns the content that it named; `None`: there was none.
pub(crate) async fn unmap(
    pool: &PgPool,
    place: Place,
    (actor, reason): (&str, &str),
) -> Result<Option<String>, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let removed = sqlx::query_scalar!(
        "DELETE FROM templates
         WHERE kind = $1 AND slot = $2 AND language = $3 AND channel = $4 AND variant = $5 RETURNING content_sid",
        place.kind.as_str(),
        place.slot.as_str(),
        place.language.as_str(),
        place.channel.as_str(),
        place.variant.as_str(),
    )
    .fetch_optional(&mut *tx)
    .await?;
    if let Some(sid) = &removed {
        let subject = format!("{place} {sid}");
        audit::note(&mut tx, &NewEntry { actor, action: "templates unmap", subject: &subject, reason })
            .await?;
    }
    tx.commit().await?;
    Ok(removed)
}

/// Has the users who wait for a template looked at again: one may be sent now.
pub(crate) async fn resume(pool: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE users SET next_attempt_at = now(), updated_at = now()
         WHERE state = 'received' AND reason = 'no_template' AND next_attempt_at > now()"
    )
    .execute(pool)
    .await
    .map(drop)
}
