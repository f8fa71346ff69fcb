//! `import portal`: one read-only transaction in the portal's database, read through a cursor.

use chrono::{DateTime, Utc};
use producer::cli::{Exit, Failure, Progress, connect, interruption, open_database, print_line};
use shared::{
    config::{DatabaseUrl, Env, settings::PORTAL_DATABASE_URL},
    telemetry,
};
use sqlx::{Connection, PgConnection, Postgres, Transaction};

use crate::{
    account::{Account, is_active},
    args::{self, Options},
    columns::Columns,
    record::Record,
    report::{Origin, Report},
    store::{Import, Settings},
    tables::{self, Terms},
};

const OPEN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// Dates are read as texts.
const ISO_DATES: &str = "SET LOCAL datestyle = 'ISO'";
/// Accounts held in memory at a time.
const PAGE: &str = "FETCH 1000 FROM accounts";

/// Imports until the end or until a signal stops the command. Written batches are kept.
pub(crate) async fn run(args: args::Portal) -> Result<Exit, Failure> {
    let (settings, portal_url) = Settings::read(Env::of_process(), |env, insecure| {
        DatabaseUrl::read(env, &PORTAL_DATABASE_URL, insecure)
    })?;
    telemetry::init(settings.log_format);
    let stop = interruption()?;
    let pool = open_database(&settings.database, "import", 1).await?;
    let name = PORTAL_DATABASE_URL.name;
    let mut source = connect(&portal_url, "import", "the portal's database", name).await?;
    // Before the snapshot: an event after this moment is newer than it.
    settings.check_key(&pool).await?;
    let now = tables::now(&pool).await?;
    let mut portal = Portal::open(&mut source).await?;
    let Options { dry_run, output, no_progress, .. } = args.options;
    let terms = Terms { taken_at: portal.taken_at().min(now), partial: false, write: !dry_run };
    let progress = Progress::new("read", portal.accounts(), no_progress);
    let report = Report::new(dry_run, Origin::Portal);
    let mut import = Import::new(&pool, &settings, terms, args.options.author(), progress, report);
    import.note("import portal", &format!("{} accounts", portal.accounts())).await?;
    let complete = loop {
        let page = portal.next().await?;
        if page.is_empty() || stop.is_cancelled() {
            break page.is_empty();
        }
        for account in page {
            match Record::of(account, &settings.numbers) {
                Ok(record) => import.store(record).await?,
                Err(skip) => import.skip(skip).await?,
            }
        }
        import.progress.set(import.report.read());
    };
    import.write_rest().await?;
    let report = import.finish(complete);
    print_line(&report.show(output))?;
    Ok(report.exit())
}

/// The portal's data as of the beginning of the transaction.
struct Portal<'c> {
    transaction: Transaction<'c, Postgres>,
    taken_at: DateTime<Utc>,
    accounts: u64,
    /// The last account read: the next row may be another profile of it.
    last: Option<Account>,
}

impl<'c> Portal<'c> {
    /// Begins the transaction and checks that the tables are the portal's.
    async fn open(connection: &'c mut PgConnection) -> Result<Self, Failure> {
        let mut transaction = connection.begin_with(OPEN).await?;
        sqlx::query(ISO_DATES).execute(&mut *transaction).await?;
        let columns = Columns::probe(&mut transaction).await?;
        let missing = columns.missing();
        if !missing.is_empty() {
            return Err(Failure::configuration(format!(
                "the database at PORTAL_DATABASE_URL lacks {}. Is it the portal's, and may this role read it?",
                missing.join(", ")
            )));
        }
        // All values are checked before anything is stored.
        if let Some(query) = columns.activities() {
            let texts: Vec<Option<String>> = sqlx::query_scalar(&query).fetch_all(&mut *transaction).await?;
            texts.iter().try_for_each(|text| is_active(text.as_deref()).map(drop))?;
        }
        let (taken_at, accounts): (DateTime<Utc>, i64) =
            sqlx::query_as("SELECT now(), count(*) FROM auth_user").fetch_one(&mut *transaction).await?;
        let cursor = format!("DECLARE accounts NO SCROLL CURSOR FOR {}", columns.query());
        sqlx::query(&cursor).execute(&mut *transaction).await?;
        Ok(Self { transaction, taken_at, accounts: u64::try_from(accounts).unwrap_or(0), last: None })
    }

    /// The number of accounts.
    fn accounts(&self) -> u64 {
        self.accounts
    }

    /// When the snapshot was taken, by the portal's clock.
    fn taken_at(&self) -> DateTime<Utc> {
        self.taken_at
    }

    /// The next accounts, each once; empty at the end.
    async fn next(&mut self) -> Result<Vec<Account>, Failure> {
        let mut accounts = Vec::new();
        while accounts.is_empty() {
            let rows = sqlx::query(PAGE).fetch_all(&mut *self.transaction).await?;
            if rows.is_empty() {
                accounts.extend(self.last.take());
                break;
            }
            for row in &rows {
                accounts.extend(one_each(&mut self.last, Account::of(row)?));
            }
        }
        Ok(accounts)
    }
}

/// Keeps `next` as the `last` account and returns the one before, unless `next` is a further row of that one.
fn one_each(last: &mut Option<Account>, next: Account) -> Option<Account> {
    match last {
        Some(last) if last.id == next.id => {
            last.older_profiles = true;
            None
        }
        last => last.replace(next),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Profile;

    #[test]
    fn the_first_row_of_an_account_counts() {
        let account = |id: &str, phone: &str| {
            let profile = Profile { phone: phone.to_owned(), ..Profile::default() };
            Account { id: id.to_owned(), pregnant: Some(profile), ..Account::default() }
        };
        let mut last = None;
        let rows = [account("1", "a"), account("1", "b"), account("1", "c"), account("2", "d")];
        let mut read: Vec<Account> = rows.into_iter().filter_map(|row| one_each(&mut last, row)).collect();
        read.extend(last);
        let read = read.into_iter().map(|a| (a.id, a.pregnant.unwrap().phone, a.older_profiles));
        let expected = [("1", "a", true), ("2", "d", false)];
        assert!(read.eq(expected.map(|(id, phone, older)| (id.to_owned(), phone.to_owned(), older))));
    }
}
