//! Compares the seals with the ledger.

use std::{collections::HashMap, fmt, time::Duration};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tokio::time::Instant;

use super::{
    MINUTE,
    digest::{self, Entry},
    entries, hex,
};

/// Entries that one page of seals holds, about.
const PAGE_ROWS: i64 = 20_000;
/// Seals of one page, at most.
const PAGE_SEALS: i64 = 500;

/// Before every entry.
const LONG_AGO: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// What is wrong. `Display` shows keys of entries, which name no person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The entry is not as it was when it was sealed.
    Changed { minute: DateTime<Utc>, entry: String },
    /// The entry is not in the ledger any more.
    Missing { minute: DateTime<Utc>, entry: String },
    /// The entry came after its minute was sealed, or after a later one was.
    Late { at: DateTime<Utc>, entry: String },
    /// The digest of the seal is not that of its content.
    Seal { minute: DateTime<Utc> },
    /// The seal does not continue from the one before.
    Chain { minute: DateTime<Utc> },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |at: &DateTime<Utc>| at.format("%Y-%m-%d %H:%M UTC").to_string();
        match self {
            Self::Changed { minute, entry } => write!(f, "entry {entry} of {} was changed", of(minute)),
            Self::Missing { minute, entry } => write!(f, "entry {entry} of {} is missing", of(minute)),
            Self::Late { at, entry } => write!(f, "entry {entry} of {} came after its seal", of(at)),
            Self::Seal { minute } => write!(f, "the seal of {} was changed", of(minute)),
            Self::Chain { minute } => {
                write!(f, "the seal before that of {} is missing or another one", of(minute))
            }
        }
    }
}

/// What was compared.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Seals that were compared, from the newest on.
    pub(crate) seals: usize,
    /// Entries of those.
    pub(crate) entries: usize,
    /// Whether these are all seals.
    pub(crate) all: bool,
    /// The minute and the digest, in hex, of the newest seal.
    pub(crate) newest: Option<(DateTime<Utc>, String)>,
    pub(crate) faults: Vec<Fault>,
}

struct Row {
    minute: DateTime<Utc>,
    entries: Vec<u8>,
    previous: Option<Vec<u8>>,
    digest: Vec<u8>,
}

/// Compares seals with the ledger, from the newest on, until all are compared or `budget` has passed.
pub(crate) async fn check(connection: &mut PgConnection, budget: Duration) -> Result<Report, sqlx::Error> {
    let began = Instant::now();
    let mut report = Report::default();
    // What the seal before must have as its digest, once a later one is known.
    let mut expected: Option<(DateTime<Utc>, Option<Vec<u8>>)> = None;
    let mut until: Option<DateTime<Utc>> = None;
    while began.elapsed() < budget {
        let page = page(&mut *connection, until).await?;
        let Some((newest, oldest)) = page.first().zip(page.last()) else {
            report.all = true;
            break;
        };
        report.newest.get_or_insert_with(|| (newest.minute, hex(&newest.digest)));
        let last_page = is_first_seal(&mut *connection, oldest.minute).await?;
        let from = if last_page { LONG_AGO } else { oldest.minute };
        let to = until.unwrap_or(newest.minute + MINUTE);
        let mut rows = entries(&mut *connection, from, to).await?;
        for seal in &page {
            report.entries += seal.entries.len() / 64;
            if let Some((minute, previous)) = expected.take()
                && previous.as_ref() != Some(&seal.digest)
            {
                report.faults.push(Fault::Chain { minute });
            }
            compare(seal, &mut rows, &mut report.faults);
            expected = Some((seal.minute, seal.previous.clone()));
        }
        report.seals += page.len();
        // Entries of no seal, though a later minute is sealed.
        report
            .faults
            .extend(rows.iter().map(|row| Fault::Late { at: row.recorded_at, entry: name(&row.key) }));
        until = Some(oldest.minute);
    }
    if report.all
        && let Some((minute, Some(_))) = expected
    {
        report.faults.push(Fault::Chain { minute });
    }
    Ok(report)
}

/// Compares one seal, and takes its minute's entries out of `rows`.
fn compare(seal: &Row, rows: &mut Vec<Entry>, faults: &mut Vec<Fault>) {
    let minute = seal.minute;
    let (found, others): (Vec<Entry>, Vec<Entry>) = std::mem::take(rows)
        .into_iter()
        .partition(|row| row.recorded_at >= minute && row.recorded_at < minute + MINUTE);
    *rows = others;
    let (sealed, _) = seal.entries.as_chunks::<64>();
    if digest::of_seal(minute, sealed, seal.previous.as_deref())[..] != seal.digest {
        faults.push(Fault::Seal { minute });
    }
    let mut open: HashMap<&[u8], &[u8]> = sealed.iter().map(|both| both.split_at(32)).collect();
    for row in &found {
        let now = row.sealed();
        let (key, digest) = now.split_at(32);
        match open.remove(key) {
            None => faults.push(Fault::Late { at: row.recorded_at, entry: name(&row.key) }),
            Some(sealed) if sealed != digest => {
                faults.push(Fault::Changed { minute, entry: name(&row.key) });
            }
            Some(_) => {}
        }
    }
    let mut missing: Vec<&[u8]> = open.into_keys().collect();
    missing.sort_unstable();
    faults.extend(missing.into_iter().map(|key| Fault::Missing { minute, entry: name(key) }));
}

/// The first characters of the key, which are enough to find the entry.
fn name(key: &[u8]) -> String {
    hex(&key[..key.len().min(8)])
}

/// The next seals before `until`, the newest first.
async fn page(connection: &mut PgConnection, until: Option<DateTime<Utc>>) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        r#"SELECT minute AS "minute!", entries AS "entries!", previous, digest AS "digest!"
           FROM (SELECT minute, rows, entries, previous, digest, sum(rows) OVER (ORDER BY minute DESC) AS total
                 FROM consent_seals WHERE minute < coalesce($1::timestamptz, 'infinity') ORDER BY minute DESC LIMIT $2) s
           WHERE total - rows < $3 ORDER BY minute DESC"#,
        until,
        PAGE_SEALS,
        PAGE_ROWS,
    )
    .fetch_all(connection)
    .await
}

async fn is_first_seal(connection: &mut PgConnection, minute: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    let earlier = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM consent_seals WHERE minute < $1) AS "earlier!""#,
        minute,
    );
    Ok(!earlier.fetch_one(connection).await?)
}
