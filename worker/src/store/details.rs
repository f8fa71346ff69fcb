//! Keeps the row of a finished user current when a newer event arrives.

use sqlx::PgPool;

use super::record::Written;
use crate::facts::Facts;

/// Updates the user's data from `facts`, and the spelling of the number. Dates stay: no event carries them.
pub(crate) async fn keep(pool: &PgPool, facts: &Facts) -> Result<Written, sqlx::Error> {
    let Some(signup) = &facts.signup else { return Ok(Written::Yes) };
    let updated = sqlx::query!(
        "UPDATE users SET
             phone_raw = $2, country_hint = $4,
             language = coalesce($5, language), channel = coalesce($6, channel), kind = coalesce($7, kind),
             display_name = coalesce($8, display_name), signed_up_at = coalesce(signed_up_at, $9),
             active = true, source = 'event', changed_at = LEAST($9, now() + interval '10 minutes'),
             updated_at = now()
         WHERE user_id = $1 AND changed_at < $9
           AND (phone_e164 = $3 OR phone_raw = $2 AND country_hint IS NOT DISTINCT FROM $4)",
        facts.user_id.as_str(),
        facts.phone_raw,
        facts.e164(),
        facts.country_hint,
        signup.language,
        signup.channel,
        signup.kind,
        signup.display_name,
        signup.at,
    )
    .execute(pool)
    .await?;
    Ok(Written::of(updated.rows_affected() > 0))
}
