//! What becomes of users, whatever source they come from: stored, closed, suppressed, in batches.

use std::collections::HashSet;

use producer::{
    UserId,
    cli::{Failure, Progress, repeat},
};
use shared::{
    audit::{self, NewEntry},
    phone::{E164, NumberPolicy},
};
use sqlx::PgPool;

use crate::{
    batch::Batch,
    deactivate::deactivate,
    record::{Profiles, Record, Skip},
    report::Report,
    suppress::{Author, OptOut, suppress},
    upsert::{Terms, upsert},
};

/// Closed accounts, or opt-outs, in one statement.
const TOGETHER: usize = 500;

/// One import on its way.
pub(crate) struct Import<'a> {
    pub(crate) pool: &'a PgPool,
    pub(crate) numbers: &'a NumberPolicy,
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
    /// Numbers of opt-outs: each counts once.
    opted_out: HashSet<E164>,
}

impl<'a> Import<'a> {
    pub(crate) fn new(
        pool: &'a PgPool,
        numbers: &'a NumberPolicy,
        terms: Terms,
        author: Author,
        progress: Progress,
        report: Report,
    ) -> Self {
        Self { pool, numbers, terms, author, progress, report, waiting: Waiting::default() }
    }

    /// Writes down who imports what, before anything changes. A dry run is no deed.
    pub(crate) async fn note(&self, action: &str, subject: &str) -> Result<(), Failure> {
        if self.terms.write {
            let Author { actor, reason } = &self.author;
            let mut connection = self.pool.acquire().await?;
            audit::note(&mut connection, &NewEntry { actor, action, subject, reason }).await?;
        }
        Ok(())
    }

    /// Stores a user, with the next batch.
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

    /// Stores nobody; who is stored, but closed at the source, becomes inactive.
    pub(crate) async fn skip(&mut self, skip: Skip) -> Result<(), Failure> {
        self.report.skip(&skip);
        if let Skip::Inactive(user) = skip {
            self.waiting.closed.push(user);
        }
        if self.waiting.closed.len() == TOGETHER { self.close().await } else { Ok(()) }
    }

    /// Suppresses her number, before her row is stored.
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

    /// Writes what is waiting. Whatever a batch wrote is kept even if this is never reached.
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
            let written = repeat(|| upsert(self.pool, self.numbers, &records, self.terms)).await?;
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
