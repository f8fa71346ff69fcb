//! One import from any source: its settings, and the batches in which it writes rows.

use producer::{
    UserId,
    cli::{Failure, Progress, repeat},
};
use shared::{
    audit::{self, NewEntry},
    config::{DatabaseUrl, Env, Faults, Insecure, insecure_allowed, settings},
    erasure::{self, ErasureKey, WrongKey},
    phone::NumberPolicy,
    telemetry::{self, LogFormat},
};
use sqlx::PgPool;

use crate::{
    doors::{self, Rules, WishRow},
    record::{Profiles, Record, Skip},
    report::{Report, wishes::hint},
    seen::Seen,
    tables::{Author, Terms, deactivate, upsert},
};

/// Enough rows to make round trips negligible, few enough to hold locks only briefly.
const MOST_ROWS: usize = 1000;
const MOST_BYTES: usize = 256 * 1024;
/// Closed accounts in one statement.
const TOGETHER: usize = 500;
/// Rows that silence people in one transaction, which holds up claims until it ends.
const SILENCING: usize = 10;
/// Rows with consents in one transaction.
const CONSENTING: usize = 200;

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
    /// Rows that need attention, as storing them showed.
    pub(crate) attention: Vec<Attention>,
    waiting: Waiting,
    seen: Seen,
}

/// A row that needs attention.
pub(crate) struct Attention {
    pub(crate) user_id: Option<UserId>,
    pub(crate) line: u64,
    pub(crate) reason: &'static str,
    pub(crate) what_to_do: &'static str,
}

/// Rows for the next statements.
#[derive(Default)]
struct Waiting {
    batch: Batch,
    closed: Vec<UserId>,
    /// Rows that silence people.
    silencing: Vec<WishRow>,
    /// Rows of households with a loss, which are few.
    households: Vec<WishRow>,
    /// Rows with consents alone.
    consenting: Vec<WishRow>,
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
        let (attention, waiting, seen) = (Vec::new(), Waiting::default(), Seen::default());
        Self { pool, settings, terms, author, progress, report, attention, waiting, seen }
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

    /// Stores the user of a row with a batch of its own, and carries out what the row says about messages.
    pub(crate) async fn carry_out_with_others(&mut self, row: WishRow) -> Result<(), Failure> {
        if let Some(record) = &row.record {
            self.report.store(record);
        }
        let (waiting, most) = match &row {
            // Losses take effect first.
            row if row.household_loss.is_some() => (&mut self.waiting.households, usize::MAX),
            row if row.silences() => (&mut self.waiting.silencing, SILENCING),
            _ => (&mut self.waiting.consenting, CONSENTING),
        };
        waiting.push(row);
        if waiting.len() == most {
            let rows = std::mem::take(waiting);
            self.carry_out(rows).await?;
        }
        Ok(())
    }

    /// Writes the last batches. Earlier batches are kept even if this is never called.
    pub(crate) async fn write_rest(&mut self) -> Result<(), Failure> {
        for rows in
            [std::mem::take(&mut self.waiting.silencing), std::mem::take(&mut self.waiting.consenting)]
        {
            self.carry_out(rows).await?;
        }
        let mut households = std::mem::take(&mut self.waiting.households).into_iter();
        while households.len() > 0 {
            self.carry_out(households.by_ref().take(SILENCING).collect()).await?;
        }
        self.write_batch().await?;
        if self.terms.write {
            repeat(|| shared::consent::doors::follow_losses(self.pool, None)).await?;
        }
        self.close().await
    }

    /// The report, after the last batch.
    pub(crate) fn finish(mut self, complete: bool) -> Report {
        self.report.complete = complete;
        self.report
    }

    async fn write_batch(&mut self) -> Result<(), Failure> {
        let records = self.waiting.batch.take();
        if !records.is_empty() {
            let Settings { numbers, erasure, .. } = self.settings;
            let write = async || {
                let mut connection = self.pool.acquire().await?;
                upsert(&mut connection, (numbers, erasure.as_ref()), &records, self.terms).await
            };
            let written = repeat(write).await?;
            self.report.written(records.len() as u64, written);
        }
        Ok(())
    }

    async fn carry_out(&mut self, mut rows: Vec<WishRow>) -> Result<(), Failure> {
        if rows.is_empty() {
            return Ok(());
        }
        // As every statement that locks rows of `users`.
        rows.sort_by(|one, other| one.user_id.cmp(&other.user_id));
        let Settings { numbers, erasure, .. } = self.settings;
        let rules = Rules { numbers, erasure: erasure.as_ref(), author: &self.author, terms: self.terms };
        let outcome = repeat(|| doors::carry_out(self.pool, rules, &rows)).await?;
        self.report.written(outcome.stored, outcome.written);
        for found in outcome.rows {
            let row = &rows[found.at];
            let number = found.phone.is_some();
            let effects = if self.terms.write { found.effects } else { self.seen.correct(row, found) };
            self.report.wishes.count(row, number, &effects);
            if let Some((reason, what_to_do)) = hint(row, number, &effects) {
                let (user_id, line) = (row.user_id.clone(), row.line);
                self.attention.push(Attention { user_id, line, reason, what_to_do });
            }
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
