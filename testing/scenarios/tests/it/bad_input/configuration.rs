//! Settings that cannot work.

use support::{Expect, PATIENCE, Process, TestEnv, number, until};

use crate::people::signups;

#[tokio::test(flavor = "multi_thread")]
async fn everything_missing_is_named_at_once() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    let complete = std::mem::take(&mut test.env);
    let (code, said) = test.command(&["run"]).await?;
    assert_eq!(code, 78, "{said}");
    let required = [
        "DATABASE_URL",
        "AMQP_URL",
        "TWILIO_ACCOUNT_SID",
        "TWILIO_AUTH_TOKEN",
        "TWILIO_MESSAGING_SERVICE_SID",
    ];
    for name in required {
        assert!(said.contains(name), "{name} is not named: {said}");
    }
    test.env = complete;
    test.env.insert("LEASE".into(), "soon".into());
    test.env.insert("SEND_RATE".into(), "many".into());
    test.env.insert("WORKER_CONCURRENCY".into(), "0".into());
    test.env.insert("DATABASE_URL".into(), "postgres://u:s3cret@db.example.org/x".into());
    let (code, said) = test.command(&["run"]).await?;
    assert_eq!(code, 78, "{said}");
    for name in ["LEASE", "SEND_RATE", "WORKER_CONCURRENCY", "DATABASE_URL"] {
        assert!(said.contains(name), "{name} is not named: {said}");
    }
    assert!(!said.contains("s3cret"), "{said}");
    test.finish(Expect::users(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_occupied_port_ends_the_start() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    for name in ["OPS_ADDR", "WEBHOOK_ADDR"] {
        let free = test.env.insert(name.into(), taken.local_addr()?.to_string()).expect("a default");
        let (code, said) = test.command(&["run"]).await?;
        assert_eq!(code, 78, "{said}");
        assert!(said.contains(name), "{said}");
        test.env.insert(name.into(), free);
    }
    test.finish(Expect::users(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_send_nothing_and_burn_nobody() -> anyhow::Result<()> {
    let wrong = "ffffffffffffffffffffffffffffffff";
    let mut test = TestEnv::builder().env("TWILIO_AUTH_TOKEN", wrong).with_worker().await?;
    test.broker.publish_all(&signups(0..20)).await?;
    until("everybody waits", PATIENCE, async || {
        let all = test.database.outcomes().await?;
        let waits = |o: &&support::Outcome| o.case() == "received not_sent breaker_open" && o.attempts == 0;
        let waiting = all.iter().filter(waits).count();
        Ok(if waiting == 20 { Ok(()) } else { Err(format!("{waiting} of {}", all.len())) })
    })
    .await?;
    assert!(!test.workers[0].log().contains(wrong), "a secret is logged");
    test.stop_worker(0).await?;
    assert_eq!(test.simulator.totals().await?.accepted, 0);
    test.env.insert("TWILIO_AUTH_TOKEN".into(), "0123456789abcdef0123456789abcdef".into());
    test.start_worker().await?;
    test.until_final(20).await?;
    assert_eq!(test.simulator.totals().await?.accepted, 20);
    test.finish(Expect::users(20)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_tables_it_waits_and_says_so() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().unmigrated().build().await?;
    test.signup("early", &number(1)).await?;
    let said = test.launch_worker().await?.until_ready(503).await?;
    assert!(said.contains("worker migrate") || said.contains("cannot be reached"), "{said}");
    until("it tells what is missing", PATIENCE, async || {
        let (_, body) = test.workers[0].probe("readyz").await?;
        Ok(if body.contains("worker migrate") { Ok(()) } else { Err(body) })
    })
    .await?;
    assert_eq!(test.workers[0].probe("livez").await?.0, 200);
    let (code, said) = test.command(&["migrate"]).await?;
    assert_eq!(code, 0, "{said}");
    test.workers[0].until_ready(200).await?;
    test.until_case("early", "registered delivered -").await?;
    test.finish(Expect::users(1)).await
}

#[test]
fn no_arguments_is_a_usage_error() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut process =
        Process::start("worker", "usage", &[], &std::collections::BTreeMap::new(), folder.path())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let status = runtime.block_on(process.wait(PATIENCE))?;
    assert_eq!(status.code(), Some(2), "{}", process.stderr());
    Ok(())
}
