//! Messages that a client library cannot parse, that are too large to hold, or whose properties are merely odd.

use std::time::Duration;

use shared::lane::QueueLane;
use support::{
    DeadLetter, EventBody, Expect, PATIENCE, RawPublisher, TestEnv, header, injected, nested, number, rounds,
    short_property, until,
};

use crate::people::signups;

const MALFORMED: u32 = 40;
/// The first kinds: the broker reads them at once.
const CHEAP: usize = 10;
const REASON: &str = "unreadable_properties";

/// Every way that the broker lets through to make properties unreadable.
fn malformed() -> Vec<Vec<u8>> {
    // Content type, content encoding, correlation id, reply to, message id, type, app id, cluster id.
    let mut all: Vec<Vec<u8>> =
        [15, 14, 10, 9, 7, 5, 3, 2].map(|bit| short_property(bit, b"\xff\xfe\x00\xc3")).into();
    all.push(header(b"\xff\xfename", b"V"));
    all.push(header(b"outer", &[&b"F\0\0\0\x04"[..], b"\x02\xc3\x28V"].concat()));
    // Deep enough to overflow the stack of the thread that parses them.
    all.push(header(b"deep", &nested(b'F', 1_200)));
    all.push(header(b"deeper", &nested(b'F', 20_000)));
    all.push(header(b"deepest", &nested(b'A', 25_000)));
    all
}

fn event(n: u32) -> EventBody {
    EventBody::signup(&format!("m{n}"), &number(50_000 + n))
}

async fn until_kept(test: &TestEnv, reason: &str, count: usize) -> anyhow::Result<Vec<DeadLetter>> {
    until(&format!("{count} letters are kept as {reason}"), PATIENCE, async || {
        let letters = test.database.dead_letters().await?;
        let kept: Vec<DeadLetter> = letters.into_iter().filter(|l| l.reason == reason).collect();
        Ok(if kept.len() == count { Ok(kept) } else { Err(kept.len().to_string()) })
    })
    .await
}

