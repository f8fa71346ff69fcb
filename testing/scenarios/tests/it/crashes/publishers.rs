//! Whoever publishes dies while it does. What the broker has confirmed reaches a final state; what is repeated
//! texts nobody twice.

use std::time::Duration;

use rand::Rng as _;
use serde_json::{Value, json};
use support::{Expect, PATIENCE, Plan, Stage, number, rounds, seed, until};

const USERS: &str = "SELECT count(*) FROM users";

/// Two workers, beside which something else dies; their leases outlast whatever a busy machine adds.
async fn two_workers() -> anyhow::Result<Stage> {
    Plan::default().env("LEASE", "1min").env("TWILIO_TIMEOUT", "20s").with_two_workers().await
}

/// Waits until `sql` counts more than `before`.
async fn until_more(stage: &Stage, sql: &str, before: i64) -> anyhow::Result<()> {
    until(sql, PATIENCE, async || {
        let now = stage.database.number(sql).await?;
        Ok(if now > before { Ok(()) } else { Err(now.to_string()) })
    })
    .await
}

/// Waits until `sql` counts none.
async fn until_none(stage: &Stage, sql: &str) -> anyhow::Result<()> {
    until(sql, PATIENCE, async || {
        let now = stage.database.number(sql).await?;
        Ok(if now == 0 { Ok(()) } else { Err(now.to_string()) })
    })
    .await
}

async fn a_moment(random: &mut impl rand::Rng, at_most_ms: u64) {
    tokio::time::sleep(Duration::from_millis(random.gen_range(0..at_most_ms))).await;
}

/// Everybody has her welcome, and nobody was even asked twice.
async fn finish(stage: Stage, users: u32) -> anyhow::Result<()> {
    let all = usize::try_from(users)?;
    stage.until_final(all).await?;
    assert_eq!(stage.simulator.totals().await?.asked_in_all(), users);
    stage.finish(Expect::users(all)).await
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
    let mut stage = two_workers().await?;
    let (_road, env) = stage.publisher().await?;
    for kill in 0..kills {
        let (first, last) = (kill * LINES, (kill + 1) * LINES);
        let middle = random.gen_range(first + 1..last);
        let before = stage.database.number(USERS).await?;
        let mut signup = stage.start("signup", &["--format", "jsonl", "-"], &env)?;
        signup.write(lines(first..middle).as_bytes())?;
        until_more(&stage, USERS, before).await?;
        signup.write(lines(middle..last).as_bytes())?;
        a_moment(&mut random, 120).await;
        signup.kill()?;
    }
    // What a killed producer wrote may still be on its way, so the number of users is not known yet.
    stage.until_drained().await?;
    until_none(&stage, "SELECT count(*) FROM users WHERE state = 'received'").await?;
    let arrived = stage.database.number(USERS).await?;
    println!("{arrived} of {users} signups had arrived before their producer died");
    // Whoever was not told that all of it is confirmed sends all of it again.
    let mut signup = stage.start("signup", &["--format", "jsonl", "-"], &env)?;
    signup.write(lines(0..users).as_bytes())?;
    signup.close_input();
    let code = signup.wait(2 * PATIENCE).await?.code();
    assert_eq!(code, Some(0), "{}", signup.stderr());
    let told: Value = serde_json::from_str(signup.stdout().trim())?;
    assert_eq!(told["confirmed"], users);
    finish(stage, users).await
}

#[tokio::test(flavor = "multi_thread")]
async fn users_of_a_killed_backfill_are_final_and_the_next_one_finishes() -> anyhow::Result<()> {
    let (kills, users) = (rounds(4, 12), rounds(1_500, 8_000));
    let mut random = seed("backfill killed");
    let mut stage = two_workers().await?;
    let import = format!(
        "INSERT INTO users (user_id, phone_raw, phone_e164, source, changed_at)
         SELECT 'u' || n, p, p, 'portal', now()
         FROM generate_series(0, {users} - 1) n, LATERAL (SELECT '+97798412' || lpad(n::text, 5, '0')) AS t(p)"
    );
    stage.database.execute(&import).await?;
    let running = "SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND application_name LIKE '%backfill%'";
    let touched = "SELECT count(*) FROM users WHERE state <> 'stored'";
    let (road, env) = stage.publisher().await?;
    road.delay(Duration::from_millis(3));
    let mut kills_left = kills;
    while kills_left > 0 {
        let before = stage.database.number(touched).await?;
        if before == i64::from(users) {
            break;
        }
        let mut backfill = stage.start("backfill", &["--yes"], &env)?;
        until_more(&stage, touched, before).await?;
        a_moment(&mut random, 120).await;
        backfill.kill()?;
        until_none(&stage, running).await?;
        kills_left -= 1;
    }
    assert!(kills_left < kills, "nobody was killed");
    // Whom the broker has, or whose event is noted as confirmed, ends without another backfill.
    stage.until_drained().await?;
    let open = "SELECT count(*) FROM users WHERE enqueued_at IS NOT NULL AND state IN ('stored', 'received')";
    until_none(&stage, open).await?;
    let arrived = stage.database.number(touched).await?;
    println!("{arrived} of {users} users had arrived when the last of {} backfills died", kills - kills_left);
    let (code, said) = stage.program("backfill", &["--yes"]).await?;
    assert_eq!(code, 0, "{said}");
    finish(stage, users).await
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_killed_relay_are_final_and_the_next_one_repeats_at_most() -> anyhow::Result<()> {
    const ROWS: u32 = 400;
    const PUBLISHED: &str = "SELECT count(*) FROM onboarding_outbox WHERE published_at IS NOT NULL";
    let kills = rounds(6, 20);
    let users = kills * ROWS;
    let mut random = seed("relay killed");
    let mut stage = two_workers().await?;
    let (code, ddl) = stage.program("signup", &["outbox-ddl"]).await?;
    assert_eq!(code, 0, "{ddl}");
    stage.database.execute(&ddl).await?;
    let (_road, mut env) = stage.publisher().await?;
    env.insert("OUTBOX_DATABASE_URL".to_owned(), stage.env["DATABASE_URL"].clone());
    for kill in 0..kills {
        let rows = format!(
            "INSERT INTO onboarding_outbox (id, type, payload)
             SELECT gen_random_uuid(), 'np.aamcare.user.signed_up.v1',
                    jsonb_build_object('user_id', 'u' || n, 'phone_number', '98412' || lpad(n::text, 5, '0'))
             FROM generate_series({}, {}) n",
            kill * ROWS,
            (kill + 1) * ROWS - 1
        );
        stage.database.execute(&rows).await?;
        let before = stage.database.number(PUBLISHED).await?;
        let mut relay = stage.start("signup", &["relay"], &env)?;
        until_more(&stage, PUBLISHED, before).await?;
        a_moment(&mut random, 120).await;
        relay.kill()?;
    }
    let unwelcomed = "SELECT count(*) FROM onboarding_outbox x
                      LEFT JOIN users u ON u.user_id = x.payload ->> 'user_id' AND u.state = 'registered'
                      WHERE x.published_at IS NOT NULL AND u.user_id IS NULL";
    until_none(&stage, unwelcomed).await?;
    let published = stage.database.number(PUBLISHED).await?;
    println!("{published} of {users} rows were marked as published when the last relay died");
    let mut relay = stage.start("signup", &["relay", "--once"], &env)?;
    let code = relay.wait(2 * PATIENCE).await?.code();
    assert_eq!(code, Some(0), "{}", relay.stderr());
    assert_eq!(stage.database.number(PUBLISHED).await?, i64::from(users));
    finish(stage, users).await
}
