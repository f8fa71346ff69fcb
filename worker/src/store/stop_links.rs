//! The codes of stop links: stored before a message prints them, and read when a page is opened.

use std::collections::HashMap;

use shared::{
    consent::{LinkKey, StopCode, stops},
    phone::E164,
    templates::discreetness,
};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::batch::{Keyed, Statement};

/// Each further round is for numbers whose code another number has, or that another worker stored just now.
const ROUNDS: usize = 8;

/// Issues the codes of many numbers at once. A number that has a code keeps it.
pub(crate) struct IssueCodes {
    pub(crate) pool: PgPool,
    pub(crate) key: LinkKey,
}

impl Keyed for E164 {
    fn keys(&self) -> [&str; 2] {
        [self.as_str(), ""]
    }
}

impl Statement for IssueCodes {
    type Row = E164;
    type Answer = StopCode;

    async fn run(&self, rows: &[E164]) -> Result<Vec<StopCode>, sqlx::Error> {
        let mut codes: HashMap<E164, StopCode> = HashMap::with_capacity(rows.len());
        let mut next: HashMap<E164, i32> = HashMap::new();
        for _ in 0..ROUNDS {
            let open: Vec<Candidate> = rows
                .iter()
                .filter(|phone| !codes.contains_key(*phone))
                .map(|phone| Candidate::from(&self.key, *phone, next.get(phone).copied().unwrap_or(0)))
                .collect();
            if open.is_empty() {
                break;
            }
            codes.extend(insert(&self.pool, &open).await?);
            next.extend(open.iter().map(|candidate| (candidate.phone, candidate.epoch + 1)));
        }
        rows.iter().map(|phone| codes.get(phone).copied().ok_or(sqlx::Error::RowNotFound)).collect()
    }
}

/// A code that a number may get.
struct Candidate {
    phone: E164,
    code: StopCode,
    epoch: i32,
}

impl Candidate {
    /// The first from `epoch` on that spells no word which a message must not contain.
    fn from(key: &LinkKey, phone: E164, epoch: i32) -> Self {
        let mut epoch = epoch;
        loop {
            let code = StopCode::derive(key, &phone, epoch);
            if discreetness::lint(code.as_str()).is_empty() {
                return Self { phone, code, epoch };
            }
            epoch += 1;
        }
    }
}

/// Stores the codes of numbers without a live one. Returns the live codes; one is missing if another number has the code.
async fn insert(pool: &PgPool, open: &[Candidate]) -> Result<Vec<(E164, StopCode)>, sqlx::Error> {
    let phones: Vec<&str> = open.iter().map(|candidate| candidate.phone.as_str()).collect();
    let codes: Vec<&str> = open.iter().map(|candidate| candidate.code.as_str()).collect();
    let epochs: Vec<i32> = open.iter().map(|candidate| candidate.epoch).collect();
    let live = sqlx::query!(
        r#"WITH added AS (
               INSERT INTO stop_links (code, phone_e164, epoch)
               SELECT i.code, i.phone, i.epoch
               FROM UNNEST($1::text[], $2::text[], $3::int4[]) AS i(phone, code, epoch)
               -- Asked by itself, it is never joined as a whole.
               WHERE (SELECT l.code FROM stop_links l WHERE l.phone_e164 = i.phone AND l.revoked_at IS NULL) IS NULL
               ORDER BY i.phone COLLATE "C"
               ON CONFLICT DO NOTHING
               RETURNING phone_e164, code
           )
           SELECT phone_e164 AS "phone_e164!", code AS "code!" FROM added
           UNION ALL
           SELECT phone_e164, code FROM stop_links WHERE phone_e164 = ANY($1) AND revoked_at IS NULL"#,
        &phones as &[&str],
        &codes as &[&str],
        &epochs,
    )
    .fetch_all(pool)
    .await?;
    let read =
        live.into_iter().map(|row| Some((E164::parse(&row.phone_e164).ok()?, StopCode::parse(&row.code)?)));
    Ok(read.flatten().collect())
}

/// The number of a live code, and whether it gets messages.
pub(crate) struct Link {
    pub(crate) phone: E164,
    /// No message goes to it.
    pub(crate) stopped: bool,
    /// Its page may lift that.
    pub(crate) may_undo: bool,
}

/// Finds a live code.
pub(crate) async fn find(pool: &PgPool, code: StopCode) -> Result<Option<Link>, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let found = sqlx::query!(
        r#"SELECT l.phone_e164, s.id IS NOT NULL AS "stopped!"
           FROM stop_links l
           LEFT JOIN suppressions s ON s.phone_e164 = l.phone_e164 AND s.lifted_at IS NULL AND s.channel = 'any'
           WHERE l.code = $1 AND l.revoked_at IS NULL"#,
        code.as_str(),
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = found else { return Ok(None) };
    let Ok(phone) = E164::parse(&row.phone_e164) else { return Ok(None) };
    let may_undo = row.stopped && stops::may_undo(&mut connection, phone.as_str()).await?;
    Ok(Some(Link { phone, stopped: row.stopped, may_undo }))
}

/// Makes the live code of a number invalid. False: it has none.
pub(crate) async fn revoke(tx: &mut PgConnection, phone: &E164) -> Result<bool, sqlx::Error> {
    let revoked = sqlx::query!(
        "UPDATE stop_links SET revoked_at = now() WHERE phone_e164 = $1 AND revoked_at IS NULL",
        phone.as_str(),
    );
    Ok(revoked.execute(tx).await?.rows_affected() > 0)
}

/// Opens a task for a person to look at a number that somebody typed, at most once in 30 days. Returns whether it did.
pub(crate) async fn open_stop_request(tx: &mut PgConnection, phone: &E164) -> Result<bool, sqlx::Error> {
    let opened = sqlx::query!(
        "INSERT INTO staff_tasks (task_id, kind, user_id, phone_e164, opened_by)
         SELECT $1, 'stop_request', (SELECT user_id FROM attempts WHERE phone_e164 = $2 AND blocks), $2, 'link'
         WHERE NOT EXISTS (SELECT FROM staff_tasks WHERE phone_e164 = $2 AND kind = 'stop_request'
                           AND opened_at > calendar_now() - interval '30 days')
         ON CONFLICT DO NOTHING",
        Uuid::now_v7(),
        phone.as_str(),
    );
    Ok(opened.execute(tx).await?.rows_affected() > 0)
}

#[cfg(test)]
mod tests;
