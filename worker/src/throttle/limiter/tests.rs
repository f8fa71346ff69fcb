use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use shared::lane::QueueLane;

use super::*;

/// The line without a database, on tokio's own clock.
struct FakeLine {
    origin: Instant,
    leased_until: Mutex<Instant>,
    asked: AtomicU32,
    away: AtomicBool,
}

impl FakeLine {
    fn new() -> Arc<Self> {
        let now = Instant::now();
        Arc::new(Self {
            origin: now,
            leased_until: Mutex::new(now),
            asked: AtomicU32::new(0),
            away: AtomicBool::new(false),
        })
    }

    fn micros(&self, at: Instant) -> i64 {
        i64::try_from((at - self.origin).as_micros()).unwrap()
    }
}

impl Lessor for Arc<FakeLine> {
    async fn lease(&self, span: Duration, _: Duration) -> Result<Lease, sqlx::Error> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.away.load(Ordering::Relaxed) {
            return Err(sqlx::Error::PoolClosed);
        }
        let now = Instant::now();
        let mut until = self.leased_until.lock().unwrap();
        let start = (*until).max(now);
        *until = start + span;
        Ok(Lease { sent: now, received: now, now: self.micros(now), start: self.micros(start) })
    }
}

fn limiter(rate: u32, line: &Arc<FakeLine>) -> Limiter {
    Limiter::start(rate, line.clone(), CancellationToken::new())
}

#[tokio::test(start_paused = true)]
async fn no_second_holds_more_than_the_rate() {
    let line = FakeLine::new();
    let limiter = limiter(50, &line);
    let mut sent = Vec::new();
    let mut waits: Vec<Wait> = (0..200).map(|_| limiter.take(Rank::of(QueueLane::Live), 1)).collect();
    for wait in &mut waits {
        let mut share = wait.share().await;
        assert!(share.is_good());
        share.spend();
        sent.push(Instant::now());
    }
    for (i, start) in sent.iter().enumerate() {
        let within = sent[i..].iter().take_while(|t| **t - *start < Duration::from_secs(1)).count();
        assert!(within <= 52, "{within} in one second");
    }
    let took = sent[199] - sent[0];
    assert!(took >= Duration::from_millis(3_900) && took <= Duration::from_millis(4_200), "{took:?}");
    assert!(line.asked.load(Ordering::Relaxed) <= 105, "two tokens to a lease");
}

#[tokio::test(start_paused = true)]
async fn segments_are_counted_not_messages() {
    let limiter = limiter(10, &FakeLine::new());
    let start = Instant::now();
    for _ in 0..11 {
        limiter.take(Rank::of(QueueLane::Live), 2).share().await.spend();
    }
    assert!(start.elapsed() >= Duration::from_millis(1_900), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn zero_is_unlimited_and_asks_nobody() {
    let line = FakeLine::new();
    let (limiter, start) = (limiter(0, &line), Instant::now());
    for _ in 0..10_000 {
        assert!(limiter.take(Rank::of(QueueLane::Backfill), 1).share().await.is_good());
    }
    assert_eq!((start.elapsed(), line.asked.load(Ordering::Relaxed)), (Duration::ZERO, 0));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_saved_up_while_nobody_sends() {
    let limiter = limiter(10, &FakeLine::new());
    limiter.take(Rank::of(QueueLane::Live), 1).share().await.spend();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let start = Instant::now();
    for _ in 0..11 {
        limiter.take(Rank::of(QueueLane::Live), 1).share().await.spend();
    }
    assert!(start.elapsed() >= Duration::from_millis(990), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn without_the_database_nothing_goes_until_it_is_back() {
    let line = FakeLine::new();
    line.away.store(true, Ordering::Relaxed);
    let limiter = limiter(100, &line);
    let mut wait = limiter.take(Rank::of(QueueLane::Live), 1);
    assert!(tokio::time::timeout(Duration::from_secs(60), wait.share()).await.is_err());
    assert!(line.asked.load(Ordering::Relaxed) <= 301, "it asks five times a second");
    line.away.store(false, Ordering::Relaxed);
    assert!(wait.share().await.is_good());
}

#[tokio::test(start_paused = true)]
async fn a_token_dies_soon_after_its_moment() {
    let limiter = limiter(10, &FakeLine::new());
    let token = limiter.take(Rank::of(QueueLane::Live), 1).share().await;
    tokio::time::sleep(Duration::from_millis(70)).await;
    assert!(token.is_good());
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(!token.is_good());
}

#[tokio::test(start_paused = true)]
async fn what_is_not_used_goes_to_the_next() {
    let limiter = limiter(10, &FakeLine::new());
    let first = limiter.take(Rank::of(QueueLane::Live), 2).share().await;
    let started = Instant::now();
    let mut refused: Vec<Wait> = (0..500).map(|_| limiter.take(Rank::of(QueueLane::Live), 2)).collect();
    let mut last = limiter.take(Rank::of(QueueLane::Live), 2);
    drop(first);
    for wait in &mut refused {
        drop(wait.share().await);
    }
    last.share().await.spend();
    assert!(started.elapsed() <= Duration::from_millis(100), "{:?}", started.elapsed());
    // What was used is paid for: two moments for its two segments.
    limiter.take(Rank::of(QueueLane::Live), 1).share().await.spend();
    assert!(started.elapsed() >= Duration::from_millis(150), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn both_lanes_greedy_share_the_rate_seven_to_three() {
    let limiter = limiter(100, &FakeLine::new());
    let mut waits: Vec<(QueueLane, Wait)> =
        (0..600).map(|n| QueueLane::ALL[n % 2]).map(|lane| (lane, limiter.take(Rank::of(lane), 1))).collect();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mut had = [0_usize; 2];
    for (lane, wait) in &mut waits {
        if let Some(mut share) = wait.at_once() {
            share.spend();
            had[*lane as usize] += 1;
        }
    }
    let [live, backfill] = had;
    assert!(live.abs_diff(210) <= 12 && backfill.abs_diff(90) <= 8, "{live} to {backfill}");
}
