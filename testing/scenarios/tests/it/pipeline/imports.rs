//! Imported users and their events.

use std::io::Write as _;

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

/// One user of each kind. The last one is of the household of the loss.
fn file_about_messages() -> anyhow::Result<tempfile::NamedTempFile> {
    let mut file = tempfile::NamedTempFile::new()?;
    writeln!(file, "user_id,phone_number,household_id,consents,opted_out,loss,wrong_number")?;
    for (user, cells) in [
        (1, ",\"onboarding:sms,tips:whatsapp\",,,"),
        (2, ",onboarding:sms,true,,"),
        (3, "h-1,,,true,"),
        (4, ",,,,true"),
        (5, "h-1,onboarding:sms,,,"),
        (6, ",,,,"),
    ] {
        writeln!(file, "u{user},{},{cells}", number(user))?;
    }
    Ok(file)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_after_an_import_sends_nothing_to_those_whom_the_file_silences() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().env("CONSENT_FOR_ONBOARDING", "required").with_worker().await?;
    test.env.insert("CONSENT_FOR_ONBOARDING".to_owned(), "required".to_owned());
    let file = file_about_messages()?;
    let path = file.path().to_string_lossy().into_owned();
    let (code, said) = test.program("import", &["csv", &path]).await?;
    ensure!(code == 0, "{said}");
    for line in
        ["Losses: 1 rows, 1 newly reported", "Consents: 3 rows, 2 newly granted", "2 refused after a stop"]
    {
        ensure!(said.contains(line), "{line} is not in {said}");
    }
    let (code, said) = test.program("backfill", &["--yes", "--no-progress"]).await?;
    ensure!(code == 0, "{said}");
    test.until_case("u1", "registered delivered -").await?;
    // Without a consent this one waits: all others end before.
    test.until_case("u6", "received not_sent no_consent").await?;
    for user in ["u2", "u3", "u5"] {
        test.until_case(user, "suppressed skipped opted_out").await?;
    }
    test.until_case("u4", "rejected not_sent wrong_number").await?;
    test.until_drained().await?;
    let ledger = test.simulator.ledger().await?;
    assert_eq!([1, 2, 3, 4, 5, 6].map(|n| ledger.asked(&number(n))), [1, 0, 0, 0, 0, 0]);
    let tasks =
        test.database.texts("SELECT concat_ws(' ', kind, user_id) FROM needs_person ORDER BY 1").await?;
    assert_eq!(tasks, ["loss u3", "wrong_number u4"].map(|task| Some(task.to_owned())));
    // The consent that is missing comes with a later file, and the same file again changes nothing.
    let counts = "SELECT (SELECT count(*) FROM consent_ledger) + (SELECT count(*) FROM staff_tasks)";
    let before = test.database.number(counts).await?;
    let (code, said) = test.program("import", &["csv", &path]).await?;
    ensure!(code == 0, "{said}");
    assert_eq!(test.database.number(counts).await?, before);
    let mut later = tempfile::NamedTempFile::new()?;
    writeln!(later, "user_id,phone_number,consents\nu6,{},onboarding:sms", number(6))?;
    let (code, said) = test.program("import", &["csv", &later.path().to_string_lossy()]).await?;
    ensure!(code == 0, "{said}");
    test.until_case("u6", "registered delivered -").await?;
    test.finish(Expect::users(6)).await
}
