//! The stored state of a user and of the user's number, read before the decision.

use std::time::Duration;

use chrono::{DateTime, Utc};
use shared::{
    domain::{AttemptOutcome, UserState},
    erasure::Digest,
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::store::batch::{Keyed, Statement};

/// Reads many users at once.
pub(crate) struct ReadState {
    pub(crate) pool: PgPool,
    /// Whether welcomes may go by WhatsApp: what decides about that is read as well.
    pub(crate) whatsapp: bool,
    /// Whether inbound messages are taken, so that conversations may be open.
    pub(crate) inbox: bool,
}

/// The user to read, and the number to read beside the stored one.
pub(crate) struct StateQuery {
    pub(crate) user_id: String,
    /// The event's number. None: the stored number counts.
    pub(crate) phone: Option<String>,
    /// Of the user id. None: nobody was erased.
    pub(crate) digest: Option<Digest>,
}

impl Keyed for StateQuery {
    fn keys(&self) -> [&str; 2] {
        ["", ""]
    }
}

/// The row of the user, and the attempt that holds the number.
#[derive(Default)]
pub(crate) struct StateRows {
    pub(crate) user: Option<UserRow>,
    pub(crate) holder: Option<HolderRow>,
    /// The user was erased, and events up to this time do not count.
    pub(crate) erased_as_of: Option<DateTime<Utc>>,
    /// The user is silenced at every number.
    pub(crate) silenced: bool,
    /// A conversation with staff is open.
    pub(crate) talking: bool,
    /// None: welcomes do not go by WhatsApp.
    pub(crate) whatsapp: Option<WhatsappRow>,
}

/// What decides whether the welcome may go by WhatsApp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WhatsappRow {
    /// The welcome by WhatsApp is agreed to.
    pub(crate) granted: bool,
    /// Until then WhatsApp does not reach the number.
    pub(crate) unreachable_for: Option<Duration>,
    /// The number had its welcome by WhatsApp, which did not arrive.
    pub(crate) spent: bool,
}

/// A row of `users`, as far as it decides.
#[derive(Clone)]
pub(crate) struct UserRow {
    pub(crate) phone_raw: String,
    pub(crate) phone_e164: Option<String>,
    pub(crate) country_hint: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) time_zone: Option<String>,
    pub(crate) changed_at: DateTime<Utc>,
    pub(crate) state: UserState,
    pub(crate) reason: Option<String>,
    /// Scheduled for a later time than now, by the database's clock.
    pub(crate) scheduled: bool,
    pub(crate) retries: i32,
    /// As the portal calls it.
    pub(crate) preferred_channel: Option<String>,
    pub(crate) display_name: Option<String>,
    /// So long the welcome has waited for its channel.
    pub(crate) channel_waited: Option<Duration>,
}

/// The attempt that blocks a number.
#[derive(Clone)]
pub(crate) struct HolderRow {
    pub(crate) message_id: Uuid,
    pub(crate) user_id: String,
    pub(crate) phone_e164: String,
    pub(crate) outcome: AttemptOutcome,
}

impl Statement for ReadState {
    type Row = StateQuery;
    type Answer = StateRows;

