//! One import from any source: its settings, and the batches in which it writes rows.

use std::collections::HashSet;

use producer::{
    UserId,
    cli::{Failure, Progress, repeat},
};
use shared::{
    audit::{self, NewEntry},
    config::{DatabaseUrl, Env, Faults, Insecure, insecure_allowed, settings},
    erasure::{self, ErasureKey, WrongKey},
    phone::{E164, NumberPolicy},
    telemetry::{self, LogFormat},
};
use sqlx::PgPool;

use crate::{
    record::{Profiles, Record, Skip},
    report::Report,
    tables::{Author, OptOut, Terms, deactivate, suppress, upsert},
};

/// Enough rows to make round trips negligible, few enough to hold locks only briefly.
const MOST_ROWS: usize = 1000;
const MOST_BYTES: usize = 256 * 1024;
/// Closed accounts, or opt-outs, in one statement.
const TOGETHER: usize = 500;

/// The settings of every import.
pub(crate) struct Settings {
    pub(crate) database: DatabaseUrl,
    pub(crate) numbers: NumberPolicy,
    /// Of the digests of erased people.
    pub(crate) erasure: Option<ErasureKey>,
    pub(crate) log_format: LogFormat,
}

impl Settings {
    /// Reads them and the settings that `more` reads, so that all faults are reported at once. `more` is told
    /// whether unencrypted connections are allowed.
    pub(crate) fn read<T>(
        mut env: Env,
        more: impl FnOnce(&mut Env, &Insecure) -> T,
    ) -> Result<(Self, T), Faults> {
        let insecure = &insecure_allowed(&mut env);
        let settings = Self {
            database: DatabaseUrl::read(&mut env, &settings::DATABASE_URL, insecure),
            numbers: NumberPolicy::read(&mut env),
            erasure: ErasureKey::read(&mut env),
            log_format: telemetry::log_format(&mut env),
        };
        let more = more(&mut env, insecure);
        env.finish((settings, more))
    }
}

impl Settings {
    /// Fails unless the key is the one that people were erased with: without it they would come back.
    pub(crate) async fn check_key(&self, pool: &PgPool) -> Result<(), Failure> {
        match erasure::check_key(pool, self.erasure.as_ref()).await {
            Ok(()) => Ok(()),
            Err(WrongKey::Database(error)) => Err(Failure::statement(error)),
            Err(wrong) => Err(Failure::configuration(wrong.to_string())),
        }
    }
}

/// A running import.
pub(crate) struct Import<'a> {
    pub(crate) pool: &'a PgPool,
    pub(crate) settings: &'a Settings,
    pub(crate) terms: Terms,
    pub(crate) author: Author,
    pub(crate) progress: Progress,
    pub(crate) report: Report,
    waiting: Waiting,
}

/// Rows for the next statements.
#[derive(Default)]
struct Waiting {
    batch: Batch,
    closed: Vec<UserId>,
    opt_outs: Vec<OptOut>,
    /// The numbers of opt-outs. Each counts once.
    opted_out: HashSet<E164>,
}

impl<'a> Import<'a> {
    pub(crate) fn new(
        pool: &'a PgPool,
        settings: &'a Settings,
        terms: Terms,
        author: Author,
        progress: Progress,
        report: Report,
    ) -> Self {
        Self { pool, settings, terms, author, progress, report, waiting: Waiting::default() }
    }

    /// Writes the audit entry before anything changes. A dry run writes none.
    pub(crate) async fn note(&self, action: &str, subject: &str) -> Result<(), Failure> {
        if self.terms.write {
            let Author { actor, reason } = &self.author;
            let mut connection = self.pool.acquire().await?;
            audit::note(&mut connection, &NewEntry { actor, action, subject, reason }).await?;
        }
        Ok(())
    }

    /// Stores a user with the next batch.
    pub(crate) async fn store(&mut self, record: Record) -> Result<(), Failure> {
        self.report.store(&record);
        self.say_what_was_left_out(&record);
        if self.waiting.batch.is_full_for(&record) {
            self.write_batch().await?;
        }
        self.waiting.batch.push(record);
        Ok(())
    }

    fn say_what_was_left_out(&self, record: &Record) {
        let user = &record.user_id;
        if record.profiles == Profiles::TwoDiffer {
            self.progress
                .say(&format!("user {user}: two profiles with two numbers; the new mother's is used"));
        }
        if record.older_profiles {
            self.progress.say(&format!("user {user}: several profiles of one kind; the latest is used"));
        }
        for column in &record.bad_dates {
            self.progress.say(&format!("user {user}: {column} cannot be true; it is left out"));
        }
    }

