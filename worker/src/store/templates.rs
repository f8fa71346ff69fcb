//! The map of templates: which content of Twilio a message is sent with.

use std::collections::BTreeMap;

pub(crate) use shared::templates::registry::{Content, Mapped, Place, mapped};
use shared::templates::{ContentSid, Field};
use sqlx::{PgPool, types::Json};

use super::audit::{self, NewEntry};

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
