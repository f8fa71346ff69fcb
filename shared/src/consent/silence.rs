//! Numbers and users that get no message: `suppressions`, `tip_suppressions` and `silenced_users`, derived from the ledger in the transaction
//! that changes it.

use sqlx::PgConnection;

use super::{
    Door,
    gate::{Claims, hold_claims},
    numbers::Found,
    tips,
};
use crate::{
    domain::{Consent, ConsentChannel, Purpose},
    events_out,
};

/// The change of one number.
#[expect(clippy::struct_excessive_bools, reason = "each is a change of its own")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Changed {
    /// No message may go to it by SMS from now on.
    pub(super) silenced: bool,
    /// Messages may go to it again.
    pub(super) lifted: bool,
    /// It was marked as somebody else's number, and the mark is removed.
    pub(super) right_number: bool,
    /// Tips are stopped, or something is not agreed to any more on some channel.
    pub(super) narrowed: bool,
}

/// Makes changes of one number wait for each other until the transaction ends. Numbers of one transaction are in order.
pub(super) async fn hold(tx: &mut PgConnection, phone: &str) -> Result<(), sqlx::Error> {
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtext('aamcare consent'), hashtext($1))", phone)
        .execute(tx)
        .await
        .map(drop)
}

/// Enters suppressions into the ledger that workers of the release before added to the table alone.
pub(super) async fn adopt(tx: &mut PgConnection, phone: &str) -> Result<(), sqlx::Error> {
    let adopted = sqlx::query!(
        "UPDATE suppressions SET from_ledger = true WHERE phone_e164 = $1 AND lifted_at IS NULL AND NOT from_ledger
         RETURNING id",
        phone,
    );
    if adopted.fetch_optional(&mut *tx).await?.is_none() {
        return Ok(());
    }
    let key = super::person_keys::key_of(&mut *tx, None, Some(phone)).await?;
    let added = sqlx::query!(
        r#"INSERT INTO consent_ledger (entry_key, person_key, purpose, channel, action, source, actor, said_at)
         SELECT sha256(convert_to('suppression ' || s.id || ' ' || p.purpose, 'UTF8')), $2, p.purpose, 'any', 'withdraw',
                CASE WHEN s.source IN ('staff', 'import') THEN s.source ELSE 'twilio' END, s.actor, s.created_at
         FROM suppressions s CROSS JOIN (VALUES ('onboarding'), ('tips'), ('support_after_loss')) p(purpose)
         WHERE s.phone_e164 = $1 AND s.lifted_at IS NULL
         ON CONFLICT DO NOTHING RETURNING entry_key, purpose = 'support_after_loss' AS "support!""#,
        phone,
        key,
    )
    .fetch_all(&mut *tx)
    .await?;
    // As of every stop.
    let announced: Vec<Vec<u8>> =
        added.into_iter().filter(|entry| !entry.support).map(|entry| entry.entry_key).collect();
    events_out::consents_recorded(tx, &announced).await
}

/// A mark that silences a number whatever the ledger says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    None,
    WrongNumber,
    Loss,
}

