//! A Postgres of the scenario's own is stopped and killed.

use std::time::Duration;

use support::{Expect, PrivatePostgres, TestEnv, rounds};

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
