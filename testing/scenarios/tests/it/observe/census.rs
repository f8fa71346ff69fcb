//! The figures of the whole service, by one worker at a time.

use std::time::Duration;

use support::{Expect, TestEnv, number, until};

/// A leader measures every 15 s, and so often does another try to take over.
const PATIENCE: Duration = Duration::from_secs(90);

async fn leaders(test: &TestEnv) -> anyhow::Result<Vec<usize>> {
    let mut found = Vec::new();
    for (n, worker) in test.workers.iter().enumerate() {
        if worker.probe("metrics").await?.1.contains("\nonboarding_users{") {
            found.push(n);
        }
    }
    Ok(found)
}

async fn violations(test: &TestEnv, worker: usize) -> anyhow::Result<String> {
    Ok(test.workers[worker].metric("onboarding_duplicate_welcome_violations", "").await?.to_string())
}

async fn until_violations(test: &TestEnv, expected: &str) -> anyhow::Result<()> {
    until(&format!("{expected} are counted"), PATIENCE, async || {
        let counted = violations(test, 0).await?;
        Ok(if counted == expected { Ok(()) } else { Err(counted) })
    })
    .await
}

async fn until_one_leads(test: &TestEnv) -> anyhow::Result<usize> {
    until("one worker measures", PATIENCE, async || {
        Ok(match leaders(test).await?[..] {
            [leader] => Ok(leader),
            ref others => Err(format!("{others:?}")),
        })
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_worker_exports_the_figures_and_another_takes_over_when_it_dies() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().with_worker().await?;
    test.signup("a", &number(1)).await?;
    test.signup("b", "01-4412345").await?;
    test.until_final(2).await?;
    test.start_worker().await?;
    test.start_worker().await?;
    let leader = until_one_leads(&test).await?;
    test.kill_worker(leader)?;
    assert!(leaders(&test).await?.is_empty(), "the others did not measure");
    let next = until_one_leads(&test).await?;
    let worker = &test.workers[next];
    for (labels, users) in [("registered", "1"), ("rejected", "1"), ("failed", "0")] {
        assert_eq!(worker.metric("onboarding_users", labels).await?.to_string(), users, "{labels}");
    }
    assert_eq!(violations(&test, next).await?, "0");
    test.finish(Expect::users(2)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_that_cannot_be_measured_vanish() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_worker().await?;
    until_one_leads(&test).await?;
    test.proxies.database.close().await?;
    until("no figures are shown", PATIENCE, async || {
        let leaders = leaders(&test).await?;
        Ok(if leaders.is_empty() { Ok(()) } else { Err(format!("{leaders:?}")) })
    })
    .await?;
    test.proxies.database.open().await?;
    until_one_leads(&test).await?;
    test.finish(Expect::users(0)).await
}

/// The audit finds what must never happen. The test inserts it directly, because the worker does not cause it.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_message_that_nobody_asked_for_is_counted() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_worker().await?;
    test.signup("a", &number(1)).await?;
    test.until_case("a", "registered delivered -").await?;
    test
        .database
        .execute(
            "INSERT INTO attempts (message_id, user_id, phone_e164, outcome, blocks, lane, worker_id, language,
                                   body_sha256, segments, lease_until)
             SELECT gen_random_uuid(), user_id, phone_e164, 'accepted', false, lane, worker_id, language,
                    body_sha256, segments, now() FROM attempts",
        )
        .await?;
    test.database
        .execute(
            "INSERT INTO status_callbacks (sid, status, message_id)
             SELECT 'SM' || repeat('f', 32), 'sent', message_id FROM attempts WHERE blocks",
        )
        .await?;
    until_violations(&test, "2").await?;
    // If an operator allowed the second message, it is not a violation.
    test.database.execute("UPDATE attempts SET reopened_at = now() WHERE NOT blocks").await?;
    test.database.execute("DELETE FROM status_callbacks WHERE NOT matched").await?;
    until_violations(&test, "0").await?;
    test.database.execute("DELETE FROM attempts WHERE NOT blocks").await?;
    test.finish(Expect::users(1)).await
}
