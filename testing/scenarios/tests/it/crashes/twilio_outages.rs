//! Every kind of outage of Twilio in the middle of a stream of signups: few attempts are left unknown, all other users
//! wait and are welcomed once.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{Expect, PATIENCE, TestEnv, number, resumed, rounds, until};

use crate::people::signups;

const CONCURRENCY: usize = 10;
const WORKERS: usize = 2;
/// Signups per second.
const RATE: u32 = 20;

/// What happens to create calls.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Status(u16),
    Hang,
    Reset,
    Refused,
    Slow,
    Mixed,
}

impl Kind {
    async fn begin(self, test: &TestEnv) -> anyhow::Result<()> {
        let error = |status: u16| json!({ "type": "error", "status": status });
        let (hang, reset) = (json!({ "type": "hang", "ms": 60_000 }), json!({ "type": "reset" }));
        let rules = match self {
            Self::Refused => return test.proxies.twilio.close().await,
            Self::Status(status) => vec![(1.0, error(status))],
            Self::Hang => vec![(1.0, hang)],
            Self::Reset => vec![(1.0, reset)],
            Self::Slow => vec![(1.0, json!({ "type": "latency", "ms": 3_000 }))],
            Self::Mixed => vec![(0.25, error(500)), (0.33, error(503)), (0.5, reset), (1.0, hang)],
        };
        let rule = |(share, action): (f64, Value)| json!({ "operation": "create", "probability": share, "action": action });
        test.simulator.faults(rules.into_iter().map(rule).collect()).await
    }

    async fn end(self, test: &TestEnv) -> anyhow::Result<()> {
        match self {
            Self::Refused => test.proxies.twilio.open().await,
            _ => test.simulator.faults(json!([])).await,
        }
    }

    /// The word of logs and metrics for it.
    fn word(self) -> &'static str {
        match self {
            Self::Status(_) => "5xx",
            Self::Hang | Self::Slow => "timeout",
            Self::Reset => "reset",
            Self::Refused => "refused",
            Self::Mixed => "mixed",
        }
    }

    /// Whether calls without an answer left no message at all.
    fn leaves_nothing(self) -> bool {
        !matches!(self, Self::Slow)
    }
}

/// Publishes the signups of `seconds` seconds, one by one.
async fn stream(test: &TestEnv, from: u32, seconds: u32) -> anyhow::Result<u32> {
    let mut beat = tokio::time::interval(Duration::from_secs(1) / RATE);
    let to = from + seconds * RATE;
    for n in from..to {
        beat.tick().await;
        test.signup(&format!("u{n}"), &number(n)).await?;
    }
    Ok(to)
}

async fn until_more_than(test: &TestEnv, accepted: u64) -> anyhow::Result<()> {
    until("sending resumes", PATIENCE, async || {
        let now = test.simulator.totals().await?.accepted;
        Ok(if now > accepted { Ok(()) } else { Err(now.to_string()) })
    })
    .await
}

fn lines(test: &TestEnv, text: &str) -> usize {
    test.workers.iter().map(|w| w.log().lines().filter(|l| l.contains(text)).count()).sum()
}