/// Makes the tables agree with the ledger for one number. A number after a loss stays silenced whatever the ledger says.
pub(super) async fn derive(
    tx: &mut PgConnection,
    phone: &str,
    mark: Mark,
    door: &Door<'_>,
) -> Result<Changed, sqlx::Error> {
    let said = sqlx::query!(
        r#"WITH withdrawn AS (
               SELECT purpose, channel
               FROM newest_consents(ARRAY(SELECT person_key FROM person_keys WHERE phone_e164 = $1))
               WHERE action = 'withdraw'
           )
           SELECT EXISTS (SELECT FROM withdrawn WHERE purpose = 'onboarding' AND channel = 'sms') AS "sms!",
                  2 = (SELECT count(*) FROM withdrawn WHERE purpose = 'onboarding') AS "all!""#,
        phone,
    )
    .fetch_one(&mut *tx)
    .await?;
    let narrowed = tips::derive(tx, phone, door).await?;
    if !said.sms {
        let lifted = sqlx::query_scalar!(
            "UPDATE suppressions SET lifted_at = now(), lifted_by = $2
             WHERE phone_e164 = $1 AND lifted_at IS NULL AND NOT loss RETURNING wrong_number",
            phone,
            door.actor,
        );
        let was_wrong = lifted.fetch_optional(tx).await?;
        let right_number = was_wrong == Some(true);
        return Ok(Changed { lifted: was_wrong.is_some(), right_number, narrowed, ..Changed::default() });
    }
    let silenced = sqlx::query_scalar!(
        // A row that holds more than before comes into force again.
        r#"INSERT INTO suppressions AS s (phone_e164, source, actor, reason, channel, wrong_number, loss, from_ledger)
           VALUES ($1, $2, $3, $4, CASE WHEN $5 THEN 'any' ELSE 'sms' END, $6, $7, true)
           ON CONFLICT (phone_e164) WHERE lifted_at IS NULL DO UPDATE SET
               channel = CASE WHEN s.loss THEN 'any' ELSE EXCLUDED.channel END,
               wrong_number = s.wrong_number OR EXCLUDED.wrong_number, loss = s.loss OR EXCLUDED.loss,
               in_force_at = CASE WHEN s.channel = 'any' OR EXCLUDED.channel = 'sms' THEN s.in_force_at END
           RETURNING in_force_at IS NULL AS "silenced!""#,
        phone,
        door.source.as_str(),
        door.actor,
        door.reason,
        said.all,
        mark == Mark::WrongNumber,
        mark == Mark::Loss,
    );
    Ok(Changed { silenced: silenced.fetch_one(tx).await?, narrowed, ..Changed::default() })
}

/// Whether the number is known to belong to somebody else.
pub(super) async fn is_wrong_number(tx: &mut PgConnection, phone: Option<&str>) -> Result<bool, sqlx::Error> {
    let known = sqlx::query_scalar!(
        "SELECT id FROM suppressions WHERE phone_e164 = $1 AND lifted_at IS NULL AND wrong_number",
        phone,
    );
    Ok(known.fetch_optional(tx).await?.is_some())
}

/// The reason why messages to a person are held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hold {
    Nothing,
    Stop,
    Loss,
}

/// The hold on the number, or on the user at every number. A loss outweighs a stop.
pub(super) async fn hold_of(tx: &mut PgConnection, found: &Found) -> Result<Hold, sqlx::Error> {
    let holds = sqlx::query!(
        r#"SELECT coalesce(bool_or(loss), false) AS "loss!", count(*) > 0 AS "any!"
           FROM (SELECT loss FROM suppressions WHERE phone_e164 = $1 AND lifted_at IS NULL
                 UNION ALL
                 SELECT because = 'loss' FROM silenced_users WHERE user_id = $2) h"#,
        found.phone_e164,
        found.user_id,
    )
    .fetch_one(tx)
    .await?;
    Ok(match (holds.loss, holds.any) {
        (true, _) => Hold::Loss,
        (false, true) => Hold::Stop,
        (false, false) => Hold::Nothing,
    })
}

/// What a person refuses.
pub(super) struct Refused {
    welcome_by_sms: bool,
    everything: bool,
}

impl Refused {
    /// Whether `consent` contradicts the refusal.
    pub(super) fn outrules(&self, consent: &Consent) -> bool {
        let by_sms = consent.channel != ConsentChannel::Whatsapp;
        self.everything || self.welcome_by_sms && by_sms && consent.purpose == Purpose::Onboarding
    }
}

