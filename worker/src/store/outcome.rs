//! Writes how a create call ended, before its delivery is acked.

use std::{collections::HashMap, sync::Arc, time::Duration};

use chrono::NaiveDate;
use shared::{
    consent::{Door, Source, refusals},
    domain::{AttemptOutcome, UserState},
};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{
    attempts::{Heap, on_heap},
    budget,
    callbacks::{self, Callback, Concerned},
    ended::{Ended, UserChange},
    messages, number,
    reported::Meanings,
    take_back::take_back,
};
use crate::store::batch::{Keyed, Statement};

/// Writes many outcomes in one transaction.
pub(crate) struct Outcome {
    pub(crate) pool: PgPool,
    /// Temporary refusals that last longer are final.
    pub(crate) retry_for: Duration,
    /// 0: unlimited.
    pub(crate) messages_per_day: i32,
    pub(crate) meanings: Arc<dyn Meanings>,
}

impl Keyed for Ended {
    fn keys(&self) -> [&str; 2] {
        [&self.user_id, ""]
    }
}

impl Statement for Outcome {
    type Row = Ended;
    type Answer = ();

    /// A lost outcome would have to be reconciled with Twilio.
    const PATIENCE: Duration = Duration::MAX;

    async fn run(&self, rows: &[Ended]) -> Result<Vec<()>, sqlx::Error> {
        let mut tx = self.pool.begin().await?;
        if rows.iter().any(|r| r.suppress) {
            hold_opted_out(&mut tx, rows).await?;
        }
        for heap in Heap::ALL {
            let ended: Vec<&Ended> = rows.iter().filter(|r| r.attempt.heap == heap).collect();
            if !ended.is_empty() {
                self.end(&mut tx, heap, &ended).await?;
            }
        }
        tx.commit().await?;
        Ok(vec![(); rows.len()])
    }
}

/// What the outcomes of a batch lead to beyond their own rows.
#[derive(Default)]
struct Effects {
    /// Callbacks that named only a SID and came before that SID was stored, and answers with a final status.
    told: Vec<Told>,
    /// Attempts that were accepted after they had let go.
    late: Vec<Uuid>,
    /// Attempts that ended now without a message, with the day of their claim in Nepal.
    freed: HashMap<Uuid, NaiveDate>,
}

/// What a callback, or the answer itself, says of an attempt.
struct Told {
    attempt_id: Uuid,
    phone: String,
    channel: String,
    callback: Callback,
}

impl Outcome {
    async fn end(&self, tx: &mut PgConnection, heap: Heap, rows: &[&Ended]) -> Result<(), sqlx::Error> {
        let Effects { told, late, freed } = attempts(tx, heap, rows).await?;
        // Only what this transaction changed: after a lost reply to a commit, everything is done already.
        if !freed.is_empty() {
            let changes: Vec<(&Ended, &UserChange)> = rows
                .iter()
                .filter(|r| freed.contains_key(&r.attempt.attempt_id))
                .filter_map(|r| r.user.as_ref().map(|u| (*r, u)))
                .collect();
            match heap {
                Heap::Welcomes => self.welcomes_freed(tx, &changes, freed).await?,
                Heap::Messages => messages::after_call(tx, &changes, self.retry_for).await?,
            }
            suppress(tx, heap, rows).await?;
        }
        let of = |id: Uuid| rows.iter().map(|r| r.attempt).find(|a| a.attempt_id == id);
        for Told { attempt_id, phone, channel, callback } in told {
            if let Some(attempt) = of(attempt_id) {
                let concerned = Concerned { attempt, phone: &phone, channel: &channel };
                // A template that the code speaks of is held after its next message.
                let (_, _) = callbacks::apply(tx, &concerned, &callback, &*self.meanings).await?;
            }
        }
        for attempt in late.into_iter().filter_map(of) {
            take_back(tx, attempt).await?;
        }
        Ok(())
    }

