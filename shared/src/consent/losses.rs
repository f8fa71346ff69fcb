//! Losses and the people they silence: `loss_marks`, from which `silenced_users` and `suppressions.loss` are derived. Two
//! losses may silence the same person.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{Person, Source, numbers::Found};
use crate::domain::Purpose;

/// The name of a person's loss: the user, or the number where no user is known.
pub(super) fn name(found: &Found) -> Option<&str> {
    found.user_id.as_deref().or(found.phone_e164.as_deref())
}

/// Whether the loss is entered.
pub(super) async fn is_entered(tx: &mut PgConnection, loss: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT EXISTS (SELECT FROM loss_marks WHERE loss_of = $1) AS "entered!""#, loss)
        .fetch_one(tx)
        .await
}

/// Marks a person by a loss. False: the loss marks the person already.
pub(super) async fn mark(tx: &mut PgConnection, loss: &str, found: &Found) -> Result<bool, sqlx::Error> {
    let added = sqlx::query!(
        "INSERT INTO loss_marks (loss_of, user_id, phone_e164) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        loss,
        found.user_id,
        found.phone_e164,
    );
    Ok(added.execute(tx).await?.rows_affected() > 0)
}

/// The users that the loss of a user silences.
pub(super) async fn users_marked_by(tx: &mut PgConnection, loss: &str) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT DISTINCT user_id AS "user_id!" FROM loss_marks WHERE loss_of = $1 AND user_id IS NOT NULL ORDER BY 1"#,
        loss,
    )
    .fetch_all(tx)
    .await
}

/// The losses that are taken back for a person. For a user: the user's own, and that of the user's number; if neither is entered,
/// those of numbers that silence the user. For a number: the one without a user.
pub(super) async fn to_take_back(
    tx: &mut PgConnection,
    person: Person<'_>,
) -> Result<Vec<String>, sqlx::Error> {
    let user = match person {
        Person::Number(phone) => return Ok(vec![phone.as_str().to_owned()]),
        Person::User(user) | Person::Signup(user, _) => user,
    };
    sqlx::query_scalar!(
        r#"WITH own AS (
               SELECT DISTINCT loss_of FROM loss_marks
               WHERE loss_of IN ($1, (SELECT phone_e164 FROM users WHERE user_id = $1))
           ), of_numbers AS (
               SELECT DISTINCT m.loss_of FROM loss_marks m
               JOIN loss_marks n ON n.loss_of = m.loss_of AND n.phone_e164 = n.loss_of
               WHERE m.user_id = $1
           )
           SELECT loss_of AS "loss!" FROM own
           UNION ALL
           SELECT loss_of FROM of_numbers WHERE NOT EXISTS (SELECT FROM own)"#,
        user.as_str(),
    )
    .fetch_all(tx)
    .await
}

/// The people that these losses mark.
pub(super) async fn marked_by(tx: &mut PgConnection, losses: &[String]) -> Result<Vec<Found>, sqlx::Error> {
    sqlx::query_as!(
        Found,
        "SELECT DISTINCT user_id, phone_e164 FROM loss_marks WHERE loss_of = ANY($1) ORDER BY 1, 2",
        losses,
    )
    .fetch_all(tx)
    .await
}

/// Deletes the marks of these losses, and returns the users and numbers they marked. Those without another mark stop
/// being silenced by a loss. A number stays silenced if its present user is marked by another loss.
pub(super) async fn take_back(tx: &mut PgConnection, losses: &[String]) -> Result<Vec<Found>, sqlx::Error> {
    sqlx::query!(
        "INSERT INTO loss_marks (loss_of, user_id, phone_e164)
         SELECT m.loss_of, m.user_id, u.phone_e164
         FROM loss_marks n JOIN loss_marks m ON m.loss_of <> ALL($1)
         JOIN users u ON u.user_id = m.user_id AND u.phone_e164 = n.phone_e164
         WHERE n.loss_of = ANY($1)
         ON CONFLICT DO NOTHING",
        losses,
    )
    .execute(&mut *tx)
    .await?;
    let people = sqlx::query_as!(
        Found,
        "WITH gone AS (DELETE FROM loss_marks WHERE loss_of = ANY($1) RETURNING user_id, phone_e164)
         SELECT DISTINCT user_id, phone_e164 FROM gone ORDER BY 1, 2",
        losses,
    )
    .fetch_all(&mut *tx)
    .await?;
    let users: Vec<&str> = people.iter().filter_map(|found| found.user_id.as_deref()).collect();
    let phones: Vec<&str> = people.iter().filter_map(|found| found.phone_e164.as_deref()).collect();
    sqlx::query!(
        "WITH numbers AS (
             UPDATE suppressions s SET loss = false
             WHERE s.phone_e164 = ANY($2) AND s.lifted_at IS NULL AND s.loss
               AND NOT EXISTS (SELECT FROM loss_marks m WHERE m.phone_e164 = s.phone_e164)),
         others AS (
             UPDATE silenced_users q SET loss_of = m.loss_of
             FROM (SELECT user_id, min(loss_of) AS loss_of FROM loss_marks WHERE user_id = ANY($1) GROUP BY 1) m
             WHERE q.user_id = m.user_id AND q.because = 'loss')
         DELETE FROM silenced_users q
         WHERE q.user_id = ANY($1) AND q.because = 'loss'
           AND NOT EXISTS (SELECT FROM loss_marks m WHERE m.user_id = q.user_id)",
        &users as &[&str],
        &phones as &[&str],
    )
    .execute(tx)
    .await?;
    Ok(people)
}

