//! A Postgres of the scenario's own is stopped and killed.

use std::time::Duration;

use support::{Expect, PrivatePostgres, TestEnv, number, rounds};

use crate::people::signups;

#[tokio::test(flavor = "multi_thread")]
async fn postgres_is_stopped_and_killed_under_load() -> anyhow::Result<()> {
    const SIGNUPS: u32 = 150;
    const CALLS_IN_FLIGHT: u32 = 2 * 10;
    let outages = rounds(2, 4);
    let away = Duration::from_secs(rounds(3, 30).into());
    let Some(postgres) = PrivatePostgres::start().await? else { return Ok(()) };
    let plan = TestEnv::builder().simulator(&["--latency", "100ms"]).private_database(&postgres);
    let mut test = plan.with_two_workers().await?;
    for outage in 0..outages {
        test.broker.publish_all(&signups(outage * SIGNUPS..(outage + 1) * SIGNUPS)).await?;
        test.until_accepted(u64::from(outage * SIGNUPS / 2 + 20)).await?;
        let killed = outage % 2 == 0;
        if killed {
            postgres.kill().await?;
        } else {
            postgres.stop().await?;
        }
        for worker in &test.workers {
            worker.until_ready(503).await?;
        }
        tokio::time::sleep(away).await;
        postgres.start_again().await?;
        let took = test.until_all_ready().await?;
        let how = if killed { "killed" } else { "stopped" };
        println!(
            "Postgres {how}, away {} s: consuming again after {:.1} s",
            away.as_secs(),
            took.as_secs_f64()
        );
    }
    for worker in &mut test.workers {
        assert!(!worker.is_gone()?);
    }
    let users = outages * SIGNUPS;
    test.until_final(usize::try_from(users)?).await?;
    let accepted = test.simulator.totals().await?.accepted;
    // A claim whose commit was not answered is not called, but it looks the same as one that was.
    let parked = outages * CALLS_IN_FLIGHT;
    assert!(accepted + u64::from(parked) >= u64::from(users), "{accepted} accepted");
    test.finish(Expect::users(usize::try_from(users)?).parked_unsent(usize::try_from(parked)?)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_that_was_confirmed_outlives_a_crash_of_postgres() -> anyhow::Result<()> {
    let Some(postgres) = PrivatePostgres::start().await? else { return Ok(()) };
    let mut test = TestEnv::builder().private_database(&postgres).build().await?;
    let pool = test.database.pool.clone();
    // So that nothing but the stop itself writes its commit to the disk.
    sqlx::query("ALTER SYSTEM SET wal_writer_delay = '10s'").execute(&pool).await?;
    sqlx::query("SELECT pg_reload_conf()").execute(&pool).await?;
    let stops = "SELECT count(*) FROM suppressions WHERE lifted_at IS NULL";
    for (n, stopped) in [(1, 1), (1, 1), (2, 2)] {
        let (code, said) =
            test.command(&["suppress", "add", &number(n), "--reason", "asked by phone"]).await?;
        assert_eq!(code, 0, "{said}");
        postgres.kill().await?;
        postgres.start_again().await?;
        test.database.until("the stop is still there", stops, stopped).await?;
    }
    test.close()
}
