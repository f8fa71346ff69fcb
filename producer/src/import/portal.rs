//! The portal's database: one read-only transaction, read through a cursor.

use chrono::{DateTime, Utc};
use producer::command::Failure;
use sqlx::{Connection, PgConnection, Postgres, Transaction};

use crate::{account::Account, columns::Columns};

const OPEN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// Accounts held in memory at a time.
const PAGE: &str = "FETCH 1000 FROM accounts";

/// The portal as it was when the transaction began.
pub(crate) struct Portal<'c> {
    transaction: Transaction<'c, Postgres>,
    taken_at: DateTime<Utc>,
    accounts: u64,
}

impl<'c> Portal<'c> {
    /// Begins the transaction and checks that the tables are the portal's.
    pub(crate) async fn open(connection: &'c mut PgConnection) -> Result<Self, Failure> {
        let mut transaction = connection.begin_with(OPEN).await?;
        let columns = Columns::probe(&mut transaction).await?;
        let missing = columns.missing();
        if !missing.is_empty() {
            return Err(Failure::Portal(format!(
                "the database at PORTAL_DATABASE_URL lacks {}. Is it the portal's, and may this role read it?",
                missing.join(", ")
            )));
        }
        let (taken_at, accounts): (DateTime<Utc>, i64) =
            sqlx::query_as("SELECT now(), count(*) FROM auth_user").fetch_one(&mut *transaction).await?;
        let cursor = format!("DECLARE accounts NO SCROLL CURSOR FOR {}", columns.query());
        sqlx::query(&cursor).execute(&mut *transaction).await?;
        Ok(Self { transaction, taken_at, accounts: u64::try_from(accounts).unwrap_or(0) })
    }

    /// How many accounts there are.
    pub(crate) fn accounts(&self) -> u64 {
        self.accounts
    }

    /// When the snapshot was taken; what changed here since is newer than it.
    pub(crate) fn taken_at(&self) -> DateTime<Utc> {
        self.taken_at
    }

    /// The next accounts; empty at the end.
    pub(crate) async fn next(&mut self) -> Result<Vec<Account>, sqlx::Error> {
        sqlx::query_as(PAGE).fetch_all(&mut *self.transaction).await
    }
}