/// No worker lost a connection, so a message that concerns only one handler did not cause redeliveries.
async fn nobody_reconnected(test: &TestEnv) -> anyhow::Result<()> {
    for worker in &test.workers {
        for lane in ["live", "backfill"] {
            assert!(worker.metric("onboarding_amqp_reconnects_total", lane).await? < 1.0);
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_messages_among_good_ones_stop_no_lane_and_no_worker() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().with_two_workers().await?;
    let mut raw = RawPublisher::connect(&test.broker).await?;
    let (users, kinds) = (rounds(240, 1_000), malformed());
    injected(usize::try_from(MALFORMED)?);
    let mut bodies = Vec::new();
    for (n, good) in signups(0..users).into_iter().enumerate() {
        let (n, every) = (u32::try_from(n)?, users / MALFORMED);
        if n.is_multiple_of(every) {
            bodies.push(event(n / every).bytes());
            // Each kind once, then again those that cost the broker less than seconds.
            let properties = kinds.get(bodies.len() - 1).unwrap_or(&kinds[bodies.len() % CHEAP]);
            raw.publish(QueueLane::Live, properties, bodies.last().expect("one")).await?;
        }
        test.broker.publish(QueueLane::Live, &good.at(chrono::Utc::now()).bytes()).await?;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let users = usize::try_from(users)?;
    test.until_final(users).await?;
    let letters = until_kept(&test, REASON, bodies.len()).await?;
    assert!(letters.iter().all(|letter| bodies.contains(&letter.body) && letter.seen == 1), "{letters:?}");
    let seconds = "SELECT format('p50 %s ms, p99 %s ms, longest %s ms', percentile_cont(0.5) WITHIN GROUP (ORDER BY ms)::int,
                   percentile_cont(0.99) WITHIN GROUP (ORDER BY ms)::int, max(ms)::int) FROM (
                       SELECT extract(epoch FROM a.claimed_at - u.changed_at) * 1000 AS ms
                       FROM attempts a JOIN users u USING (user_id)) latencies";
    let measured: String = sqlx::query_scalar(seconds).fetch_one(&test.database.pool).await?;
    println!("from signup to claim beside {} malformed messages: {measured}", bodies.len());
    nobody_reconnected(&test).await?;
    let replay = ["dead", "replay", "--reason", REASON, "--yes", "--because", "the portal was mended"];
    let (code, said) = test.command(&replay).await?;
    assert_eq!(code, 0, "{said}");
    test.finish(Expect::users(users + bodies.len())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_messages_that_the_broker_gave_up_on_are_kept_as_well() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_worker().await?;
    let mut raw = RawPublisher::connect(&test.broker).await?;
    let kinds = malformed();
    for (n, properties) in (0..).zip(&kinds) {
        raw.publish_dead(properties, &event(n).bytes()).await?;
    }
    until_kept(&test, REASON, kinds.len()).await?;
    raw.publish_dead(&header(b"nul", b"S\0\0\0\x03a\0b"), b"readable").await?;
    until_kept(&test, "broker", 1).await?;
    test.signup("good", &number(1)).await?;
    test.finish(Expect::users(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_too_large_to_hold_are_cut_and_kept() -> anyhow::Result<()> {
    /// More than a prefetch.
    const LARGE: usize = 100;
    let test = TestEnv::builder().with_worker().await?;
    let mut raw = RawPublisher::connect(&test.broker).await?;
    let bytes = usize::try_from(rounds(30, 100))? * 1024 * 1024;
    raw.publish(QueueLane::Live, &[0, 0], &vec![b'x'; bytes]).await?;
    let mut other = vec![b'x'; 1024 * 1024];
    for n in 1..LARGE {
        other[0] = u8::try_from(n)?;
        raw.publish(QueueLane::Live, &[0, 0], &other).await?;
    }
    test.signup("behind", &number(1)).await?;
    let letters = until_kept(&test, "too_large", LARGE).await?;
    assert!(letters.iter().any(|letter| letter.detail.contains(&bytes.to_string())));
    assert!(letters.iter().all(|letter| letter.body.len() == 64 * 1024));
    let memory = test.workers[0].metric("process_resident_memory_bytes", "").await?;
    println!("resident beside {LARGE} bodies, one of {bytes} bytes: {memory}");
    assert!(memory < 200e6, "{memory} bytes: the memory limit of the manifest is 256 MiB");
    nobody_reconnected(&test).await?;
    test.finish(Expect::users(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_properties_are_no_reason_to_refuse_a_signup() -> anyhow::Result<()> {
    let test = TestEnv::builder().with_worker().await?;
    let mut raw = RawPublisher::connect(&test.broker).await?;
    let timestamp = |at: u64| [&(1_u16 << 6).to_be_bytes()[..], &at.to_be_bytes()].concat();
    let odd = [
        header(b"nan", &[&b"d"[..], &f64::NAN.to_be_bytes()].concat()),
        header(b"nul\0", b"S\0\0\0\x03a\0b"),
        header(b"bytes", b"S\0\0\0\x02\xff\xfe"),
        header(b"x-death", b"S\0\0\0\x04long"),
        header(b"traceparent", b"x\0\0\0\x01\xff"),
        header(b"big", &[&b"S\0\0\xea\x60"[..], &vec![b'x'; 60_000]].concat()),
        header(b"decimal", b"D\xff\xff\xff\xff\xff"),
        short_property(15, b"text/html; charset=\x01\x02"),
        short_property(7, b"nul\0nul"),
        vec![0x08, 0, 255],
        timestamp(u64::MAX),
        timestamp(0),
    ];
    let mut users = 0;
    for (n, properties) in (0..).zip(&odd) {
        if raw.publish(QueueLane::Live, properties, &event(n).bytes()).await.is_ok() {
            users += 1;
        } else {
            // RabbitMQ itself refuses some, such as a float that is not a number.
            raw = RawPublisher::connect(&test.broker).await?;
        }
    }
    assert!(users >= 9, "the broker took only {users} of {}", odd.len());
    test.until_final(users).await?;
    // A clock that counts milliseconds must not outdo all later events.
    let millis = timestamp(u64::try_from(chrono::Utc::now().timestamp_millis())?);
    raw.publish(QueueLane::Live, &millis, &EventBody::signup("late", &number(1)).without("time").bytes())
        .await?;
    test.until_case("late", "registered delivered -").await?;
    test.broker
        .publish(QueueLane::Live, &EventBody::signup("late", &number(2)).without("time").bytes())
        .await?;
    until("the newer number is welcomed", PATIENCE, async || {
        let ledger = test.simulator.ledger().await?;
        Ok(if ledger.accepted(&number(2)) == 1 { Ok(()) } else { Err("not yet".to_owned()) })
    })
    .await?;
    assert!(test.database.dead_letters().await?.is_empty());
    test.finish(Expect::users(users + 1)).await
}