    /// Counts an account that is not stored. A stored user whose account is closed becomes inactive.
    pub(crate) async fn skip(&mut self, skip: Skip) -> Result<(), Failure> {
        self.report.skip(&skip);
        if let Skip::Inactive(user) = skip {
            self.waiting.closed.push(user);
        }
        if self.waiting.closed.len() == TOGETHER { self.close().await } else { Ok(()) }
    }

    /// Suppresses the number before the row is stored.
    pub(crate) async fn opt_out(&mut self, opt_out: OptOut) -> Result<(), Failure> {
        self.report.opted_out.rows += 1;
        match opt_out.phone {
            Some(phone) if !self.waiting.opted_out.insert(phone) => return Ok(()),
            Some(_) => {}
            None => self.report.opted_out.no_number += 1,
        }
        self.waiting.opt_outs.push(opt_out);
        if self.waiting.opt_outs.len() == TOGETHER { self.suppress().await } else { Ok(()) }
    }

    /// Writes the last batches. Earlier batches are kept even if this is never called.
    pub(crate) async fn finish(mut self, complete: bool) -> Result<Report, Failure> {
        self.write_batch().await?;
        self.close().await?;
        self.report.complete = complete;
        Ok(self.report)
    }

    async fn write_batch(&mut self) -> Result<(), Failure> {
        self.suppress().await?;
        let records = self.waiting.batch.take();
        if !records.is_empty() {
            let Settings { numbers, erasure, .. } = self.settings;
            let written =
                repeat(|| upsert(self.pool, (numbers, erasure.as_ref()), &records, self.terms)).await?;
            self.report.written(records.len() as u64, written);
        }
        Ok(())
    }

    async fn suppress(&mut self) -> Result<(), Failure> {
        let opt_outs = std::mem::take(&mut self.waiting.opt_outs);
        if !opt_outs.is_empty() {
            let added = repeat(|| suppress(self.pool, &opt_outs, &self.author, self.terms.write)).await?;
            self.report.opted_out.suppressed += added;
        }
        Ok(())
    }

    async fn close(&mut self) -> Result<(), Failure> {
        let users = std::mem::take(&mut self.waiting.closed);
        if !users.is_empty() {
            self.report.deactivated += repeat(|| deactivate(self.pool, &users, self.terms)).await?;
        }
        Ok(())
    }
}

/// Rows for one statement.
#[derive(Default)]
struct Batch {
    records: Vec<Record>,
    bytes: usize,
}

impl Batch {
    /// Whether the statement would become too large with `record`.
    fn is_full_for(&self, record: &Record) -> bool {
        let rows = self.records.len();
        rows == MOST_ROWS || (rows > 0 && self.bytes + record.bytes() > MOST_BYTES)
    }

    fn push(&mut self, record: Record) {
        self.bytes += record.bytes();
        self.records.push(record);
    }

    /// The rows by user id: every statement locks rows of `users` in this order.
    fn take(&mut self) -> Vec<Record> {
        self.bytes = 0;
        let mut records = std::mem::take(&mut self.records);
        records.sort_by(|one, other| one.user_id.cmp(&other.user_id));
        records
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{Account, Profile};

    fn record(id: usize, name: usize) -> Record {
        let profile = Profile { name: Some("x".repeat(name)), ..Profile::default() };
        let account =
            Account { id: id.to_string(), active: true, mother: Some(profile), ..Account::default() };
        Record::of(account, &NumberPolicy::read(&mut Env::of([("DEFAULT_REGION", "NP")]))).unwrap()
    }

    #[test]
    fn a_batch_is_bounded_in_rows_and_bytes() {
        for name in [0, 250] {
            let mut batch = Batch::default();
            let mut id = 0;
            while !batch.is_full_for(&record(id, name)) {
                batch.push(record(id, name));
                id += 1;
            }
            assert_eq!(id == MOST_ROWS, name == 0);
            assert!(batch.bytes <= MOST_BYTES && id > 20);
            let taken = batch.take();
            assert!(taken.is_sorted_by_key(|r| r.user_id.clone()) && !batch.is_full_for(&taken[0]));
        }
    }
}