    /// Attempts to welcome ended without a message: what follows for their users, numbers and the daily budget.
    async fn welcomes_freed(
        &self,
        tx: &mut PgConnection,
        changes: &[(&Ended, &UserChange)],
        freed: HashMap<Uuid, NaiveDate>,
    ) -> Result<(), sqlx::Error> {
        let ids: Vec<Uuid> = freed.keys().copied().collect();
        if self.users(tx, changes).await? < freed.len() {
            moved_on(tx, &ids).await?;
        }
        number::released(tx, &ids).await?;
        let days: Vec<NaiveDate> = freed.into_values().collect();
        budget::give_back(tx, self.messages_per_day, &days).await
    }

    /// Changes a user only while the user's row refers to this attempt and the attempt ended as given.
    async fn users(
        &self,
        tx: &mut PgConnection,
        rows: &[(&Ended, &UserChange)],
    ) -> Result<usize, sqlx::Error> {
        let users: Vec<&str> = rows.iter().map(|(r, _)| r.user_id.as_str()).collect();
        let ids: Vec<Uuid> = rows.iter().map(|(r, _)| r.attempt.attempt_id).collect();
        let outcomes: Vec<AttemptOutcome> = rows.iter().map(|(r, _)| r.outcome).collect();
        let states: Vec<UserState> = rows.iter().map(|(_, u)| u.state).collect();
        let reasons: Vec<String> = rows.iter().map(|(_, u)| u.reason.as_str().into_owned()).collect();
        let delays: Vec<Option<f64>> =
            rows.iter().map(|(_, u)| u.again_in.map(|d| d.as_secs_f64())).collect();
        let counts: Vec<bool> = rows.iter().map(|(_, u)| u.counts).collect();
        let ends: Vec<String> = rows.iter().map(|(_, u)| u.ends_with.as_str().into_owned()).collect();
        let updated = sqlx::query!(
            r#"UPDATE users u SET
                   state = CASE WHEN i.spent THEN 'failed' ELSE i.state END::user_state,
                   reason = CASE WHEN i.spent THEN i.ends_with ELSE i.reason END,
                   next_attempt_at = CASE WHEN i.spent THEN NULL
                                          -- A live signup that is due at once is due since its event.
                                          WHEN i.delay = 0 AND u.lane = 'live' THEN LEAST(NULLIF(u.changed_at, 'epoch'), now())
                                          ELSE now() + make_interval(secs => i.delay) END,
                   retry_since = CASE WHEN i.counts THEN coalesce(u.retry_since, now()) ELSE u.retry_since END,
                   retries = u.retries + CASE WHEN i.delay IS NULL THEN 0 ELSE 1 END, updated_at = now()
               FROM (
                   SELECT n.*, n.counts AND n.state = 'received'
                               AND now() - coalesce(v.retry_since, now()) >= make_interval(secs => $8) AS spent
                   FROM UNNEST($1::text[], $2::uuid[], $3::attempt_outcome[], $4::user_state[], $5::text[],
                               $6::float8[], $7::bool[], $9::text[])
                        AS n(user_id, message_id, outcome, state, reason, delay, counts, ends_with)
                   JOIN users v ON v.user_id = n.user_id AND v.user_id = ANY($1)
                   ORDER BY n.user_id FOR UPDATE OF v
               ) i
               JOIN attempts a ON a.message_id = i.message_id AND a.message_id = ANY($2) AND a.outcome = i.outcome
               WHERE u.user_id = i.user_id AND u.user_id = ANY($1) AND u.attempt_id = i.message_id"#,
            &users as &[&str],
            &ids,
            &outcomes as &[AttemptOutcome],
            &states as &[UserState],
            &reasons,
            &delays as &[Option<f64>],
            &counts,
            self.retry_for.as_secs_f64(),
            &ends,
        )
        .execute(tx)
        .await?;
        Ok(usize::try_from(updated.rows_affected()).unwrap_or(usize::MAX))
    }
}

