//! Publishers die while they publish. Every event that the broker has confirmed reaches a final state. A repeated
//! event does not text a user twice.

use std::time::Duration;

use rand::Rng as _;
use serde_json::{Value, json};
use support::{Expect, PATIENCE, TestEnv, number, rounds, seed, until};

const USERS: &str = "SELECT count(*) FROM users";

/// Two workers, beside which something else dies; their leases outlast whatever a busy machine adds.
async fn two_workers() -> anyhow::Result<TestEnv> {
    TestEnv::builder().env("LEASE", "1min").env("TWILIO_TIMEOUT", "20s").with_two_workers().await
}

/// Waits until `sql` counts more than `before`.
async fn until_more(test: &TestEnv, sql: &str, before: i64) -> anyhow::Result<()> {
    until(sql, PATIENCE, async || {
        let now = test.database.number(sql).await?;
        Ok(if now > before { Ok(()) } else { Err(now.to_string()) })
    })
    .await
}

/// Waits until `sql` counts 0.
async fn until_none(test: &TestEnv, sql: &str) -> anyhow::Result<()> {
    until(sql, PATIENCE, async || {
        let now = test.database.number(sql).await?;
        Ok(if now == 0 { Ok(()) } else { Err(now.to_string()) })
    })
    .await
}

async fn a_moment(random: &mut impl rand::Rng, at_most_ms: u64) {
    tokio::time::sleep(Duration::from_millis(random.gen_range(0..at_most_ms))).await;
}

/// Checks that every user has a welcome and that each was requested from Twilio only once.
async fn finish(test: TestEnv, users: u32) -> anyhow::Result<()> {
    let all = usize::try_from(users)?;
    test.until_final(all).await?;
    assert_eq!(test.simulator.totals().await?.asked_in_all(), users);
    test.finish(Expect::users(all)).await
}

