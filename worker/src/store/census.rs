//! Metrics of the whole service. All but the count of users are read from small tables or partial indexes.

use std::time::Duration;

use shared::{domain::UserState, lane::QueueLane};
use sqlx::PgConnection;
use tokio::time::{Instant, sleep};

use super::{
    admission,
    counts::{self, DeadLetters, Unknown},
    events_out::{self, Waiting},
};

/// Pages of `users` that are counted at a time: some milliseconds.
const SLICE: i64 = 256;
/// The pause between two slices, as a multiple of the time that a slice took.
const REST: u32 = 9;

/// The key of the advisory lock in `pg_locks`: "onboard" in ASCII. Any constant works.
const LEADER: i64 = 0x006f_6e62_6f61_7264;

/// The figures of one moment.
pub(crate) struct Figures {
    /// Every state, also those without users.
    pub(crate) users: Vec<(UserState, i64)>,
    /// For each lane, by how many seconds its longest-waiting user is overdue.
    pub(crate) overdue: Vec<(QueueLane, f64)>,
    /// Numbers that must not be texted, by source.
    pub(crate) suppressed: Vec<(&'static str, i64)>,
    pub(crate) unknown: Unknown,
    pub(crate) dead_letters: DeadLetters,
    pub(crate) violations: i64,
    /// Messages claimed after a stop or a loss was in force: none.
    pub(crate) after_stop: i64,
    /// Who count for the limit of WhatsApp.
    pub(crate) whatsapp_people: i64,
    pub(crate) events_out: Vec<Waiting>,
    pub(crate) inbox: counts::Inbox,
}

/// Whether this session is now the one that measures. It stays so until it ends.
pub(crate) async fn try_lead(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT pg_try_advisory_lock($1) AS "held!""#, LEADER).fetch_one(connection).await
}

/// Measures. Returns also how long the database worked for it.
pub(crate) async fn take(connection: &mut PgConnection) -> Result<(Figures, Duration), sqlx::Error> {
    let (users, counting) = users(&mut *connection).await?;
    let started = Instant::now();
    let figures = Figures {
        users,
        overdue: counts::overdue(&mut *connection).await?,
        suppressed: counts::suppressed(&mut *connection).await?,
        unknown: counts::unknown(&mut *connection).await?,
        dead_letters: counts::dead_letters(&mut *connection).await?,
        violations: counts::violations(&mut *connection).await?,
        after_stop: counts::after_stop(&mut *connection).await?,
        whatsapp_people: admission::people(&mut *connection).await?,
        events_out: events_out::waiting(&mut *connection).await?,
        inbox: counts::inbox(connection).await?,
    };
    Ok((figures, counting + started.elapsed()))
}

/// Counts slice by slice, so that no signup waits behind a count of millions. A user whose row changes meanwhile may be
/// counted in the old state, in the new one, in both or in neither.
async fn users(connection: &mut PgConnection) -> Result<(Vec<(UserState, i64)>, Duration), sqlx::Error> {
    let mut users = UserState::ALL.map(|state| (state, 0)).to_vec();
    let mut counting = Duration::ZERO;
    let pages = sqlx::query_scalar!(
        r#"SELECT pg_relation_size('users') / current_setting('block_size')::bigint AS "pages!""#
    )
    .fetch_one(&mut *connection)
    .await?;
    for from in (0..pages).step_by(usize::try_from(SLICE).unwrap_or(1)) {
        let started = Instant::now();
        let counted = slice(&mut *connection, from).await?;
        let took = started.elapsed();
        counting += took;
        for (state, total) in &mut users {
            *total += counted.iter().filter(|(s, _)| s == state).map(|(_, n)| n).sum::<i64>();
        }
        sleep(took * REST).await;
    }
    Ok((users, counting))
}

/// The users of [`SLICE`] pages.
async fn slice(connection: &mut PgConnection, from: i64) -> Result<Vec<(UserState, i64)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT state AS "state: UserState", count(*) AS "users!" FROM users
           WHERE ctid >= $1::text::tid AND ctid < $2::text::tid GROUP BY state"#,
        format!("({from},0)"),
        format!("({},0)", from + SLICE),
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.state, row.users)).collect())
}