/// How an attempt ended, as written.
struct Written {
    attempt_id: Uuid,
    phone: String,
    channel: String,
    sid: Option<String>,
    status: Option<String>,
    error_code: Option<i32>,
    outcome: Option<AttemptOutcome>,
    day: Option<NaiveDate>,
}

/// A definite answer wins over `unknown` and parked, however late; nothing lowers a status. A row that is not changed has
/// its definite answer already.
async fn attempts(tx: &mut PgConnection, heap: Heap, rows: &[&Ended]) -> Result<Effects, sqlx::Error> {
    // Rows are locked as they are joined: in the order of this list, or of the index. Other holders of locks on attempts
    // take them by id as well. To lock them by a query of their own costs five times as much.
    let mut rows = rows.to_vec();
    rows.sort_unstable_by_key(|r| r.attempt.message_id);
    let messages: Vec<Uuid> = rows.iter().map(|r| r.attempt.message_id).collect();
    let ids: Vec<Uuid> = rows.iter().map(|r| r.attempt.attempt_id).collect();
    let outcomes: Vec<AttemptOutcome> = rows.iter().map(|r| r.outcome).collect();
    let blocks: Vec<bool> = rows.iter().map(|r| r.outcome.blocks()).collect();
    let sids: Vec<Option<&str>> = rows.iter().map(|r| r.accepted.as_ref().map(|a| a.sid.as_str())).collect();
    let statuses: Vec<Option<&str>> =
        rows.iter().map(|r| r.accepted.as_ref().map(|a| a.status.as_str())).collect();
    let ranks: Vec<i16> = rows.iter().map(|r| r.accepted.as_ref().map_or(-1, |a| a.rank)).collect();
    let codes: Vec<Option<i32>> =
        rows.iter().map(|r| r.error_code.and_then(|c| i32::try_from(c).ok())).collect();
    let checks: Vec<Option<f64>> = rows.iter().map(|r| r.check_in.map(|d| d.as_secs_f64())).collect();
    let rows = on_heap!(
        heap,
        query_as![Written:
            "WITH ended AS (
                 UPDATE ", r#" a SET
                     outcome = i.outcome, blocks = a.blocks AND i.blocks,
                     message_sid = coalesce(a.message_sid, i.sid),
                     status = CASE WHEN i.rank > a.status_rank THEN i.status ELSE a.status END,
                     status_rank = GREATEST(a.status_rank, i.rank),
                     error_code = coalesce(i.code, a.error_code),
                     next_check_at = a.claimed_at + make_interval(secs => i.check_in),
                     parked_at = NULL, updated_at = now()
                 FROM UNNEST($1::uuid[], $2::uuid[], $3::attempt_outcome[], $4::bool[], $5::text[], $6::text[],
                             $7::int2[], $8::int4[], $9::float8[])
                      AS i(message_id, attempt_id, outcome, blocks, sid, status, rank, code, check_in)
                 WHERE a.message_id = i.message_id AND a.attempt_id = i.attempt_id
                   AND (a.outcome = 'sending'
                        OR (a.outcome = 'unknown' AND i.outcome <> 'unknown')
                        OR (a.outcome = 'accepted' AND i.outcome = 'accepted'))
                 RETURNING a.attempt_id, a.message_sid, a.outcome, a.blocks, a.claimed_at, a.phone_e164, a.channel,
                           i.status, i.rank, i.code
             ), early AS (
                 UPDATE status_callbacks c SET matched = true, message_id = e.attempt_id FROM ended e
                 WHERE c.sid = e.message_sid AND NOT c.matched
                 RETURNING e.attempt_id, e.phone_e164, e.channel, c.sid, c.status, c.error_code
             )
             SELECT attempt_id AS "attempt_id!", phone_e164 AS "phone!", channel AS "channel!", sid, status, error_code,
                    NULL::attempt_outcome AS "outcome: AttemptOutcome", NULL::date AS day FROM early
             UNION ALL
             -- No callback need follow an answer that is final.
             SELECT attempt_id, phone_e164, channel, message_sid, status, code, NULL, NULL FROM ended WHERE rank >= 4
             UNION ALL
             SELECT attempt_id, phone_e164, channel, NULL, NULL, NULL, outcome,
                    ((claimed_at + (SELECT calendar_now() - now())) AT TIME ZONE 'Asia/Kathmandu')::date
             FROM ended WHERE NOT blocks"#
        ](
            &messages,
            &ids,
            &outcomes as &[AttemptOutcome],
            &blocks,
            &sids as &[Option<&str>],
            &statuses as &[Option<&str>],
            &ranks,
            &codes as &[Option<i32>],
            &checks as &[Option<f64>],
        ),
        fetch_all(tx)
    )?;
    let mut effects = Effects::default();
    for row in rows {
        match (row.sid, row.status, row.outcome, row.day) {
            (Some(sid), Some(status), ..) => {
                let callback = Callback::early(sid, status, row.error_code);
                let (phone, channel) = (row.phone, row.channel);
                effects.told.push(Told { attempt_id: row.attempt_id, phone, channel, callback });
            }
            (.., Some(AttemptOutcome::Accepted), _) => effects.late.push(row.attempt_id),
            (.., Some(_), Some(day)) => {
                effects.freed.insert(row.attempt_id, day);
            }
            _ => {}
        }
    }
    Ok(effects)
}

