//! A database that is created for one test.

use sqlx::{Connection, Executor, PgConnection, PgPool, Row, postgres::PgPoolOptions};
use uuid::Uuid;

pub struct Database {
    admin: String,
    name: String,
    pub url: String,
    pub pool: PgPool,
}

impl Database {
    pub async fn create() -> Self {
        let admin = std::env::var("TEST_DATABASE_URL")
            .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned());
        let name = format!("test_{}", Uuid::now_v7().simple());
        let mut connection = PgConnection::connect(&admin).await.unwrap();
        connection.execute(format!("CREATE DATABASE {name}").as_str()).await.unwrap();
        let url = replace_name(&admin, &name);
        let pool = PgPoolOptions::new().max_connections(3).connect(&url).await.unwrap();
        Self { admin, name, url, pool }
    }

    pub async fn migrate(&self) {
        shared::db::MIGRATIONS.run(&self.pool).await.unwrap();
    }

    pub async fn execute(&self, sql: &str) {
        self.pool.execute(sql).await.unwrap();
    }

    /// The first column of every row, as text.
    pub async fn texts(&self, sql: &str) -> Vec<Option<String>> {
        self.pool.fetch_all(sql).await.unwrap().iter().map(|row| row.get(0)).collect()
    }

    pub async fn count(&self, sql: &str) -> i64 {
        self.pool.fetch_one(sql).await.unwrap().get(0)
    }

    pub async fn drop(&self) {
        self.pool.close().await;
        if let Ok(mut connection) = PgConnection::connect(&self.admin).await {
            let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
            let dropped = connection.execute(sql.as_str()).await;
            if let Err(error) = dropped {
                eprintln!("{} is left behind: {error}", self.name);
            }
        }
    }
}

/// The same server, another database; parameters after `?` are kept.
fn replace_name(url: &str, name: &str) -> String {
    let (base, parameters) = url.split_once('?').map_or((url, ""), |(base, rest)| (base, rest));
    let server = base.rsplit_once('/').unwrap().0;
    if parameters.is_empty() { format!("{server}/{name}") } else { format!("{server}/{name}?{parameters}") }
}
