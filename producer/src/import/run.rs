//! From the portal's cursor into the table `users`, batch by batch.

use chrono::{DateTime, Utc};
use producer::{
    UserId,
    command::{Failure, Numbers, Progress, repeat},
};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::{
    batch::Batch,
    deactivate::deactivate,
    portal::Portal,
    record::{Profiles, Record, Skip},
    report::Report,
    upsert::upsert,
};

/// Closed accounts looked up together.
const CLOSED: usize = 100;

/// One import on its way.
pub(crate) struct Import<'a> {
    pool: &'a PgPool,
    numbers: &'a Numbers,
    /// Not in a dry run.
    write: bool,
    progress: Progress,
    report: Report,
    batch: Batch,
    closed: Vec<UserId>,
    taken_at: DateTime<Utc>,
}

impl<'a> Import<'a> {
    /// Of `portal` into the database of `pool`.
    pub(crate) fn new(
        pool: &'a PgPool,
        numbers: &'a Numbers,
        write: bool,
        portal: &Portal<'_>,
        progress: Progress,
    ) -> Self {
        let (report, taken_at) = (Report::new(!write), portal.taken_at());
        Self { pool, numbers, write, progress, report, batch: Batch::default(), closed: Vec::new(), taken_at }
    }

    /// Imports until the end, or until it is told to stop. Whatever a batch wrote is kept.
    pub(crate) async fn run(
        mut self,
        portal: &mut Portal<'_>,
        stop: &CancellationToken,
    ) -> Result<Report, Failure> {
        loop {
            let page = portal.next().await?;
            if page.is_empty() || stop.is_cancelled() {
                self.report.complete = page.is_empty();
                break;
            }
            for account in page {
                match Record::of(account, self.numbers) {
                    Ok(record) => self.store(record).await?,
                    Err(skip) => self.skip(skip).await?,
                }
            }
            self.progress.set(self.report.read());
        }
        self.write_batch().await?;
        self.close().await?;
        Ok(self.report)
    }

    async fn store(&mut self, record: Record) -> Result<(), Failure> {
        self.report.store(&record);
        if record.profiles == Profiles::TwoDiffer {
            let user = &record.user_id;
            self.progress
                .say(&format!("user {user}: two profiles with two numbers; the new mother's is used"));
        }
        if self.batch.is_full_for(&record) {
            self.write_batch().await?;
        }
        self.batch.push(record);
        Ok(())
    }

    async fn skip(&mut self, skip: Skip) -> Result<(), Failure> {
        self.report.skip(&skip);
        if let Skip::Inactive(user) = skip {
            self.closed.push(user);
        }
        if self.closed.len() == CLOSED { self.close().await } else { Ok(()) }
    }

    async fn write_batch(&mut self) -> Result<(), Failure> {
        let records = self.batch.take();
        if !records.is_empty() {
            let written =
                repeat(|| upsert(self.pool, self.numbers, &records, self.taken_at, self.write)).await?;
            self.report.written(records.len() as u64, written);
        }
        Ok(())
    }

    async fn close(&mut self) -> Result<(), Failure> {
        let users = std::mem::take(&mut self.closed);
        if !users.is_empty() {
            let closed = repeat(|| deactivate(self.pool, &users, self.taken_at, self.write)).await?;
            self.report.deactivated += closed;
        }
        Ok(())
    }
}
