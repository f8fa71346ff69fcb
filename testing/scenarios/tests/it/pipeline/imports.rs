//! Imported users and their events.

use anyhow::ensure;
use support::{Expect, TestEnv, number};

/// A portal with one user, whose `now()` is two minutes ahead of ours.
const PORTAL: &str = "
    CREATE TABLE auth_user (id integer PRIMARY KEY);
    CREATE TABLE core_pregnantwomanprofile (id integer PRIMARY KEY, user_id integer, phone_number text);
    CREATE TABLE core_newmotherprofile (id integer PRIMARY KEY, user_id integer, phone_number text);
    INSERT INTO auth_user VALUES (1);
    CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql STABLE
        AS $$ SELECT pg_catalog.now() + interval '120 s' $$;
    DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database()); END $$";

#[tokio::test(flavor = "multi_thread")]
async fn a_signup_after_an_import_wins_even_if_the_portals_clock_is_ahead() -> anyhow::Result<()> {
    let portal = TestEnv::builder().unmigrated().build().await?;
    sqlx::raw_sql(PORTAL).execute(&portal.database.pool).await?;
    sqlx::query("INSERT INTO core_pregnantwomanprofile VALUES (1, 1, $1)")
        .bind(number(1))
        .execute(&portal.database.pool)
        .await?;
    let mut test = TestEnv::builder().with_worker().await?;
    test.env.insert("PORTAL_DATABASE_URL".to_owned(), portal.database.url().to_owned());
    let (code, said) = test.program("import", &["portal"]).await?;
    ensure!(code == 0, "{said}");
    test.signup("1", &number(2)).await?;
    let end = test.until_case("1", "registered delivered -").await?;
    let ledger = test.simulator.ledger().await?;
    assert_eq!((ledger.asked(&number(1)), ledger.asked(&number(2))), (0, 1));
    assert_eq!(end.phone_e164, Some(number(2)));
    portal.close()?;
    test.finish(Expect::users(1)).await
}