async fn outage(kind: Kind) -> anyhow::Result<()> {
    let test = TestEnv::builder().with_two_workers().await?;
    let before = stream(&test, 0, 1).await?;
    test.until_accepted(before.into()).await?;
    kind.begin(&test).await?;
    let users = stream(&test, before, rounds(4, 60)).await?;
    let word = format!("kind=\"{}\"", kind.word());
    until("both workers name the outage", PATIENCE, async || {
        let mut shown = 0.0;
        for worker in &test.workers {
            shown += worker.metric("onboarding_outage", &word).await?;
        }
        Ok(if shown > 1.5 { Ok(()) } else { Err(format!("{shown} show {word}")) })
    })
    .await?;
    // Slow calls that were made end by themselves. All other users without a welcome wait.
    let accepted = test.simulator.totals().await?.accepted;
    kind.end(&test).await?;
    let ended = Instant::now();
    until_more_than(&test, accepted).await?;
    resumed(ended.elapsed());
    let users = usize::try_from(users)?;
    test.until_final(users).await?;
    let probes = lines(&test, "breaker probe: this user's call finds out");
    let bound = 2 * CONCURRENCY * WORKERS + probes;
    let unknown = usize::try_from(test.database.number("SELECT count(*) FROM harness.unknown").await?)?;
    println!("{kind:?}: {unknown} unknown, {probes} probes, resumed after {:?}", ended.elapsed());
    assert!(unknown <= bound, "{unknown} became unknown, at most {bound} may");
    assert!(test.database.outcomes().await?.iter().all(|o| o.attempts == 1), "one call for each");
    test.finish(Expect::users(users).parked(if kind.leaves_nothing() { bound } else { 0 })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_that_answers_500_leaves_few_unknown() -> anyhow::Result<()> {
    outage(Kind::Status(500)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_that_answers_503_leaves_few_unknown() -> anyhow::Result<()> {
    outage(Kind::Status(503)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_that_hangs_leaves_few_unknown() -> anyhow::Result<()> {
    outage(Kind::Hang).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_that_resets_after_the_request_leaves_few_unknown() -> anyhow::Result<()> {
    outage(Kind::Reset).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_that_refuses_connections_leaves_few_unknown() -> anyhow::Result<()> {
    outage(Kind::Refused).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_that_answers_too_late_leaves_few_unknown() -> anyhow::Result<()> {
    outage(Kind::Slow).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_every_kind_at_once_leaves_few_unknown() -> anyhow::Result<()> {
    outage(Kind::Mixed).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fifth_of_all_calls_failing_opens_nothing() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_two_workers().await?;
    // Numbers are consecutive: exactly every fifth call fails.
    let fail = |digit: &str| json!({ "operation": "create", "suffix": digit, "action": { "type": "error", "status": 500 } });
    test.simulator.faults(json!([fail("0"), fail("5")])).await?;
    let users = usize::try_from(stream(&test, 0, rounds(4, 60)).await?)?;
    test.until_final(users).await?;
    assert_eq!(lines(&test, "breaker opened"), 0);
    let outcomes = test.database.outcomes().await?;
    let parked = outcomes.iter().filter(|o| o.reason.as_deref() == Some("parked")).count();
    assert_eq!(parked, users / 5, "a fifth of the calls failed");
    test.finish(Expect::users(users).parked(parked)).await
}

/// The first ones wait through several probes, and are held back again on the way.
#[tokio::test(flavor = "multi_thread")]
async fn after_an_outage_the_oldest_signups_are_welcomed_first() -> anyhow::Result<()> {
    const USERS: u32 = 200;
    let test = TestEnv::builder().env("SEND_RATE", "50").with_two_workers().await?;
    test.proxies.twilio.close().await?;
    for n in 0..USERS {
        test.signup(&format!("u{n}"), &number(n)).await?;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    until("everybody waits", PATIENCE, async || {
        let now = test.database.number("SELECT count(*) FROM users WHERE state = 'received'").await?;
        Ok(if now == i64::from(USERS) { Ok(()) } else { Err(now.to_string()) })
    })
    .await?;
    test.proxies.twilio.open().await?;
    test.until_final(usize::try_from(USERS)?).await?;
    let order: Vec<u32> =
        sqlx::query_scalar("SELECT user_id FROM attempts WHERE outcome = 'accepted' ORDER BY claimed_at")
            .fetch_all(&test.database.pool)
            .await?
            .into_iter()
            .filter_map(|user: String| user.strip_prefix('u')?.parse().ok())
            .collect();
    let half = usize::try_from(USERS / 2)?;
    let early = order[..half].iter().filter(|n| **n < USERS / 2).count();
    assert!(early >= half * 8 / 10, "{early} of the first {half} welcomed are of the older half: {order:?}");
    test.finish(Expect::users(usize::try_from(USERS)?)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_starts_during_an_outage_makes_no_call_of_its_own() -> anyhow::Result<()> {
    // Longer than the test takes on any machine.
    let mut test = TestEnv::builder().env("BREAKER_PROBE", "10min..10min").with_worker().await?;
    test.proxies.twilio.close().await?;
    test.broker.publish_all(&signups(0..30)).await?;
    until("the breaker is open", PATIENCE, async || {
        let now = test.database.number("SELECT count(*) FROM breaker WHERE closed_at IS NULL").await?;
        Ok(if now == 1 { Ok(()) } else { Err("no row".to_owned()) })
    })
    .await?;
    test.proxies.twilio.open().await?;
    test.stop_worker(0).await?;
    test.start_worker().await?;
    test.broker.publish_all(&signups(30..60)).await?;
    until("everybody waits", PATIENCE, async || {
        let sql = "SELECT count(*) FROM users WHERE state = 'received' AND next_attempt_at IS NOT NULL";
        let now = test.database.number(sql).await?;
        Ok(if now == 60 { Ok(()) } else { Err(now.to_string()) })
    })
    .await?;
    assert_eq!(test.simulator.totals().await?.asked_in_all(), 0, "the probe is not due yet");
    sqlx::query("UPDATE breaker SET next_probe_at = now()").execute(&test.database.pool).await?;
    test.until_final(60).await?;
    test.finish(Expect::users(60)).await
}

/// A fleet whose queues alone hold signups finds its probe in them.
#[tokio::test(flavor = "multi_thread")]
async fn with_no_user_waiting_the_next_signup_is_the_probe() -> anyhow::Result<()> {
    let test = TestEnv::builder().build().await?;
    sqlx::query("INSERT INTO breaker (scope, kind, next_probe_at) VALUES ('network', '5xx', now())")
        .execute(&test.database.pool)
        .await?;
    let mut test = test;
    test.start_worker().await?;
    for n in 0..20 {
        let user = format!("stored-{n}");
        test.database.import(&user, &number(n)).await?;
        let event = support::EventBody::stored(&user).bytes();
        test.broker.publish(shared::lane::QueueLane::Backfill, &event).await?;
    }
    test.until_final(20).await?;
    test.finish(Expect::users(20)).await
}

/// Users of a country that is held back become due during an outage, before all other users.
#[tokio::test(flavor = "multi_thread")]
async fn a_probe_passes_over_users_whose_country_is_held_back() -> anyhow::Result<()> {
    const HELD: u32 = 150;
    let mut test = TestEnv::builder().build().await?;
    test.database
        .execute(
            "INSERT INTO breaker (scope, kind, next_probe_at)
             VALUES ('network', '5xx', now()), ('country:IN', 'error_21408', now() + interval '1 hour')",
        )
        .await?;
    for n in 0..HELD {
        test.database.import(&format!("held-{n}"), &format!("+9198765{n:05}")).await?;
    }
    test.database.import("home", &number(1)).await?;
    test
        .database
        .execute(
            "UPDATE users SET state = 'received', lane = 'live', enqueued_at = now() - interval '2 hours',
                 next_attempt_at = now() - CASE user_id WHEN 'home' THEN interval '1 minute' ELSE interval '1 hour' END",
        )
        .await?;
    test.start_worker().await?;
    test.until_accepted(1).await?;
    let welcomed: String =
        sqlx::query_scalar("SELECT user_id FROM attempts").fetch_one(&test.database.pool).await?;
    assert_eq!(welcomed, "home");
    let everybody = Expect::users(usize::try_from(HELD)? + 1);
    test.finish((0..HELD).fold(everybody, |expect, n| expect.waiting(&format!("held-{n}")))).await
}
