//! `import portal`: reads the portal's database, normalises, stores.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::ensure;
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::{
    process::Process,
    program::program,
    report::{Row, per_second},
    services::Services,
    sizes::Sizes,
    stage::{self, Stage},
};

/// The portal's tables, as far as they are read, with one profile for every account.
const TABLES: &str = "
    CREATE TABLE auth_user (id integer PRIMARY KEY, username varchar(150) NOT NULL UNIQUE, email varchar(254) NOT NULL,
        is_active boolean NOT NULL, date_joined timestamptz NOT NULL);
    CREATE TABLE core_pregnantwomanprofile (id bigserial PRIMARY KEY, name varchar(100) NOT NULL, age integer NOT NULL,
        due_date date NOT NULL, medical_history text NOT NULL, phone_number varchar(32) NOT NULL,
        user_id integer NOT NULL UNIQUE REFERENCES auth_user(id));
    CREATE TABLE core_newmotherprofile (id bigserial PRIMARY KEY, name varchar(100) NOT NULL,
        child_birth_date date NOT NULL, current_health_status text NOT NULL, phone_number varchar(32) NOT NULL,
        user_id integer NOT NULL UNIQUE REFERENCES auth_user(id));";

pub(super) async fn run(services: &Services, sizes: &Sizes) -> anyhow::Result<Vec<Row>> {
    let stage = Stage::open(services).await?;
    let portal = stage::create(&services.database, &format!("{}_portal", stage.name)).await?;
    fill(&portal, sizes.events).await?;
    let env = BTreeMap::from([
        ("PORTAL_DATABASE_URL".to_owned(), portal),
        ("DATABASE_URL".to_owned(), stage.database.clone()),
        ("ALLOW_INSECURE".to_owned(), "1".to_owned()),
    ]);
    let mut rows = Vec::new();
    for name in ["import portal", "import portal, repeated"] {
        let began = Instant::now();
        let mut import = Process::start(&program("import")?, &["portal"], &env, stage.folder())?;
        let mut memory = 0.0_f64;
        while import.ended()?.is_none() {
            memory = memory.max(import.peak_memory().unwrap_or_default());
            ensure!(began.elapsed() < Duration::from_secs(120), "import takes too long");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let took = began.elapsed();
        let stored = stage.number("SELECT count(*) FROM users").await?;
        ensure!(stored == i64::from(sizes.events), "{stored} users: {}", import.output());
        let mut row = Row::new(name);
        row.per_second = Some(per_second(sizes.events, took));
        row.memory = Some(memory);
        "rows, the program's start included".clone_into(&mut row.note);
        rows.push(row);
    }
    Ok(rows)
}

async fn fill(portal: &str, accounts: u32) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(portal).await?;
    connection.execute(TABLES).await?;
    let accounts = i32::try_from(accounts)?;
    for sql in [
        "INSERT INTO auth_user SELECT n, 'user' || n, '', true, now() - interval '1 day' FROM generate_series(1, $1) n",
        "INSERT INTO core_pregnantwomanprofile (name, age, due_date, medical_history, phone_number, user_id)
         SELECT 'Maya Karki', 25, current_date + 90, '', '98' || lpad((400000000 + n)::text, 8, '0'), n
         FROM generate_series(1, $1) n",
    ] {
        sqlx::query(sql).bind(accounts).execute(&mut connection).await?;
    }
    connection.execute("VACUUM ANALYZE").await?;
    Ok(())
}
