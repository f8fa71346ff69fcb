//! Table `backfill_ids`: the users of `--ids-file`. Kept in Postgres, so that memory here does not grow with the
//! file, and a resumed run needs neither the file nor standard input again.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
};

use producer::{
    UserId,
    cli::{Failure, formula},
};
use shared::lines::UniversalLines;
use sqlx::{Executor, PgConnection};
use uuid::Uuid;

/// Ids stored by one statement.
const BATCH: usize = 5000;
/// A user id has at most 128 characters of at most 4 bytes.
const LONGEST_LINE: u64 = 600;

/// Shadows the table for this session: a dry run leaves nothing behind.
const SHADOW: &str = "SET client_min_messages = warning;
    CREATE TEMPORARY TABLE IF NOT EXISTS backfill_ids (run_id uuid, user_id text, PRIMARY KEY (run_id, user_id));
    TRUNCATE pg_temp.backfill_ids";

/// From now on `session` keeps ids to itself.
pub(crate) async fn shadow(session: &mut PgConnection) -> Result<(), sqlx::Error> {
    session.execute(SHADOW).await.map(|_| ())
}

/// Stores the ids of the file at `path`, one a line, `-` being standard input.
pub(crate) async fn load(session: &mut PgConnection, run: Uuid, path: &str) -> Result<(), Failure> {
    let unreadable = |error| Failure::Usage(format!("{path} cannot be read: {error}. Nothing was enqueued"));
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
        let wrong = |error| Failure::Usage(format!("{path}, line {number}: {error}. Nothing was enqueued"));
        batch.push(UserId::parse(formula::text(line.trim()).as_ref()).map_err(wrong)?.to_string());
        if batch.len() == BATCH {
            store(session, run, &batch).await?;
            batch.clear();
        }
    }
    store(session, run, &batch).await?;
    // Without it the planner takes a file of ten ids for one of a million.
    session.execute("ANALYZE backfill_ids").await?;
    Ok(())
}

/// The next line. One that is too long for an id comes in pieces, none of which is one.
fn next_line(lines: &mut (impl BufRead + ?Sized)) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    lines.take(LONGEST_LINE).read_until(b'\n', &mut line)?;
    if line.is_empty() { Ok(None) } else { Ok(Some(String::from_utf8_lossy(&line).into_owned())) }
}

async fn store(session: &mut PgConnection, run: Uuid, ids: &[String]) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO backfill_ids (run_id, user_id) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING",
        run,
        ids,
    )
    .execute(session)
    .await?;
    Ok(())
}

/// How many of them are the id of nobody stored.
pub(super) async fn unknown(session: &mut PgConnection, run: Uuid) -> Result<u64, sqlx::Error> {
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