/// An import stored these users again, with another number, while the calls to the former numbers were made. Their
/// signup did not lead to a message, so it goes on with the new number.
async fn moved_on(tx: &mut PgConnection, freed: &[Uuid]) -> Result<(), sqlx::Error> {
    // No row: an event brought the new number, and goes its own way.
    sqlx::query!(
        "UPDATE users u SET state = 'received', reason = NULL, next_attempt_at = now(), enqueued_at = now(),
                            updated_at = now()
         FROM attempts a
         WHERE a.message_id = ANY($1) AND u.user_id = a.user_id AND u.state = 'stored'
           AND u.attempt_id IS DISTINCT FROM a.message_id",
        freed,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Before the first row is locked: these numbers are stopped at the end.
async fn hold_opted_out(tx: &mut PgConnection, rows: &[Ended]) -> Result<(), sqlx::Error> {
    let mut phones = Vec::new();
    for heap in Heap::ALL {
        let ended: Vec<&Ended> = rows.iter().filter(|r| r.attempt.heap == heap).collect();
        phones.extend(opted_out(tx, heap, &ended, Attempts::All).await?);
    }
    refusals::hold(tx, &phones).await
}

async fn suppress(tx: &mut PgConnection, heap: Heap, rows: &[&Ended]) -> Result<(), sqlx::Error> {
    let phones = opted_out(tx, heap, rows, Attempts::Refused).await?;
    let reason = "refused as opted out";
    let door = Door { source: Source::Twilio, actor: "worker", reason, action: None };
    refusals::opted_out(tx, &phones, &door).await
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Attempts {
    All,
    /// Stored as refused.
    Refused,
}

/// The numbers of those of these attempts that Twilio refused as opted out, in order.
async fn opted_out(
    tx: &mut PgConnection,
    heap: Heap,
    rows: &[&Ended],
    of: Attempts,
) -> Result<Vec<String>, sqlx::Error> {
    let attempts = || rows.iter().filter(|r| r.suppress).map(|r| r.attempt);
    let messages: Vec<Uuid> = attempts().map(|a| a.message_id).collect();
    let ids: Vec<Uuid> = attempts().map(|a| a.attempt_id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    on_heap!(
        heap,
        query_scalar![
            r#"SELECT DISTINCT phone_e164 AS "phone_e164!" FROM "#,
            "
             WHERE message_id = ANY($1) AND attempt_id = ANY($2) AND ($3 OR outcome = 'refused') ORDER BY 1"
        ](&messages, &ids, of == Attempts::All),
        fetch_all(tx)
    )
}

#[cfg(test)]
mod tests;
