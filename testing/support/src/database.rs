//! A database of one scenario.

use sqlx::{Connection as _, Executor as _, PgConnection, PgPool, postgres::PgPoolOptions};
use url::Url;

use crate::{
    DeadLetter, Outcome, PATIENCE, measured::WATCH_UNKNOWN, services::Server, template::create_migrated,
    until,
};

/// A database that was created for one scenario.
pub struct Database {
    server: Server,
    name: String,
    url: String,
    /// A direct way to it, beside every proxy.
    pub pool: PgPool,
}

impl Database {
    /// Creates an empty database called `name`.
    pub(crate) async fn create(server: Server, name: &str) -> anyhow::Result<Self> {
        let mut admin = PgConnection::connect(server.url()).await?;
        admin.execute(format!("CREATE DATABASE \"{name}\"").as_str()).await?;
        Self::of(server, name)
    }

    /// Creates a database called `name` with every migration.
    pub(crate) async fn create_migrated(server: Server, name: &str) -> anyhow::Result<Self> {
        create_migrated(server.url(), name).await?;
        Self::of(server, name)
    }

    fn of(server: Server, name: &str) -> anyhow::Result<Self> {
        let mut url = Url::parse(server.url())?;
        url.set_path(name);
        let pool = PgPoolOptions::new().max_connections(3).connect_lazy(url.as_str())?;
        Ok(Self { server, name: name.to_owned(), url: url.to_string(), pool })
    }

    /// Counts the attempts whose outcome becomes unknown, for the fault table; `attempts` must exist.
    pub async fn watch_unknown(&self) -> anyhow::Result<()> {
        self.execute(WATCH_UNKNOWN).await
    }

    /// How to reach it, beside every proxy.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// One number, such as a count.
    pub async fn number(&self, sql: &str) -> anyhow::Result<i64> {
        Ok(sqlx::query_scalar(sql).fetch_one(&self.pool).await?)
    }

    /// Waits until this query gives this number.
    pub async fn until(&self, what: &str, sql: &str, wanted: i64) -> anyhow::Result<()> {
        until(what, PATIENCE, async || {
            let now = self.number(sql).await?;
            Ok(if now == wanted { Ok(()) } else { Err(now.to_string()) })
        })
        .await
    }

    /// The first column of every row, as text.
    pub async fn texts(&self, sql: &str) -> anyhow::Result<Vec<Option<String>>> {
        Ok(sqlx::query_scalar(sql).fetch_all(&self.pool).await?)
    }

    /// Runs a statement.
    pub async fn execute(&self, sql: &str) -> anyhow::Result<()> {
        self.pool.execute(sql).await?;
        Ok(())
    }

    /// The published outcome of one user.
    pub async fn outcome(&self, user: &str) -> anyhow::Result<Option<Outcome>> {
        let sql = format!("{} WHERE user_id = $1", Outcome::SELECT);
        Ok(sqlx::query_as(&sql).bind(user).fetch_optional(&self.pool).await?)
    }

    /// The published outcomes of all users.
    pub async fn outcomes(&self) -> anyhow::Result<Vec<Outcome>> {
        Ok(sqlx::query_as(Outcome::SELECT).fetch_all(&self.pool).await?)
    }

    /// The number of users, and the number of those without a final state, apart from the users in `waiting`.
    pub(crate) async fn progress(&self, waiting: &[&str]) -> anyhow::Result<(usize, usize)> {
        let sql = format!(
            "SELECT count(*), count(*) FILTER (WHERE NOT ({}) AND user_id <> ALL ($1)) FROM onboarding_status",
            Outcome::FINAL
        );
        let (all, open): (i64, i64) = sqlx::query_as(&sql).bind(waiting).fetch_one(&self.pool).await?;
        Ok((usize::try_from(all)?, usize::try_from(open)?))
    }

    /// Differs after any change of a user, an attempt or a suppression, down to when it was last touched.
    pub async fn fingerprint(&self) -> anyhow::Result<String> {
        let sql = "SELECT md5(concat(
            (SELECT string_agg(u::text, ';' ORDER BY u.user_id) FROM users u),
            (SELECT string_agg(a::text, ';' ORDER BY a.message_id) FROM attempts a),
            (SELECT string_agg(s::text, ';' ORDER BY s.id) FROM suppressions s)))";
        Ok(sqlx::query_scalar(sql).fetch_one(&self.pool).await?)
    }

    /// All dead letters.
    pub async fn dead_letters(&self) -> anyhow::Result<Vec<DeadLetter>> {
        Ok(sqlx::query_as(DeadLetter::SELECT).fetch_all(&self.pool).await?)
    }

    /// Adds an imported user, never enqueued.
    pub async fn import(&self, user: &str, phone: &str) -> anyhow::Result<()> {
        let sql = "INSERT INTO users (user_id, phone_raw, phone_e164, source, changed_at)
                   VALUES ($1, $2, $2, 'portal', now())";
        sqlx::query(sql).bind(user).bind(phone).execute(&self.pool).await?;
        Ok(())
    }

    /// Adds a number to the suppressions.
    pub async fn suppress(&self, phone: &str) -> anyhow::Result<()> {
        let sql = "INSERT INTO suppressions (phone_e164, source, actor, reason) VALUES ($1, 'staff', 'test', 'test')";
        sqlx::query(sql).bind(phone).execute(&self.pool).await?;
        Ok(())
    }

    /// Removes the database even if clients are connected. A private server is removed as a whole, by its owner.
    pub(crate) async fn drop(server: &Server, name: &str) -> anyhow::Result<()> {
        if server.is_private() {
            return Ok(());
        }
        let mut admin = PgConnection::connect(server.url()).await?;
        admin.execute(format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)").as_str()).await?;
        Ok(())
    }

    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    /// Its name on the server.
    pub fn name(&self) -> &str {
        &self.name
    }
}