/// What a person refuses, at the number or at every number.
pub(super) async fn refused(tx: &mut PgConnection, found: &Found) -> Result<Refused, sqlx::Error> {
    sqlx::query_as!(
        Refused,
        r#"SELECT count(*) > 0 AS "welcome_by_sms!", coalesce(bool_or(everything), false) AS "everything!"
           FROM (SELECT loss OR channel = 'any' AS everything FROM suppressions
                 WHERE phone_e164 = $1 AND lifted_at IS NULL
                 UNION ALL
                 SELECT true FROM silenced_users WHERE user_id = $2) h"#,
        found.phone_e164,
        found.user_id,
    )
    .fetch_one(tx)
    .await
}

/// Why a user gets no message at any number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Because<'a> {
    /// A loss, reported of this user.
    Loss { of: &'a str },
    /// A stop, before a number was known.
    Stop,
}

/// Silences a user at every number. A loss outweighs a stop.
pub(super) async fn silence_user(
    tx: &mut PgConnection,
    user_id: &str,
    because: Because<'_>,
    door: &Door<'_>,
) -> Result<bool, sqlx::Error> {
    let (because, loss_of) = match because {
        Because::Loss { of } => ("loss", Some(of)),
        Because::Stop => ("stop", None),
    };
    let changed = sqlx::query!(
        "INSERT INTO silenced_users AS s (user_id, because, loss_of, source) VALUES ($1, $2, $3, $4)
         ON CONFLICT (user_id) DO UPDATE SET because = EXCLUDED.because, loss_of = EXCLUDED.loss_of,
             source = EXCLUDED.source, silenced_at = now()
         WHERE s.because = 'stop' AND EXCLUDED.because = 'loss'",
        user_id,
        because,
        loss_of,
        door.source.as_str(),
    );
    Ok(changed.execute(tx).await?.rows_affected() > 0)
}

/// Whether the last word of a user on the welcome, at whatever number, is a withdrawal on every channel.
pub(super) async fn has_stopped(tx: &mut PgConnection, user_id: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT count(*) = 2 AS "stopped!"
           FROM newest_consents(ARRAY(SELECT person_key FROM person_keys WHERE user_id = $1))
           WHERE purpose = 'onboarding' AND action = 'withdraw'"#,
        user_id,
    )
    .fetch_one(tx)
    .await
}

/// Silences a user who stopped before a number was known, where a loss had taken the place of that stop.
pub(super) async fn silence_stopped(
    tx: &mut PgConnection,
    user_id: &str,
    door: &Door<'_>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO silenced_users (user_id, because, source)
         SELECT $1, 'stop', $2
         WHERE 2 = (SELECT count(*) FROM newest_consents(ARRAY(
                        SELECT person_key FROM person_keys WHERE user_id = $1 AND phone_e164 IS NULL))
                    WHERE purpose = 'onboarding' AND action = 'withdraw')
         ON CONFLICT DO NOTHING",
        user_id,
        door.source.as_str(),
    )
    .execute(tx)
    .await
    .map(drop)
}

/// A user who stopped before a number was known wants messages again.
pub(super) async fn unsilence_after_stop(tx: &mut PgConnection, user_id: &str) -> Result<bool, sqlx::Error> {
    let lifted = sqlx::query!("DELETE FROM silenced_users WHERE user_id = $1 AND because = 'stop'", user_id);
    Ok(lifted.execute(tx).await?.rows_affected() > 0)
}