fn lines(range: std::ops::Range<u32>) -> String {
    let line = |n| json!({ "user_id": format!("u{n}"), "phone_number": number(n) }).to_string() + "\n";
    range.map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn signups_of_a_killed_producer_are_final_and_a_repetition_texts_nobody_twice() -> anyhow::Result<()> {
    const LINES: u32 = 300;
    let kills = rounds(6, 30);
    let users = kills * LINES;
    let mut random = seed("producer killed");
    let mut test = two_workers().await?;
    let (_road, env) = test.publisher().await?;
    for kill in 0..kills {
        let (first, last) = (kill * LINES, (kill + 1) * LINES);
        let middle = random.gen_range(first + 1..last);
        let before = test.database.number(USERS).await?;
        let mut signup = test.start("signup", &["--format", "jsonl", "-"], &env)?;
        signup.write(lines(first..middle).as_bytes())?;
        until_more(&test, USERS, before).await?;
        signup.write(lines(middle..last).as_bytes())?;
        a_moment(&mut random, 120).await;
        signup.kill()?;
    }
    // What a killed producer wrote may still be on its way, so the number of users is not known yet.
    test.until_drained().await?;
    until_none(&test, "SELECT count(*) FROM users WHERE state = 'received'").await?;
    let arrived = test.database.number(USERS).await?;
    println!("{arrived} of {users} signups had arrived before their producer died");
    // A producer that was not told that all signups are confirmed sends all of them again.
    let mut signup = test.start("signup", &["--format", "jsonl", "-"], &env)?;
    signup.write(lines(0..users).as_bytes())?;
    signup.close_input();
    let code = signup.wait(2 * PATIENCE).await?.code();
    assert_eq!(code, Some(0), "{}", signup.stderr());
    let told: Value = serde_json::from_str(signup.stdout().trim())?;
    assert_eq!(told["confirmed"], users);
    finish(test, users).await
}

#[tokio::test(flavor = "multi_thread")]
async fn users_of_a_killed_backfill_are_final_and_the_next_one_finishes() -> anyhow::Result<()> {
    let (kills, users) = (rounds(4, 12), rounds(1_500, 8_000));
    let mut random = seed("backfill killed");
    let mut test = two_workers().await?;
    let import = format!(
        "INSERT INTO users (user_id, phone_raw, phone_e164, source, changed_at)
         SELECT 'u' || n, p, p, 'portal', now()
         FROM generate_series(0, {users} - 1) n, LATERAL (SELECT '+97798412' || lpad(n::text, 5, '0')) AS t(p)"
    );
    test.database.execute(&import).await?;
    let running = "SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND application_name LIKE '%backfill%'";
    let touched = "SELECT count(*) FROM users WHERE state <> 'stored'";
    let (proxy, env) = test.publisher().await?;
    proxy.delay(Duration::from_millis(3));
    let mut kills_left = kills;
    while kills_left > 0 {
        let before = test.database.number(touched).await?;
        if before == i64::from(users) {
            break;
        }
        let mut backfill = test.start("backfill", &["--yes"], &env)?;
        until_more(&test, touched, before).await?;
        a_moment(&mut random, 120).await;
        backfill.kill()?;
        until_none(&test, running).await?;
        kills_left -= 1;
    }
    assert!(kills_left < kills, "nobody was killed");
    // A user whose event the broker has, or whose event is recorded as confirmed, reaches a final state without
    // another backfill.
    test.until_drained().await?;
    let open = "SELECT count(*) FROM users WHERE enqueued_at IS NOT NULL AND state IN ('stored', 'received')";
    until_none(&test, open).await?;
    let arrived = test.database.number(touched).await?;
    println!("{arrived} of {users} users had arrived when the last of {} backfills died", kills - kills_left);
    let (code, said) = test.program("backfill", &["--yes"]).await?;
    assert_eq!(code, 0, "{said}");
    finish(test, users).await
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_killed_relay_are_final_and_the_next_one_repeats_at_most() -> anyhow::Result<()> {
    const ROWS: u32 = 400;
    const PUBLISHED: &str = "SELECT count(*) FROM onboarding_outbox WHERE published_at IS NOT NULL";
    let kills = rounds(6, 20);
    let users = kills * ROWS;
    let mut random = seed("relay killed");
    let mut test = two_workers().await?;
    let (code, ddl) = test.program("signup", &["outbox-ddl"]).await?;
    assert_eq!(code, 0, "{ddl}");
    test.database.execute(&ddl).await?;
    let (_road, mut env) = test.publisher().await?;
    env.insert("OUTBOX_DATABASE_URL".to_owned(), test.env["DATABASE_URL"].clone());
    for kill in 0..kills {
        let rows = format!(
            "INSERT INTO onboarding_outbox (id, type, payload)
             SELECT gen_random_uuid(), 'np.aamcare.user.signed_up.v1',
                    jsonb_build_object('user_id', 'u' || n, 'phone_number', '98412' || lpad(n::text, 5, '0'))
             FROM generate_series({}, {}) n",
            kill * ROWS,
            (kill + 1) * ROWS - 1
        );
        test.database.execute(&rows).await?;
        let before = test.database.number(PUBLISHED).await?;
        let mut relay = test.start("signup", &["relay"], &env)?;
        until_more(&test, PUBLISHED, before).await?;
        a_moment(&mut random, 120).await;
        relay.kill()?;
    }
    let unwelcomed = "SELECT count(*) FROM onboarding_outbox x
                      LEFT JOIN users u ON u.user_id = x.payload ->> 'user_id' AND u.state = 'registered'
                      WHERE x.published_at IS NOT NULL AND u.user_id IS NULL";
    until_none(&test, unwelcomed).await?;
    let published = test.database.number(PUBLISHED).await?;
    println!("{published} of {users} rows were marked as published when the last relay died");
    let mut relay = test.start("signup", &["relay", "--once"], &env)?;
    let code = relay.wait(2 * PATIENCE).await?.code();
    assert_eq!(code, Some(0), "{}", relay.stderr());
    assert_eq!(test.database.number(PUBLISHED).await?, i64::from(users));
    finish(test, users).await
}
