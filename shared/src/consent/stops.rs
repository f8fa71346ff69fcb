//! Who stopped a number, as the ledger says it, and what the stop page may take back.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::ledger::{NewEntry, Source, TrueNow, true_now};
use crate::domain::{Consent, ConsentAction, ConsentChannel, Purpose};

/// Whether the stop page may lift the stop of a number. Only its live link stopped it, within 30 days, and no loss holds it.
pub async fn may_undo(connection: &mut PgConnection, phone: &str) -> Result<bool, sqlx::Error> {
    let by_link = sqlx::query_scalar!(
        "SELECT s.id FROM suppressions s JOIN stop_links l ON l.phone_e164 = s.phone_e164 AND l.revoked_at IS NULL
         WHERE s.phone_e164 = $1 AND s.lifted_at IS NULL AND s.source = 'link' AND NOT s.loss
           AND s.created_at >= l.created_at AND s.created_at > calendar_now() - interval '30 days'",
        phone,
    );
    if by_link.fetch_optional(&mut *connection).await?.is_none() {
        return Ok(false);
    }
    let welcome = Consent::new(Purpose::Onboarding, ConsentChannel::Sms, ConsentAction::Withdraw);
    Ok(!withdrawn_elsewhere(connection, None, Some(phone)).await?.includes(&welcome))
}

/// Whether the ledger says the same already, of a number or of a user without one. A withdrawal that only the stop page
/// entered counts for the stop page alone, which may take it back.
pub(super) async fn agrees(
    tx: &mut PgConnection,
    user_id: Option<&str>,
    phone: Option<&str>,
    entries: &[NewEntry],
    source: Source,
) -> Result<bool, sqlx::Error> {
    let true_now = true_now(tx, user_id, phone).await?;
    if !entries.iter().all(|entry| true_now.includes(&entry.consent)) {
        return Ok(false);
    }
    if source == Source::Link {
        return Ok(true);
    }
    let elsewhere = withdrawn_elsewhere(tx, user_id, phone).await?;
    Ok(entries
        .iter()
        .all(|entry| entry.consent.action == ConsentAction::Grant || elsewhere.includes(&entry.consent)))
}

/// Whether a person stopped messages since the loss that holds them: the entries of the loss itself do not count.
pub(super) async fn since_loss(
    tx: &mut PgConnection,
    user_id: Option<&str>,
    phone: Option<&str>,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM consent_ledger l JOIN person_keys k USING (person_key)
               WHERE (k.phone_e164 = $1 OR $1 IS NULL AND k.user_id = $2)
                 AND l.purpose = 'onboarding' AND l.action = 'withdraw'
                 AND l.said_at > (SELECT max(marked_at) FROM loss_marks WHERE phone_e164 = $1 OR user_id = $2)) AS "stopped!""#,
        phone,
        user_id,
    )
    .fetch_one(tx)
    .await
}

/// When a user stopped messages last by an event, if that is the last word on the welcome and not before `at`.
pub(super) async fn stopped_by_event_since(
    tx: &mut PgConnection,
    user_id: &str,
    at: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT said_at FROM (
             SELECT l.said_at, l.action, l.source FROM consent_ledger l
             WHERE l.purpose = 'onboarding' AND l.channel = 'any'
               AND l.person_key IN (SELECT person_key FROM person_keys WHERE user_id = $1)
             ORDER BY l.said_at DESC, l.action DESC LIMIT 1) newest
         WHERE action = 'withdraw' AND source = 'event' AND said_at >= $2",
        user_id,
        at,
    )
    .fetch_optional(tx)
    .await
}

/// The consents that were withdrawn since their last grant, by other ways than the stop page.
async fn withdrawn_elsewhere(
    tx: &mut PgConnection,
    user_id: Option<&str>,
    phone: Option<&str>,
) -> Result<TrueNow, sqlx::Error> {
    let rows = sqlx::query!(
        r#"WITH said AS (
               SELECT l.purpose, c.channel, l.action, l.said_at, l.source
               FROM consent_ledger l JOIN (VALUES ('sms'), ('whatsapp')) c(channel) ON l.channel IN (c.channel, 'any')
               WHERE l.person_key IN (SELECT person_key FROM person_keys
                                      WHERE phone_e164 = $1 OR $1 IS NULL AND user_id = $2)
           )
           SELECT DISTINCT w.purpose AS "purpose!", w.channel AS "channel!", w.action AS "action!" FROM said w
           WHERE w.action = 'withdraw' AND w.source <> 'link'
             AND NOT EXISTS (SELECT FROM said g WHERE g.purpose = w.purpose AND g.channel = w.channel
                             AND g.action = 'grant' AND g.said_at > w.said_at)"#,
        phone,
        user_id,
    )
    .fetch_all(tx)
    .await?;
    Ok(TrueNow(rows.into_iter().map(|row| (row.purpose, row.channel, row.action)).collect()))
}
