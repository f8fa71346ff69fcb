//! The stored state of a user and of the user's number, read before the decision.

use chrono::{DateTime, Utc};
use shared::{
    domain::{AttemptOutcome, UserState},
    erasure::Digest,
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::store::batch::{Keyed, Statement};

/// Reads many users at once.
pub(crate) struct ReadState(pub(crate) PgPool);

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
                      (SELECT q.user_id FROM silenced_users q WHERE q.user_id = i.user_id) IS NOT NULL AS "silenced!"
               FROM UNNEST($1::text[], $2::text[], $3::bytea[]) WITH ORDINALITY AS i(user_id, phone, digest, ord)
               -- With a limit, each is looked up by its index and never joined as a whole.
               LEFT JOIN LATERAL (SELECT * FROM users WHERE user_id = i.user_id LIMIT 1) u ON true
               LEFT JOIN LATERAL (SELECT * FROM attempts WHERE phone_e164 = coalesce(i.phone, u.phone_e164) AND blocks
                                  LIMIT 1) b ON true"#,
            &ids,
            &phones as &[Option<String>],
            &digests as &[Option<&[u8]>],
        )
        .fetch_all(&self.0)
        .await?;
        let mut answers: Vec<StateRows> =
            std::iter::repeat_with(StateRows::default).take(rows.len()).collect();
        for row in found {
            let Some(answer) = usize::try_from(row.ord - 1).ok().and_then(|i| answers.get_mut(i)) else {
                continue;
            };
            answer.erased_as_of = row.erased_as_of;
            answer.silenced = row.silenced;
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