/// Whether the last word on the welcome, of a number and of a user before a number was known, was a withdrawal already before
/// the newest withdrawal. Entries of one time count as one.
pub(super) async fn had_stopped_before(
    tx: &mut PgConnection,
    user_id: Option<&str>,
    phone: Option<&str>,
) -> Result<bool, sqlx::Error> {
    let before = sqlx::query_scalar!(
        r#"WITH said AS (
               SELECT l.action, l.said_at FROM consent_ledger l
               WHERE l.purpose = 'onboarding' AND l.channel IN ('sms', 'any')
                 AND l.person_key IN (SELECT person_key FROM person_keys
                                      WHERE phone_e164 = $1 OR user_id = $2 AND phone_e164 IS NULL)
           )
           SELECT action = 'withdraw' AS "withdrawn!" FROM said WHERE said_at < (SELECT max(said_at) FROM said)
           ORDER BY said_at DESC, action DESC LIMIT 1"#,
        phone,
        user_id,
    );
    Ok(before.fetch_optional(tx).await?.unwrap_or(false))
}

/// The purposes whose newest entry about SMS is a withdrawal, of a number or of a user without one, with the time of that entry.
pub(super) async fn withdrawn_since(
    tx: &mut PgConnection,
    user_id: Option<&str>,
    phone: Option<&str>,
) -> Result<Vec<(Purpose, DateTime<Utc>)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT purpose AS "purpose!", said_at AS "said_at!" FROM (
               SELECT DISTINCT ON (l.purpose) l.purpose, l.said_at, l.action FROM consent_ledger l
               WHERE l.channel IN ('sms', 'any')
                 AND l.person_key IN (SELECT person_key FROM person_keys
                                      WHERE phone_e164 = $1 OR $1 IS NULL AND user_id = $2)
               ORDER BY l.purpose, l.said_at DESC, l.action DESC) newest
           WHERE action = 'withdraw'"#,
        phone,
        user_id,
    );
    let rows = rows.fetch_all(tx).await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.purpose.parse().ok()?, row.said_at))).collect())
}

/// Users whose number was stored only after their loss was reported, and those into whose household somebody came since. Of
/// `user`: a loss of, or in the household of, this user.
pub(super) async fn not_yet_followed(
    tx: &mut PgConnection,
    user: Option<&str>,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT m.user_id AS "user_id!" FROM loss_marks m JOIN users u ON u.user_id = m.user_id
           WHERE m.loss_of = m.user_id AND m.phone_e164 IS NULL AND u.phone_e164 IS NOT NULL
             AND ($1::text IS NULL OR m.user_id = $1)
             AND NOT EXISTS (SELECT FROM loss_marks o
                             WHERE o.loss_of = m.loss_of AND o.user_id = m.user_id AND o.phone_e164 IS NOT NULL)
           UNION
           SELECT m.user_id FROM loss_marks m JOIN users u ON u.user_id = m.user_id
           JOIN users o ON o.household_id = u.household_id
           WHERE m.loss_of = m.user_id AND ($1::text IS NULL OR $1 IN (u.user_id, o.user_id))
             AND ($1::text IS NULL OR u.household_id = (SELECT household_id FROM users WHERE user_id = $1))
             AND NOT EXISTS (SELECT FROM loss_marks p WHERE p.loss_of = m.loss_of AND p.user_id = o.user_id)
           ORDER BY 1"#,
        user,
    )
    .fetch_all(tx)
    .await
}

/// The users of a household with a reported loss.
pub(super) async fn in_household(tx: &mut PgConnection, household: &str) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT DISTINCT m.user_id AS "user_id!" FROM users u JOIN loss_marks m ON m.user_id = u.user_id
           WHERE u.household_id = $1 AND m.loss_of = m.user_id ORDER BY 1"#,
        household,
    )
    .fetch_all(tx)
    .await
}

/// The way by which the loss of a user was reported.
pub(super) async fn source(tx: &mut PgConnection, user: &str) -> Result<Source, sqlx::Error> {
    let stored = sqlx::query_scalar!("SELECT source FROM silenced_users WHERE user_id = $1", user);
    let stored = stored.fetch_optional(tx).await?;
    let named = |source: &Source| Some(source.as_str()) == stored.as_deref();
    Ok(Source::ALL.into_iter().find(named).unwrap_or(Source::Staff))
}

/// Erasure: deletes the marks that name a user or a number, up to a time if one is given. Others stay silenced, each by a loss of
/// their own.
pub(super) async fn forget(
    tx: &mut PgConnection,
    user_or_number: &str,
    upto: Option<DateTime<Utc>>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH gone AS (
             DELETE FROM loss_marks
             WHERE (loss_of = $1 OR user_id = $1 OR phone_e164 = $1) AND ($2::timestamptz IS NULL OR marked_at <= $2)
             RETURNING loss_of, NULLIF(user_id, $1) AS user_id, NULLIF(phone_e164, $1) AS phone_e164, marked_at),
         others AS (UPDATE silenced_users SET loss_of = user_id WHERE loss_of = $1 AND user_id <> $1
                        AND ($2::timestamptz IS NULL OR silenced_at <= $2))
         INSERT INTO loss_marks (loss_of, user_id, phone_e164, marked_at)
         SELECT coalesce(NULLIF(loss_of, $1), user_id, phone_e164), user_id, phone_e164, min(marked_at) FROM gone
         WHERE user_id IS NOT NULL OR phone_e164 IS NOT NULL
         GROUP BY 1, 2, 3
         ON CONFLICT DO NOTHING",
        user_or_number,
        upto,
    )
    .execute(tx)
    .await
    .map(drop)
}
