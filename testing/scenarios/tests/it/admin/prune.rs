//! `worker prune`.

use support::{Expect, PATIENCE, TestEnv, until};

const OLD: &str = "now() - interval '100 days'";

#[tokio::test]
async fn what_is_old_is_forgotten_and_attempts_never() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().env("KEEP_DAILY_BUDGET", "0").build().await?;
    for sql in [
        format!("INSERT INTO delivery_tries (delivery_key, last_at) VALUES ('id:old', {OLD}), ('id:new', now())"),
        format!("INSERT INTO status_callbacks (sid, status, received_at) VALUES ('SM1', 'sent', {OLD}), ('SM2', 'sent', now())"),
        format!("INSERT INTO daily_budget VALUES (({OLD})::date, 5)"),
        format!("INSERT INTO dead_letters (reason, detail, routing_key, headers, body, body_sha256, first_seen_at, replayed_at)
                 VALUES ('schema', 'open', '', '{{}}', 'open', '1', {OLD}, NULL), ('schema', 'done', '', '{{}}', 'done', '2', {OLD}, {OLD})"),
        format!("INSERT INTO attempts (message_id, user_id, phone_e164, outcome, lane, worker_id, language, body_sha256,
                                       segments, claimed_at, lease_until)
                 VALUES (gen_random_uuid(), '1', '+9779841200000', 'accepted', 'live', 'w', 'ne', '', 1, {OLD}, {OLD})"),
    ] {
        test.database.execute(&sql).await?;
    }
    let left = "SELECT (SELECT count(*) FROM delivery_tries) * 1000 + (SELECT count(*) FROM status_callbacks) * 100
                     + (SELECT count(*) FROM dead_letters WHERE body <> '') * 10 + (SELECT count(*) FROM audit_log)";

    let (code, said) = test.command(&["prune", "--dry-run"]).await?;
    assert!(code == 0 && said.contains("1 older than 30 days would be forgotten"), "{said}");
    assert_eq!(test.database.number(left).await?, 2220, "{said}");

    let (code, said) = test.command(&["prune", "--actor", "maya"]).await?;
    assert!(code == 0 && said.contains("daily budgets: kept for ever"), "{said}");
    assert_eq!(test.database.number(left).await?, 1113, "{said}");
    for (what, rows) in [("attempts", 1), ("dead_letters", 2), ("daily_budget", 1)] {
        assert_eq!(test.database.number(&format!("SELECT count(*) FROM {what}")).await?, rows, "{what}");
    }
    let audit = "SELECT count(*) FROM audit_log WHERE actor = 'maya' AND action = 'prune' AND subject LIKE '%older than 90 days'";
    assert_eq!(test.database.number(audit).await?, 2);
    Ok(())
}

#[tokio::test]
async fn what_is_old_is_forgotten_in_batches() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    let old = format!(
        "INSERT INTO delivery_tries (delivery_key, last_at) SELECT 'id:' || n, {OLD} FROM generate_series(1, 12000) n"
    );
    test.database.execute(&old).await?;
    let (code, said) = test.command(&["prune", "--dry-run"]).await?;
    assert!(code == 0 && said.contains("12000 older than 30 days would be forgotten"), "{said}");
    let (code, said) = test.command(&["prune", "--actor", "maya"]).await?;
    assert!(code == 0 && said.contains("12000 older than 30 days forgotten"), "{said}");
    assert_eq!(test.database.number("SELECT count(*) FROM delivery_tries").await?, 0);
    let noted =
        "SELECT count(*) FROM audit_log WHERE action = 'prune' AND subject ~ '^(5000|2000) delivery tries'";
    assert_eq!(test.database.number(noted).await?, 3, "one entry for each transaction");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_delete_old_data_by_themselves_a_day_after_their_first_start() -> anyhow::Result<()> {
    let mut test =
        TestEnv::builder().env("PRUNE_INTERVAL", "1s").env("KEEP_DAILY_BUDGET", "0").build().await?;
    for sql in [
        format!(
            "INSERT INTO delivery_tries (delivery_key, last_at) SELECT 'id:' || n, {OLD} FROM generate_series(1, 7000) n"
        ),
        format!(
            "INSERT INTO staff_tasks (task_id, kind, user_id, opened_at, opened_by, closed_at)
                 VALUES (gen_random_uuid(), 'loss', 'closed', {OLD}, 'link', {OLD}),
                        (gen_random_uuid(), 'loss', 'open', {OLD}, 'link', NULL)"
        ),
        format!("INSERT INTO daily_budget VALUES (({OLD})::date, 5)"),
    ] {
        test.database.execute(&sql).await?;
    }
    for _ in 0..2 {
        test.start_worker().await?;
    }
    until("the first start is stored", PATIENCE, async || {
        let starts = test.database.number("SELECT count(*) FROM retention_starts").await?;
        Ok(if starts == 1 { Ok(()) } else { Err(starts.to_string()) })
    })
    .await?;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let left = "SELECT (SELECT count(*) FROM delivery_tries) * 100 + (SELECT count(*) FROM staff_tasks) * 10
                     + (SELECT count(*) FROM daily_budget)";
    assert_eq!(test.database.number(left).await?, 700_021, "within a day of the upgrade");
    let (code, said) = test.command(&["clock", "advance", "25h"]).await?;
    assert_eq!(code, 0, "{said}");
    until("old data are deleted", PATIENCE, async || {
        let now = test.database.number(left).await?;
        Ok(if now == 11 { Ok(()) } else { Err(now.to_string()) })
    })
    .await?;
    let noted = "SELECT count(*) FROM audit_log WHERE actor = 'worker' AND action = 'prune'
                 AND subject ~ '^(5000 delivery tries|2000 delivery tries|1 closed tasks) '";
    assert_eq!(test.database.number(noted).await?, 3, "each batch once, whichever worker");
    test.finish(Expect::users(0)).await
}
