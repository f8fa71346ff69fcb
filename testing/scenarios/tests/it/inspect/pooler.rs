//! PgBouncer between our programs and Postgres.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    process::{Child, Command, Stdio},
};

use support::{Expect, PATIENCE, TestEnv, number, skip, until};
use url::Url;

const RECORDED: &str = include_str!("../../../../cases/pgbouncer-session-mode/pgbouncer.ini");

/// A running PgBouncer; dropping it kills it.
struct Pooler(Child);

impl Drop for Pooler {
    fn drop(&mut self) {
        // Err: it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts one in `folder` before the server of `url`; returns it and the URL through it. `None`: not installed.
fn start(folder: &std::path::Path, url: &str) -> anyhow::Result<Option<(Pooler, String)>> {
    let mut url = Url::parse(url)?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let server = format!("host=127.0.0.1 port={}", url.port().unwrap_or(5432));
    let settings = RECORDED.replace("host=127.0.0.1 port=5432", &server).replace("16432", &port.to_string());
    let file = folder.join("pgbouncer.ini");
    fs::write(&file, settings)?;
    // It refuses to run as root, and then becomes this user.
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    let mut command = Command::new("pgbouncer");
    if Command::new("id").arg("-u").output()?.stdout == b"0\n" {
        command.args(["-u", "postgres"]);
    }
    let started = command.arg(&file).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let Ok(child) = started else { return Ok(None) };
    let failed = |()| anyhow::anyhow!("not a URL with a port");
    url.set_port(Some(port)).map_err(failed)?;
    Ok(Some((Pooler(child), url.to_string())))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_program_works_through_pgbouncer_in_session_mode() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut test = TestEnv::builder().build().await?;
    let Some((_pooler, url)) = start(folder.path(), test.database.url())? else {
        skip("pgbouncer is not installed")?;
        return test.finish(Expect::users(0)).await;
    };
    for name in ["DATABASE_URL", "OUTBOX_DATABASE_URL"] {
        test.env.insert(name.to_owned(), url.clone());
    }
    let (_, ddl) = test.program("signup", &["outbox-ddl"]).await?;
    test.database.execute(&ddl).await?;
    until("PgBouncer listens", PATIENCE, async || {
        let (code, said) = test.command(&["migrate"]).await?;
        Ok(if code == 0 { Ok(()) } else { Err(said) })
    })
    .await?;
    let (code, said) = test.command(&["doctor"]).await?;
    assert_eq!(code, 0, "{said}");
    let file = folder.path().join("users.csv");
    fs::write(&file, format!("user_id,phone\n7,{}\n", number(7)))?;
    let file = file.display().to_string();
    let (code, said) = test.program("import", &["csv", &file]).await?;
    assert_eq!(code, 0, "{said}");
    let (code, said) = test.program("backfill", &["--dry-run"]).await?;
    assert_eq!(code, 0, "{said}");
    let (code, said) = test.program("signup", &["relay", "--once"]).await?;
    assert_eq!(code, 0, "{said}");
    test.start_worker().await?;
    test.signup("1042", &number(1)).await?;
    test.until_final_but(2, &["7"]).await?;
    test.finish(Expect::users(2).waiting("7")).await
}