    async fn run(&self, rows: &[StateQuery]) -> Result<Vec<StateRows>, sqlx::Error> {
        let ids: Vec<String> = rows.iter().map(|r| r.user_id.clone()).collect();
        let phones: Vec<Option<String>> = rows.iter().map(|r| r.phone.clone()).collect();
        let digests: Vec<Option<&[u8]>> = rows.iter().map(|r| r.digest.as_ref().map(|d| &d[..])).collect();
        let found = sqlx::query!(
            r#"SELECT i.ord AS "ord!", u.user_id AS "user_id?", u.phone_raw AS "phone_raw?", u.phone_e164,
                      u.country_hint, u.language, u.time_zone, u.changed_at AS "changed_at?",
                      u.state AS "state?: UserState", u.reason,
                      coalesce(u.next_attempt_at > now(), false) AS "scheduled!",
                      u.retries AS "retries?",
                      b.message_id AS "holder?", b.user_id AS "holder_user?", b.phone_e164 AS "holder_phone?",
                      b.outcome AS "holder_outcome?: AttemptOutcome",
                      (SELECT e.as_of FROM erased_users e WHERE e.digest = i.digest) AS erased_as_of,
                      (SELECT q.user_id FROM silenced_users q WHERE q.user_id = i.user_id) IS NOT NULL AS "silenced!",
                      CASE WHEN $4 THEN u.channel END AS preferred_channel,
                      CASE WHEN $4 THEN u.display_name END AS display_name,
                      CASE WHEN $4 AND u.reason IN ('channel_full', 'breaker_open')
                           THEN extract(epoch FROM now() - u.channel_since)::float8 END AS channel_waited,
                      CASE WHEN $4 THEN
                          -- Entries of a user without a number count at every number.
                          CASE WHEN (SELECT k.person_key FROM person_keys k
                                     WHERE k.user_id = i.user_id AND k.phone_e164 IS NULL LIMIT 1) IS NULL
                          THEN coalesce((SELECT 'onboarding' = ANY (g.purposes) FROM channel_grants g
                                         WHERE g.phone_e164 = coalesce(i.phone, u.phone_e164) AND g.channel = 'whatsapp'),
                                        false)
                          ELSE agrees_to('onboarding', 'whatsapp', i.user_id, coalesce(i.phone, u.phone_e164)) END
                          -- The claim ends the welcome of those whom a stop or a loss silences.
                          OR (SELECT s.id FROM suppressions s WHERE s.phone_e164 = coalesce(i.phone, u.phone_e164)
                                  AND s.lifted_at IS NULL AND s.channel = 'any') IS NOT NULL
                          OR (SELECT q.user_id FROM silenced_users q WHERE q.user_id = i.user_id) IS NOT NULL
                      END AS whatsapp_granted,
                      CASE WHEN $4 THEN (SELECT extract(epoch FROM f.until - calendar_now())::float8 FROM channel_faults f
                                         WHERE f.phone_e164 = coalesce(i.phone, u.phone_e164) AND f.channel = 'whatsapp')
                      END AS whatsapp_fault,
                      $4 AND (SELECT a.message_id FROM attempts a
                              WHERE a.phone_e164 = coalesce(i.phone, u.phone_e164) AND NOT a.blocks
                                AND a.channel = 'whatsapp' AND a.outcome = 'accepted' LIMIT 1) IS NOT NULL
                          AS "whatsapp_spent!",
                      $5 AND coalesce(in_conversation(coalesce(i.phone, u.phone_e164), false), false) AS "talking!"
               FROM UNNEST($1::text[], $2::text[], $3::bytea[]) WITH ORDINALITY AS i(user_id, phone, digest, ord)
               -- With a limit, each is looked up by its index and never joined as a whole.
               LEFT JOIN LATERAL (SELECT * FROM users WHERE user_id = i.user_id LIMIT 1) u ON true
               LEFT JOIN LATERAL (SELECT * FROM attempts WHERE phone_e164 = coalesce(i.phone, u.phone_e164) AND blocks
                                  LIMIT 1) b ON true"#,
            &ids,
            &phones as &[Option<String>],
            &digests as &[Option<&[u8]>],
            self.whatsapp,
            self.inbox,
        )
        .fetch_all(&self.pool)
        .await?;
        let mut answers: Vec<StateRows> =
            std::iter::repeat_with(StateRows::default).take(rows.len()).collect();
        for row in found {
            let Some(answer) = usize::try_from(row.ord - 1).ok().and_then(|i| answers.get_mut(i)) else {
                continue;
            };
            answer.erased_as_of = row.erased_as_of;
            answer.silenced = row.silenced;
            answer.talking = row.talking;
            answer.whatsapp = row.whatsapp_granted.map(|granted| WhatsappRow {
                granted,
                unreachable_for: row.whatsapp_fault.and_then(still),
                spent: row.whatsapp_spent,
            });
            if let (Some(phone_raw), Some(changed_at), Some(state)) =
                (row.phone_raw, row.changed_at, row.state)
            {
                answer.user = Some(UserRow {
                    phone_raw,
                    phone_e164: row.phone_e164,
                    country_hint: row.country_hint,
                    language: row.language,
                    time_zone: row.time_zone,
                    changed_at,
                    state,
                    reason: row.reason,
                    scheduled: row.scheduled,
                    retries: row.retries.unwrap_or(0),
                    preferred_channel: row.preferred_channel,
                    display_name: row.display_name,
                    channel_waited: row.channel_waited.and_then(still),
                });
            }
            if let (Some(message_id), Some(user_id), Some(phone_e164), Some(outcome)) =
                (row.holder, row.holder_user, row.holder_phone, row.holder_outcome)
            {
                answer.holder = Some(HolderRow { message_id, user_id, phone_e164, outcome });
            }
        }
        Ok(answers)
    }
}

/// Seconds that are over count no more.
fn still(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok().filter(|left| !left.is_zero())
}
