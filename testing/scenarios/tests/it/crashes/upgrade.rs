//! The migrations on a database with many stored people, while workers of the first release send.

use std::time::{Duration, Instant};

use sqlx::PgPool;
use support::{Process, Release, TestEnv, first_worker, injected, number, rounds, skip};

use crate::people::signups;

/// How often the sessions are looked at.
const LOOK: Duration = Duration::from_millis(20);
/// Signups a second.
const RATE: u32 = 50;
const LIMIT: Duration = Duration::from_secs(1800);

/// How many people were welcomed before: `UPGRADE_STORED`, or a few.
fn stored() -> u32 {
    let wanted = std::env::var("UPGRADE_STORED").ok().and_then(|text| text.parse().ok());
    wanted.unwrap_or_else(|| rounds(10_000, 200_000)).min(10_000_000)
}

/// Stores them as the first release does.
async fn store(test: &TestEnv, people: u32) -> anyhow::Result<()> {
    for sql in [
        format!(
            "INSERT INTO users (user_id, phone_raw, phone_e164, language, source, changed_at, state, enqueued_at,
                                attempt_id)
             SELECT 'old-' || n, '986' || lpad(n::text, 7, '0'), '+977986' || lpad(n::text, 7, '0'), 'ne', 'portal', now(),
                    'registered', now(), md5(n::text)::uuid FROM generate_series(0, {people} - 1) n"
        ),
        format!(
            "INSERT INTO attempts (message_id, user_id, phone_e164, outcome, lane, worker_id, language, body_sha256,
                                   segments, lease_until, sid, twilio_status, status_rank)
             SELECT md5(n::text)::uuid, 'old-' || n, '+977986' || lpad(n::text, 7, '0'), 'accepted', 'live', 'w', 'ne', '',
                    1, now(), 'SM' || md5(n::text), 'delivered', 5 FROM generate_series(0, {people} - 1) n"
        ),
        "VACUUM ANALYZE users, attempts".to_owned(),
        "CHECKPOINT".to_owned(),
    ] {
        test.database.execute(&sql).await?;
    }
    Ok(())
}

/// What the workers' sessions met while the migrations ran.
#[derive(Default)]
struct Watch {
    /// The longest statement of a worker that waited for a lock, from its beginning.
    longest_wait: Duration,
    /// The longest that the migrations were seen with each lock that keeps out writers.
    held: Vec<(String, Duration)>,
}

impl Watch {
    async fn look(&mut self, pool: &PgPool, since: &mut Vec<(String, Instant)>) -> anyhow::Result<()> {
        let waited: f64 = sqlx::query_scalar(
            "SELECT coalesce(max(extract(epoch FROM clock_timestamp() - query_start)), 0)::float8 FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event_type = 'Lock' AND application_name <> 'aamcare worker migrate'",
        )
        .fetch_one(pool)
        .await?;
        self.longest_wait = self.longest_wait.max(Duration::from_secs_f64(waited));
        let locks: Vec<String> = sqlx::query_scalar(
            "SELECT DISTINCT l.relation::regclass || ' ' || l.mode FROM pg_locks l JOIN pg_stat_activity a USING (pid)
             WHERE a.datname = current_database() AND a.application_name = 'aamcare worker migrate' AND l.granted
               AND l.relation::regclass::text IN ('users', 'attempts', 'suppressions', 'status_callbacks', 'dead_letters')
               AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')",
        )
        .fetch_all(pool)
        .await?;
        since.retain(|(lock, _)| locks.contains(lock));
        for lock in locks {
            let began = since.iter().find(|(seen, _)| *seen == lock).map(|(_, at)| *at);
            let began = began.unwrap_or_else(|| {
                since.push((lock.clone(), Instant::now()));
                Instant::now()
            });
            let time = began.elapsed();
            match self.held.iter_mut().find(|(seen, _)| *seen == lock) {
                Some((_, longest)) => *longest = time.max(*longest),
                None => self.held.push((lock, time)),
            }
        }
        Ok(())
    }
}

