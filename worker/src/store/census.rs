//! What is true of the whole service. Everything but the count of users is read from small tables or
//! partial indexes.

use std::time::Duration;

use shared::{lane::Lane, state::UserState};
use sqlx::PgConnection;
use tokio::time::{Instant, sleep};

/// Pages of `users` that are counted at a time: some milliseconds.
const SLICE: i64 = 256;
/// Between two slices the database is left to others for so many times as long.
const REST: u32 = 9;

/// "onboarding: census" to whoever reads `pg_locks`; any constant would do.
const LEADER: i64 = 0x006f_6e62_6f61_7264;

/// The figures of one moment.
pub(crate) struct Figures {
    /// Every state, also those that nobody is in.
    pub(crate) users: Vec<(UserState, i64)>,
    /// For each lane, how long in seconds the user who waits longest is overdue.
    pub(crate) overdue: Vec<(Lane, f64)>,
    /// Numbers that must not be texted, by who said so.
    pub(crate) suppressed: Vec<(&'static str, i64)>,
    pub(crate) open: Open,
}

const SOURCES: [&str; 3] = ["staff", "import", "twilio"];

/// What is not settled, and the dead letters that are.
pub(crate) struct Open {
    /// Unknown outcomes that Twilio is still asked about.
    pub(crate) checking: i64,
    /// Unknown outcomes left to a person.
    pub(crate) parked: i64,
    pub(crate) dead_letters: i64,
    pub(crate) replayed: i64,
    pub(crate) dropped: i64,
    pub(crate) violations: i64,
}

/// Whether this session is now the one that measures. It stays so until it ends.
pub(crate) async fn try_lead(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT pg_try_advisory_lock($1) AS "held!""#, LEADER).fetch_one(connection).await
}

/// Measures. Also tells for how long the database was at work for it.
pub(crate) async fn take(connection: &mut PgConnection) -> Result<(Figures, Duration), sqlx::Error> {
    let (users, counting) = users(&mut *connection).await?;
    let started = Instant::now();
    let figures = Figures {
        users,
        overdue: overdue(&mut *connection).await?,
        suppressed: suppressed(&mut *connection).await?,
        open: open(connection).await?,
    };
    Ok((figures, counting + started.elapsed()))
}

/// Counts slice by slice, so that no signup waits behind a count of millions. Who is written meanwhile may be counted in
/// her old state, in her new one, in both or not at all.
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

/// Waiting for her event: since the last evidence of it. Waiting for a retry: since that was due.
async fn overdue(connection: &mut PgConnection) -> Result<Vec<(Lane, f64)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT l.lane AS "lane!: Lane",
                  greatest(0, extract(epoch FROM now() - least(
                      (SELECT min(enqueued_at) FROM users
                       WHERE lane = l.lane AND state = 'received' AND next_attempt_at IS NULL),
                      (SELECT min(next_attempt_at) FROM users
                       WHERE lane = l.lane AND next_attempt_at IS NOT NULL))))::float8 AS "seconds!"
           FROM unnest(enum_range(NULL::lane)) AS l(lane)"#
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.lane, row.seconds)).collect())
}

async fn suppressed(connection: &mut PgConnection) -> Result<Vec<(&'static str, i64)>, sqlx::Error> {
    let counted = sqlx::query!(
        r#"SELECT source, count(*) AS "numbers!" FROM suppressions WHERE lifted_at IS NULL GROUP BY source"#
    )
    .fetch_all(connection)
    .await?;
    let count = |source| counted.iter().find(|row| row.source == source).map_or(0, |row| row.numbers);
    Ok(SOURCES.map(|source| (source, count(source))).to_vec())
}

/// A violation is an accepted attempt that did not fail and neither blocks its number nor was reopened, beside another
/// accepted one to the same number, or a callback about a second message of one attempt. Freed by `UNKNOWN_POLICY=resend_once` and
/// accepted after all is what that policy risks; it counts.
async fn open(connection: &mut PgConnection) -> Result<Open, sqlx::Error> {
    sqlx::query_as!(
        Open,
        r#"SELECT a.checking AS "checking!", a.parked AS "parked!", d.open AS "dead_letters!",
                  d.replayed AS "replayed!", d.dropped AS "dropped!",
                  (SELECT count(*) FROM attempts f
                   WHERE f.outcome = 'accepted' AND NOT f.blocks AND f.reopened_at IS NULL
                     AND f.twilio_status IS DISTINCT FROM 'failed'
                     AND EXISTS (SELECT FROM attempts o WHERE o.phone_e164 = f.phone_e164 AND o.blocks
                                                          AND o.outcome = 'accepted'))
                  + (SELECT count(DISTINCT c.sid) FROM status_callbacks c JOIN attempts o USING (message_id)
                     WHERE NOT c.matched AND o.sid IS NOT NULL AND o.sid <> c.sid) AS "violations!"
           FROM (SELECT count(*) FILTER (WHERE parked_at IS NULL) AS checking, count(parked_at) AS parked
                 FROM attempts WHERE (next_check_at IS NOT NULL OR parked_at IS NOT NULL)
                                 AND outcome = 'unknown' AND blocks) a,
                (SELECT count(*) FILTER (WHERE replayed_at IS NULL AND dropped_at IS NULL) AS open,
                        count(replayed_at) AS replayed, count(dropped_at) AS dropped FROM dead_letters) d"#
    )
    .fetch_one(connection)
    .await
}
