//! The stored users that a run looks at: pages of table `users`, in the order of their ids. The ids of `--ids-file`
//! are in table `backfill_ids`, so that memory here does not grow with the file, and a resumed run needs neither
//! the file nor standard input again.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
};

use chrono::{DateTime, Utc};
use producer::{
    UserId,
    cli::{Failure, formula},
};
use shared::{
    domain::{BadUserId, UserState},
    lines::UniversalLines,
    templates::Language,
};
use sqlx::{Executor, PgConnection, PgPool, Postgres, pool::PoolConnection};
use uuid::Uuid;

use crate::options::Filters;

/// The largest number of users that are held in memory, published and marked together.
pub(crate) const PAGE: u32 = 1000;
/// Ids stored by one statement.
const BATCH: usize = 5000;
/// A user id has at most 128 characters of at most 4 bytes.
const LONGEST_LINE: u64 = 600;

/// Shadows the table in this session, so that a dry run stores nothing.
const SHADOW: &str = "SET client_min_messages = warning;
    CREATE TEMPORARY TABLE IF NOT EXISTS backfill_ids (run_id uuid, user_id text, PRIMARY KEY (run_id, user_id));
    TRUNCATE pg_temp.backfill_ids";

/// The columns of a stored user that the plan reads. `Debug` shows neither number nor name.
#[derive(Clone)]
pub(crate) struct Candidate {
    pub(crate) user_id: UserId,
    pub(crate) phone_raw: String,
    pub(crate) country_hint: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) active: bool,
    pub(crate) state: UserState,
    pub(crate) reason: Option<String>,
    /// The sweeper enqueues the user at a scheduled time.
    pub(crate) scheduled: bool,
    /// E.164 of the number of the last attempt.
    pub(crate) attempted: Option<String>,
    /// This run enqueued the user before it was stopped.
    pub(crate) enqueued: bool,
    /// When the row was last written.
    pub(crate) updated_at: DateTime<Utc>,
}

impl std::fmt::Debug for Candidate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Candidate").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

/// The users that a run selects, paged by the primary key and not by an offset.
pub(crate) struct Selection {
    session: PoolConnection<Postgres>,
    run: Uuid,
    by_ids: bool,
    conditions: Conditions,
}

struct Conditions {
    kind: Option<String>,
    state: Option<String>,
    since: Option<chrono::DateTime<chrono::Utc>>,
    /// The names of languages, and whether the user's language must not be among them.
    languages: Option<Vec<String>>,
    other_language: bool,
}

struct Row {
    user_id: String,
    phone_raw: String,
    country_hint: Option<String>,
    language: Option<String>,
    active: bool,
    state: UserState,
    reason: Option<String>,
    scheduled: bool,
    attempted: Option<String>,
    enqueued: bool,
    updated_at: DateTime<Utc>,
}

/// A query over the selection, from its select list, its source and its end. All users come from `users`, those of a
/// file of ids from `backfill_ids`. With two statements the planner finds a good plan for both.
macro_rules! over_selection {
    ($query:ident($($row:ident)?) $select:tt $end:tt, $selection:ident, $cursor:ident, $limit:expr, $fetch:ident) => {
        if $selection.by_ids {
            over_selection!(@ $query($($row)?) $select
                "JOIN backfill_ids i ON i.user_id = u.user_id AND i.user_id > $1 AND i.run_id = run.id" $end,
                $selection, $cursor, $limit, $fetch)
        } else {
            over_selection!(@ $query($($row)?) $select "" $end, $selection, $cursor, $limit, $fetch)
        }
    };
    (@ $query:ident($($row:ident)?) $select:tt $join:tt $end:tt, $selection:ident, $cursor:ident, $limit:expr,
     $fetch:ident) => {{
        let Conditions { kind, state, since, languages, other_language } = &$selection.conditions;
        sqlx::$query!(
            $($row,)?
            $select
                + " FROM (SELECT $8::uuid AS id) run CROSS JOIN users u LEFT JOIN attempts a ON a.message_id = u.attempt_id "
                + $join
                + " WHERE u.user_id > $1 AND ($2::text IS NULL OR u.kind = $2)
                      AND ($3::text IS NULL OR u.state = $3::user_state)
                      AND ($4::timestamptz IS NULL OR coalesce(u.signed_up_at, u.created_at) >= $4)
                      AND ($5::text[] IS NULL OR $6 <> coalesce(
                          lower(split_part(translate(btrim(u.language), '_.', '--'), '-', 1)) = ANY ($5), false)) "
                + $end
                + " LIMIT $7",
            $cursor,
            kind.as_deref(),
            state.as_deref() as Option<&str>,
            *since,
            languages.as_deref(),
            *other_language,
            $limit,
            $selection.run,
        )
        .$fetch(&mut *$selection.session)
        .await
    }};
}

impl Selection {
    /// The users that `filters` select. A user without a supported language counts as a user of the `default` one.
    /// The ids of a file are those stored for `run`, or those of this session after [`shadow_ids`].
    pub(crate) async fn open(
        pool: &PgPool,
        run: Uuid,
        filters: &Filters,
        default: Language,
    ) -> Result<Self, sqlx::Error> {
        let conditions = Conditions::of(filters, default);
        Ok(Self { session: pool.acquire().await?, run, by_ids: filters.ids_file.is_some(), conditions })
    }

    /// The session, for the ids of a run that is not stored.
    pub(crate) fn session(&mut self) -> &mut sqlx::PgConnection {
        &mut self.session
    }

