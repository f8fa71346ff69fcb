//! `worker doctor`: each fault has its own line, its own advice and its exit code.

use serde_json::{Value, json};
use shared::lane::QueueLane;
use support::{Expect, TestEnv, number};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
/// Nothing listens there: a reserved port.
const NOBODY: &str = "127.0.0.1:1";

/// Runs the command, checks its exit code and that its output does not show anything private.
pub(super) async fn doctor(test: &mut TestEnv, args: &[&str], exit: i32) -> anyhow::Result<String> {
    let all: Vec<&str> = std::iter::once("doctor").chain(args.iter().copied()).collect();
    let (code, said) = test.command(&all).await?;
    assert_eq!(code, exit, "{said}");
    for private in [TOKEN, "guest", &number(1), "AC0000", "MG0000", "Simulated"] {
        assert!(!said.contains(private), "{private} is shown: {said}");
    }
    Ok(said)
}

/// The line of a failure holds both words, and the next one says what to do.
pub(super) fn fails(said: &str, check: &str, word: &str) {
    let mut lines = said.lines();
    let found = lines.find(|l| l.contains("FAIL") && l.contains(check) && l.contains(word));
    assert!(found.is_some(), "no failure of {check} with {word:?}: {said}");
    assert!(lines.next().is_some_and(|l| l.contains("-> ")), "no advice: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_is_content_when_all_is_well() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().with_worker().await?;
    test.signup("1042", &number(1)).await?;
    test.until_final(1).await?;
    let said = doctor(&mut test, &["--strict"], 0).await?;
    assert!(said.contains("0 failed, 0 warnings"), "{said}");
    for check in ["RabbitMQ", "PostgreSQL", "round trip", "rolled back", "Nepal may be texted", "403"] {
        assert!(said.contains(check), "{check} is missing: {said}");
    }
    let report: Value = serde_json::from_str(&doctor(&mut test, &["--json"], 0).await?)?;
    assert_eq!(report["schema"], "doctor/1");
    assert_eq!(report["counts"]["failed"], 0);
    assert_eq!(test.database.number("SELECT count(*) FROM users").await?, 1, "a trace is left");
    assert_eq!(test.database.number("SELECT count(*) FROM attempts").await?, 1, "a trace is left");
    test.finish(Expect::users(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_counts_who_waits_and_tells_the_hours() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().env("BACKFILL_WINDOW", "08:00-20:00 Asia/Kathmandu").build().await?;
    for user in ["1", "2", "3"] {
        test.database.import(user, &number(1)).await?;
    }
    test.database.execute("UPDATE users SET kind = 'new_mother' WHERE user_id <> '3'").await?;
    let waiting =
        "UPDATE users SET state = 'received', lane = 'backfill', next_attempt_at = now() WHERE user_id = '1'";
    test.database.execute(waiting).await?;
    let letter = "INSERT INTO dead_letters (reason, detail, routing_key, headers, body, body_sha256)
                  VALUES ('schema', 'x', 'y', '{}', '', '')";
    test.database.execute(letter).await?;
    let said = doctor(&mut test, &[], 0).await?;
    for line in [
        "2 new_mother, 1 without a kind",
        "live 0 received, 0 of them due; backfill 1 received, 1 of them due",
        "warn dead letters  1, 1 in the last hour",
        "`worker dead list`",
        "08:00-20:00 Asia/Kathmandu: ",
    ] {
        assert!(said.contains(line), "{line} is missing: {said}");
    }
    let settled = "UPDATE dead_letters SET dropped_at = now()";
    test.database.execute(settled).await?;
    assert!(
        doctor(&mut test, &[], 0).await?.contains("ok   dead letters  none"),
        "a settled letter is counted"
    );
    test.finish(Expect::users(3).waiting("1").waiting("2").waiting("3")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_warns_where_no_worker_answers() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    let said = doctor(&mut test, &[], 0).await?;
    assert!(said.contains("warn address"), "{said}");
    doctor(&mut test, &["--strict"], 3).await?;
    test.finish(Expect::users(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_names_a_wrong_token() -> anyhow::Result<()> {
    let wrong = "ffffffffffffffffffffffffffffffff";
    let mut test = TestEnv::builder().env("TWILIO_AUTH_TOKEN", wrong).build().await?;
    let said = doctor(&mut test, &[], 78).await?;
    fails(&said, "credentials", "20003");
    assert!(!said.contains(wrong) && said.contains("round trip"), "{said}");
    test.finish(Expect::users(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_goes_on_without_a_broker() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    test.env.insert("AMQP_URL".into(), format!("amqp://guest:guest@{NOBODY}"));
    let said = doctor(&mut test, &[], 69).await?;
    fails(&said, "reachable", "RabbitMQ");
    assert!(said.contains("ok   credentials") && said.contains("ok   migrations"), "{said}");
    test.finish(Expect::users(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_goes_on_without_a_database() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    test.env.insert("DATABASE_URL".into(), format!("postgres://postgres@{NOBODY}/none?sslmode=disable"));
    let said = doctor(&mut test, &[], 69).await?;
    fails(&said, "reachable", "refused");
    assert!(said.contains("ok   credentials") && said.contains("ok   round trip"), "{said}");
    test.finish(Expect::users(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_names_old_migrations() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    let newest = "DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)";
    test.database.execute("CREATE TABLE kept AS SELECT * FROM _sqlx_migrations").await?;
    test.database.execute(newest).await?;
    let said = doctor(&mut test, &[], 78).await?;
    fails(&said, "migrations", "applied");
    assert!(said.contains("worker migrate"), "{said}");
    test.database.execute("INSERT INTO _sqlx_migrations SELECT * FROM kept ON CONFLICT DO NOTHING").await?;
    doctor(&mut test, &[], 0).await?;
    test.finish(Expect::users(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_names_a_missing_queue_and_does_not_make_it() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    test.broker.delete_queue(QueueLane::Backfill).await?;
    for _ in 0..2 {
        let said = doctor(&mut test, &[], 78).await?;
        fails(&said, "topology", "onboarding.backfill does not exist");
        assert!(said.contains("onboarding.live as declared"), "{said}");
    }
    test.broker.declare().await?;
    doctor(&mut test, &[], 0).await?;
    test.finish(Expect::users(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_or_a_queue_of_another_kind_gets_the_advice_for_it() -> anyhow::Result<()> {
    for (what, command) in [("exchange", "delete exchange"), ("queue", "delete_queue")] {
        let mut test = TestEnv::builder().build().await?;
        let taken = test.broker.replace_with_another_kind(what == "queue").await?;
        let said = doctor(&mut test, &[], 78).await?;
        fails(&said, "topology", &format!("{what} {taken} exists with other properties"));
        assert!(said.contains(command), "{said}");
        let (code, said) = test.command(&["run"]).await?;
        assert_eq!(code, 78, "{said}");
        assert!(said.contains(&format!("{what} {taken}")) && said.contains(command), "{said}");
        test.close()?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_names_a_missing_messaging_service() -> anyhow::Result<()> {
    let unknown = "MG000000000000000000000000000000ff";
    let mut test = TestEnv::builder().env("TWILIO_MESSAGING_SERVICE_SID", unknown).build().await?;
    let said = doctor(&mut test, &[], 78).await?;
    fails(&said, "sender", "Messaging Service");
    assert!(said.contains("ok   credentials"), "{said}");
    test.finish(Expect::users(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_names_a_missing_permission_and_skips_what_a_key_may_not_ask() -> anyhow::Result<()> {
    let key = ("SK00000000000000000000000000000001", "k3y-s3cret");
    let option = format!("{}:{}", key.0, key.1);
    let plan = TestEnv::builder().simulator(&["--geo-disabled", "NP", "--api-key", &option]);
    let plan = plan.env("TWILIO_API_KEY_SID", key.0).env("TWILIO_API_KEY_SECRET", key.1);
    let mut test = plan.build().await?;
    let said = doctor(&mut test, &[], 78).await?;
    fails(&said, "permission", "Nepal may not be texted");
    assert!(said.contains("skip account") && !said.contains(key.1), "{said}");
    test.finish(Expect::users(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_skips_by_name_all_that_a_restricted_key_may_not_ask() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    let refused = |operation: &str| {
        let action = json!({ "type": "error", "status": 403, "code": 70051 });
        json!({ "operation": operation, "action": action })
    };
    let rules: Vec<Value> = ["list", "account", "service", "geo"].map(refused).into();
    test.simulator.faults(rules.into()).await?;
    let said = doctor(&mut test, &[], 0).await?;
    for check in ["credentials", "account", "sender", "permission"] {
        assert!(said.contains(&format!("skip {check}")), "{check} is not skipped: {said}");
    }
    test.finish(Expect::users(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_names_every_fault_of_the_configuration() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().env("LEASE", "soon").without("AMQP_URL").build().await?;
    let said = doctor(&mut test, &[], 78).await?;
    fails(&said, "setting", "LEASE");
    fails(&said, "setting", "AMQP_URL");
    assert!(said.contains("ok   migrations") && said.contains("ok   credentials"), "{said}");
    test.finish(Expect::users(0)).await
}

/// The role may write everything but the row of the rate. A worker would not send, and would report it only in
/// its log.
#[tokio::test(flavor = "multi_thread")]
async fn doctor_finds_that_the_rate_cannot_be_leased() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    let url = test.env["DATABASE_URL"].clone();
    let sign = if url.contains('?') { '&' } else { '?' };
    // A role that every Postgres has; what it is granted here ends with the database.
    test.database.execute("GRANT INSERT, UPDATE ON users, attempts TO pg_read_all_data").await?;
    test.env.insert("DATABASE_URL".to_owned(), format!("{url}{sign}options=-c%20role%3Dpg_read_all_data"));
    let said = doctor(&mut test, &[], 78).await?;
    fails(&said, "rights", "42501");
    test.database.execute("GRANT INSERT, UPDATE ON send_rate TO pg_read_all_data").await?;
    let (_, said) = test.command(&["doctor"]).await?;
    assert!(said.contains("ok   rights"), "{said}");
    test.env.insert("DATABASE_URL".to_owned(), url);
    test.finish(Expect::users(0)).await
}
