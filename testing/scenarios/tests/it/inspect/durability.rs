//! Commits survive the server's crash, and a server that takes no writes is not ready.

use std::process::{Command, Stdio};

use sqlx::{Connection as _, PgConnection};
use support::{Expect, PATIENCE, PrivatePostgres, TestEnv, number, skip, until};

use super::doctor::{doctor, fails};

/// Changes a setting of the whole server, and waits until new connections have it.
async fn set(test: &TestEnv, setting: &str, value: &str) -> anyhow::Result<()> {
    test.database.execute(&format!("ALTER SYSTEM SET {setting} = {value}")).await?;
    test.database.execute("SELECT pg_reload_conf()").await?;
    until(&format!("{setting} is {value}"), PATIENCE, async || {
        let mut new = PgConnection::connect(test.database.url()).await?;
        let now: String = sqlx::query_scalar(&format!("SHOW {setting}")).fetch_one(&mut new).await?;
        new.close().await?;
        Ok(if now == value { Ok(()) } else { Err(now) })
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_are_durable_whatever_the_servers_default() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    let name = test.database.name().to_owned();
    test.database.execute(&format!("ALTER DATABASE \"{name}\" SET synchronous_commit = off")).await?;
    let witness = "
        CREATE TABLE seen (value text);
        CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN INSERT INTO seen VALUES (current_setting(''synchronous_commit'')); RETURN NULL; END';
        CREATE TRIGGER see AFTER INSERT OR UPDATE ON users EXECUTE FUNCTION see();
        CREATE TRIGGER see AFTER INSERT OR UPDATE ON attempts EXECUTE FUNCTION see();";
    test.database.execute(witness).await?;
    test.start_worker().await?;
    test.signup("1042", &number(1)).await?;
    test.until_final(1).await?;
    let (code, said) = test.command(&["suppress", "add", "9807969299", "--reason", "test"]).await?;
    assert_eq!(code, 0, "{said}");
    assert!(test.database.number("SELECT count(*) FROM seen").await? > 0);
    let lazy = "SELECT count(*) FROM seen WHERE value <> 'on'";
    assert_eq!(test.database.number(lazy).await?, 0);
    test.finish(Expect::users(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_takes_no_writes_is_not_ready() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().with_worker().await?;
    let name = test.database.name().to_owned();
    let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                  WHERE datname = current_database() AND pid <> pg_backend_pid()";
    test.database
        .execute(&format!("ALTER DATABASE \"{name}\" SET default_transaction_read_only = on; {others}"))
        .await?;
    let body = test.workers[0].until_ready(503).await?;
    assert!(body.contains("may only be read") || body.contains("cannot be reached"), "{body}");
    let said = doctor(&mut test, &[], 78).await?;
    fails(&said, "writable", "may only be read");
    test.signup("1042", &number(1)).await?;
    test
        .database
        .execute(&format!(
            "BEGIN READ WRITE; ALTER DATABASE \"{name}\" SET default_transaction_read_only = off; COMMIT; {others}"
        ))
        .await?;
    test.workers[0].until_ready(200).await?;
    test.until_final(1).await?;
    test.finish(Expect::users(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_names_a_server_that_may_forget_commits() -> anyhow::Result<()> {
    let Some(postgres) = PrivatePostgres::start().await? else { return Ok(()) };
    let mut test = TestEnv::builder().private_database(&postgres).build().await?;
    let said = doctor(&mut test, &[], 0).await?;
    assert!(said.contains("ok   durability") && said.contains("ok   standbys"), "{said}");
    for (setting, unsafe_value, safe) in [("fsync", "off", "on"), ("full_page_writes", "off", "on")] {
        set(&test, setting, unsafe_value).await?;
        fails(&doctor(&mut test, &[], 78).await?, "durability", setting);
        set(&test, setting, safe).await?;
    }
    let folder = tempfile::tempdir()?;
    let url = url::Url::parse(postgres.url())?;
    let port = url.port().unwrap_or(5432).to_string();
    // It copies the log as a standby does.
    let mut copying = Command::new("pg_receivewal");
    copying.args(["-h", "127.0.0.1", "-U", "postgres", "-p", &port, "-D"]).arg(folder.path());
    let Ok(mut standby) = copying.stdout(Stdio::null()).stderr(Stdio::null()).spawn() else {
        skip("pg_receivewal is not installed")?;
        return test.finish(Expect::users(0)).await;
    };
    let seen = until("a standby is connected", PATIENCE, async || {
        let now = test.database.number("SELECT count(*) FROM pg_stat_replication").await?;
        Ok(if now == 1 { Ok(()) } else { Err(now.to_string()) })
    });
    let seen = seen.await;
    let said = doctor(&mut test, &[], 0).await;
    standby.kill()?;
    standby.wait()?;
    seen?;
    assert!(said?.contains("1 connected, and "), "no warning");
    test.finish(Expect::users(0)).await
}