    /// How many users there are after `cursor`.
    pub(crate) async fn count(&mut self, cursor: &str) -> Result<u64, sqlx::Error> {
        let count =
            over_selection!(query_scalar() r#"SELECT count(*) AS "count!""# "", self, cursor, 1, fetch_one)?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// The next users after `cursor`, at most `size`.
    pub(crate) async fn page(&mut self, cursor: &str, size: u32) -> Result<Vec<Candidate>, sqlx::Error> {
        let rows = over_selection!(
            query_as(Row) r#"SELECT u.user_id, u.phone_raw, u.country_hint, u.language, u.active,
                u.state AS "state: UserState", u.reason, u.next_attempt_at IS NOT NULL AS "scheduled!",
                a.phone_e164 AS "attempted?", coalesce(u.run_id = run.id, false) AS "enqueued!", u.updated_at"#
            "ORDER BY u.user_id", self, cursor, i64::from(size), fetch_all)?;
        let read: Result<Vec<Candidate>, BadUserId> = rows.into_iter().map(Candidate::of).collect();
        read.map_err(|error| sqlx::Error::Decode(error.into()))
    }

    /// How many ids of the file are unknown.
    pub(crate) async fn unknown_ids(&mut self) -> Result<u64, sqlx::Error> {
        if self.by_ids { unknown_ids(&mut self.session, self.run).await } else { Ok(0) }
    }
}

impl Conditions {
    fn of(filters: &Filters, default: Language) -> Self {
        let language = filters.language.as_deref().and_then(Language::from_tag);
        // Users without a supported language are welcomed in the default one: for it, the others are excluded.
        let other_language = language == Some(default);
        let languages = language.map(|wanted| {
            let named = Language::ALL.into_iter().filter(|one| (*one == wanted) != other_language);
            named.flat_map(|one| one.names().iter().map(|name| (*name).to_owned())).collect()
        });
        Self {
            kind: filters.kind.clone(),
            state: filters.state.clone(),
            since: filters.since.map(|since| since.0),
            languages,
            other_language,
        }
    }
}

impl Candidate {
    fn of(row: Row) -> Result<Self, BadUserId> {
        Ok(Self {
            user_id: UserId::parse(&row.user_id)?,
            phone_raw: row.phone_raw,
            country_hint: row.country_hint,
            language: row.language,
            active: row.active,
            state: row.state,
            reason: row.reason,
            scheduled: row.scheduled,
            attempted: row.attempted,
            enqueued: row.enqueued,
            updated_at: row.updated_at,
        })
    }
}

/// Keeps the ids of `session` in a temporary table from now on.
pub(crate) async fn shadow_ids(session: &mut PgConnection) -> Result<(), sqlx::Error> {
    session.execute(SHADOW).await.map(|_| ())
}

/// Stores the ids of the file at `path`, one a line, `-` being standard input.
pub(crate) async fn load_ids(session: &mut PgConnection, run: Uuid, path: &str) -> Result<(), Failure> {
    let unreadable = |error| Failure::usage(format!("{path} cannot be read: {error}. Nothing was enqueued"));
    let mut lines: Box<dyn BufRead + Send> = match path {
        "-" => Box::new(BufReader::new(UniversalLines::new(io::stdin()))),
        _ => Box::new(BufReader::new(UniversalLines::new(File::open(path).map_err(unreadable)?))),
    };
    let mut batch = Vec::with_capacity(BATCH);
    let mut number = 0;
    while let Some(line) = next_line(&mut lines).map_err(unreadable)? {
        number += 1;
        let line = if number == 1 { line.trim_start_matches('\u{FEFF}') } else { &line };
        if line.trim().is_empty() {
            continue;
        }
        let wrong = |error| Failure::usage(format!("{path}, line {number}: {error}. Nothing was enqueued"));
        batch.push(UserId::parse(formula::text(line.trim()).as_ref()).map_err(wrong)?.to_string());
        if batch.len() == BATCH {
            store_ids(session, run, &batch).await?;
            batch.clear();
        }
    }
    store_ids(session, run, &batch).await?;
    // Without it the planner expects a million ids in a file of ten.
    session.execute("ANALYZE backfill_ids").await?;
    Ok(())
}

/// The next line. A line that is too long for an id is returned in pieces, and none of them is a valid id.
fn next_line(lines: &mut (impl BufRead + ?Sized)) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    lines.take(LONGEST_LINE).read_until(b'\n', &mut line)?;
    if line.is_empty() { Ok(None) } else { Ok(Some(String::from_utf8_lossy(&line).into_owned())) }
}

async fn store_ids(session: &mut PgConnection, run: Uuid, ids: &[String]) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO backfill_ids (run_id, user_id) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING",
        run,
        ids,
    )
    .execute(session)
    .await?;
    Ok(())
}

/// How many ids of the file no stored user has.
async fn unknown_ids(session: &mut PgConnection, run: Uuid) -> Result<u64, sqlx::Error> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM backfill_ids i
           WHERE run_id = $1 AND NOT EXISTS (SELECT FROM users u WHERE u.user_id = i.user_id)"#,
        run,
    )
    .fetch_one(session)
    .await?;
    Ok(u64::try_from(count).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_an_end_is_read_in_pieces() {
        let mut lines: &[u8] = b"7\n\xff\n8";
        let mut next = || next_line(&mut lines).unwrap();
        assert_eq!((next().as_deref(), next().as_deref()), (Some("7\n"), Some("\u{FFFD}\n")));
        assert_eq!((next().as_deref(), next()), (Some("8"), None));
        let endless = vec![b'9'; 10_000];
        let piece = next_line(&mut endless.as_slice()).unwrap().unwrap();
        assert!(UserId::parse(&piece).is_err());
    }
}
