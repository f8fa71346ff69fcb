//! Table `suppressions`: women who opted out at the source. A number that is on the list stays there.

use producer::UserId;
use shared::phone::E164;
use sqlx::PgPool;

/// Somebody who is not to be texted.
pub(crate) struct OptOut {
    /// None in a row that names nobody.
    pub(crate) user_id: Option<UserId>,
    /// As typed.
    pub(crate) phone_raw: String,
    /// None when it cannot be read.
    pub(crate) phone: Option<E164>,
}

/// Who suppresses, and why.
#[derive(Debug, Clone)]
pub(crate) struct Author {
    pub(crate) actor: String,
    pub(crate) reason: String,
}

/// Puts the numbers on the list, and with them those that an event's country makes of the same text; gives the count
/// of those that were not there. Without `write` the same statement only counts.
pub(crate) async fn suppress(
    pool: &PgPool,
    opt_outs: &[OptOut],
    author: &Author,
    write: bool,
) -> Result<u64, sqlx::Error> {
    let ids: Vec<Option<&str>> = opt_outs.iter().map(|o| o.user_id.as_ref().map(UserId::as_str)).collect();
    let raws: Vec<&str> = opt_outs.iter().map(|o| o.phone_raw.as_str()).collect();
    let phones: Vec<Option<&str>> = opt_outs.iter().map(|o| o.phone.as_ref().map(E164::as_str)).collect();
    let reason = if author.reason.is_empty() { "opted out in imported data" } else { &author.reason };
    let count = sqlx::query_scalar!(
        r#"
        WITH told AS (
            SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) AS t (user_id, phone_raw, phone)
        ), numbers AS (
            SELECT phone FROM told WHERE phone IS NOT NULL
            UNION
            SELECT u.phone_e164 FROM told t JOIN users u USING (user_id)
            WHERE u.phone_raw = t.phone_raw AND u.phone_e164 IS NOT NULL
        ), fresh AS (
            SELECT phone FROM numbers n
            WHERE NOT EXISTS (SELECT FROM suppressions s WHERE s.phone_e164 = n.phone AND s.lifted_at IS NULL)
        ), written AS (
            INSERT INTO suppressions (phone_e164, source, actor, reason)
            SELECT phone, 'import', $4, $5 FROM fresh WHERE $6 ORDER BY phone
            ON CONFLICT DO NOTHING
        )
        SELECT count(*) AS "count!" FROM fresh
        "#,
        &ids as &[Option<&str>],
        &raws as &[&str],
        &phones as &[Option<&str>],
        author.actor,
        reason,
        write,
    )
    .fetch_one(pool)
    .await?;
    Ok(u64::try_from(count).unwrap_or(0))
}