/// Runs the migrations of this release while people sign up. Returns how many did, and the locks that were seen.
async fn migrate_under_load(test: &TestEnv, first: u32) -> anyhow::Result<(u32, Watch)> {
    let mut migrating = Process::start("worker", "migrate", &["migrate"], &test.env, test.folder()?)?;
    let (began, mut published) = (Instant::now(), 0);
    let (mut watch, mut since) = (Watch::default(), Vec::new());
    let ended = loop {
        if let Some(status) = migrating.ended()? {
            break status;
        }
        anyhow::ensure!(began.elapsed() < LIMIT, "the migrations take longer than {LIMIT:?}");
        let due = u32::try_from(began.elapsed().as_millis())? * RATE / 1000;
        test.broker.publish_all(&signups(first + published..first + due)).await?;
        published = due;
        watch.look(&test.database.pool, &mut since).await?;
        tokio::time::sleep(LOOK).await;
    };
    anyhow::ensure!(ended.success(), "migrate ended with {ended}: {}", migrating.stderr());
    println!("{published} signups during the migrations, {:.1} s", began.elapsed().as_secs_f64());
    Ok((published, watch))
}

/// The time of each migration of this release, as sqlx stores it.
async fn print_steps(test: &TestEnv, before: i64) -> anyhow::Result<()> {
    let sql = format!(
        "SELECT version || ' ' || description || ': ' || execution_time / 1000000 || ' ms' FROM _sqlx_migrations
         WHERE version > {before} ORDER BY version"
    );
    for step in test.database.texts(&sql).await?.into_iter().flatten() {
        println!("  {step}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_with_many_stored_people_holds_nobody_up() -> anyhow::Result<()> {
    if first_worker().is_none() {
        return skip("FAULTS_OLD_WORKER is not set: `./dev faults` builds the worker of the first release");
    }
    let (people, around) = (stored(), 200);
    let mut test = TestEnv::builder().unmigrated().simulator(&["--latency", "20ms"]).build().await?;
    let (code, said) = test.program(Release::First.program(), &["migrate"]).await?;
    assert_eq!(code, 0, "{said}");
    store(&test, people).await?;
    println!("{people} people are stored");
    let before = test.database.number("SELECT max(version) FROM _sqlx_migrations").await?;
    let files = "SELECT string_agg(relfilenode::text, ' ' ORDER BY relname) FROM pg_class
                 WHERE relname IN ('users', 'attempts', 'users_pkey', 'attempts_pkey', 'one_welcome_per_number')";
    let files_before = test.database.texts(files).await?;
    for _ in 0..2 {
        test.launch_worker_of(Release::First).await?.until_ready(200).await?;
    }
    test.broker.publish_all(&signups(0..around)).await?;
    test.until_accepted(u64::from(around / 2)).await?;

    let (during, watch) = migrate_under_load(&test, around).await?;
    injected(1);
    print_steps(&test, before).await?;
    println!("longest wait of a worker's statement for a lock: {} ms", watch.longest_wait.as_millis());
    for (lock, time) in &watch.held {
        println!("  held by the migrations: {lock}, seen for {} ms", time.as_millis());
    }
    assert_eq!(test.database.texts(files).await?, files_before, "no table and no index was written anew");

    test.launch_worker_of(Release::Current).await?.until_ready(200).await?;
    let first = around + during;
    test.broker.publish_all(&signups(first..first + around)).await?;
    while let Some(old) = test.workers.iter().position(|worker| worker.release() == Release::First) {
        test.stop_worker(old).await?;
        injected(1);
    }
    let all = first + 2 * around;
    test.broker.publish_all(&signups(first + around..all)).await?;
    let welcomed = "SELECT count(*) FROM onboarding_status WHERE user_id >= 'u' AND user_id < 'v' AND state = 'registered'";
    test.database.until("everybody is welcomed", welcomed, i64::from(all)).await?;
    test.until_accepted(u64::from(all)).await?;
    let sent = test.simulator.sent().await?;
    for n in 0..all {
        let messages = sent.iter().filter(|message| message.to == number(n)).count();
        assert_eq!(messages, 1, "messages to {}", number(n));
    }
    assert_eq!(sent.len(), all as usize, "nobody else has a message");
    let old = "SELECT count(*) FROM onboarding_status WHERE user_id LIKE 'old-%' AND state = 'registered' AND welcome_status = 'delivered'";
    assert_eq!(test.database.number(old).await?, i64::from(people), "the stored people are as before");
    println!("{all} signups around it: one message each, 0 duplicates");
    test.close()
}