/// Puts into force what this transaction wrote about these people: waits for the claims that are being written, and has
/// later ones wait for the commit. To be called after the tables above were written and before rows of users are, which
/// claims lock as well.
pub(super) async fn put_into_force(
    tx: &mut PgConnection,
    people: &[Found],
    claims: Claims,
) -> Result<(), sqlx::Error> {
    if claims == Claims::Wait {
        hold_claims(tx).await?;
    }
    let users: Vec<&str> = people.iter().filter_map(|found| found.user_id.as_deref()).collect();
    let phones: Vec<&str> = people.iter().filter_map(|found| found.phone_e164.as_deref()).collect();
    sqlx::query!(
        "WITH numbers AS (
             UPDATE suppressions SET in_force_at = clock_timestamp()
             WHERE phone_e164 = ANY($2) AND lifted_at IS NULL AND in_force_at IS NULL AND from_ledger
         ), tips AS (
             UPDATE tip_suppressions SET in_force_at = clock_timestamp()
             WHERE phone_e164 = ANY($2) AND in_force_at IS NULL)
         UPDATE silenced_users SET in_force_at = clock_timestamp() WHERE user_id = ANY($1) AND in_force_at IS NULL",
        &users as &[&str],
        &phones as &[&str],
    )
    .execute(tx)
    .await
    .map(drop)
}

/// Which welcomes end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Those to the number: the user may have another one by now.
    Number,
    /// Those of the user, to whatever number.
    User,
}

/// Ends a welcome that has not begun. Views show a loss as they show a stop.
pub(super) async fn end_welcome(
    tx: &mut PgConnection,
    found: &Found,
    reach: Reach,
) -> Result<(), sqlx::Error> {
    let Some(user) = &found.user_id else { return Ok(()) };
    sqlx::query!(
        "UPDATE users SET state = 'suppressed', reason = 'opted_out', next_attempt_at = NULL, updated_at = now()
         WHERE user_id = $1 AND state IN ('stored', 'received')
           AND ($3 OR $2::text IS NULL OR coalesce(phone_e164, $2) = $2)",
        user,
        found.phone_e164,
        reach == Reach::User,
    )
    .execute(tx)
    .await
    .map(drop)
}

/// Enqueues a user, and others who wait with the same number, again after a stop or a wrong number was taken back. The
/// pipeline skips users with a welcome.
pub(super) async fn resume_welcome(tx: &mut PgConnection, found: &Found) -> Result<(), sqlx::Error> {
    sqlx::query!(
        // Users that were never enqueued are stored again.
        "UPDATE users SET state = CASE WHEN enqueued_at IS NULL THEN 'stored' ELSE 'received' END::user_state, reason = NULL,
             next_attempt_at = CASE WHEN enqueued_at IS NOT NULL THEN now() END, updated_at = now()
         -- Each arm has an index.
         WHERE user_id = ANY(ARRAY(SELECT $1::text
                                   UNION SELECT user_id FROM users WHERE phone_e164 = $2 AND attempt_id IS NULL))
           AND (state = 'suppressed' OR state = 'rejected' AND reason = 'wrong_number')
           AND NOT EXISTS (SELECT FROM silenced_users s WHERE s.user_id = users.user_id)",
        found.user_id,
        found.phone_e164,
    )
    .execute(tx)
    .await
    .map(drop)
}

/// The number is not the user's: it is rejected until another number comes. `user` has it, with or without an attempt.
pub(super) async fn reject_number(
    tx: &mut PgConnection,
    phone: &str,
    user: Option<&str>,
) -> Result<(), sqlx::Error> {
    let rejected = sqlx::query_scalar!(
        "UPDATE users u SET state = 'rejected', reason = 'wrong_number', next_attempt_at = NULL, updated_at = now()
         WHERE u.phone_e164 = $1
           -- Each part, and the list, is looked up in an index: claims wait meanwhile.
           AND u.user_id = ANY(ARRAY(SELECT $2::text
                                     UNION SELECT a.user_id FROM attempts a WHERE a.phone_e164 = $1 AND a.blocks
                                     UNION SELECT a.user_id FROM attempts a WHERE a.phone_e164 = $1 AND NOT a.blocks
                                     UNION SELECT l.user_id FROM users l WHERE l.phone_e164 = $1 AND l.reason = 'shared_phone'))
         RETURNING u.user_id",
        phone,
        user,
    )
    .fetch_all(&mut *tx)
    .await?;
    events_out::numbers_rejected(tx, &rejected).await
}
