use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering::Relaxed};

use futures::future::join_all;
use proptest::prelude::*;
use shared::lane::Lane;

use super::*;
use crate::store::send_rate::Lease;

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// The schedule without a database, on tokio's own clock.
struct Line {
    origin: Instant,
    /// By how many millionths its clock runs faster.
    slew: i64,
    leased_until: AtomicI64,
    asked: AtomicU32,
    away: AtomicBool,
}

/// How one worker reaches the schedule: milliseconds there and back, trip by trip and again from the start.
struct Way(Arc<Line>, Vec<(u64, u64)>);

impl Lessor for Way {
    async fn lease(&self, span: Duration, _: Duration) -> Result<Lease, sqlx::Error> {
        let (line, sent) = (&self.0, Instant::now());
        let (there, back) = self.1[line.asked.fetch_add(1, Relaxed) as usize % self.1.len()];
        if line.away.load(Relaxed) {
            return Err(sqlx::Error::PoolClosed);
        }
        sleep(ms(there)).await;
        let micros = |duration: Duration| i64::try_from(duration.as_micros()).unwrap();
        let now = micros(line.origin.elapsed()) * (1_000_000 + line.slew) / 1_000_000;
        let start = line.leased_until.load(Relaxed).max(now);
        line.leased_until.store(start + micros(span), Relaxed);
        sleep(ms(back)).await;
        Ok(Lease { sent, received: Instant::now(), now, start })
    }
}

fn line(slew: i64) -> Arc<Line> {
    let (leased_until, asked, away) = (AtomicI64::new(0), AtomicU32::new(0), AtomicBool::new(false));
    Arc::new(Line { origin: Instant::now(), slew, leased_until, asked, away })
}

fn start(rate: u32, line: &Arc<Line>) -> Rate {
    Rate::start(rate, Way(line.clone(), vec![(0, 0)]), CancellationToken::new())
}

/// One worker of a fleet. Times are milliseconds from the start.
#[derive(Debug, Clone)]
struct Plan {
    born: u64,
    dies: u64,
    /// Twenties of messages that wait at any time.
    demand: usize,
    trips: Vec<(u64, u64)>,
    /// How much of a token's life passes before it is used, in hundredths.
    late: u32,
}

async fn work(rate: u32, plan: &Plan, line: &Arc<Line>, used: &Mutex<Vec<Instant>>) {
    sleep(ms(plan.born)).await;
    let stop = CancellationToken::new();
    let rate = Rate::start(rate, Way(line.clone(), plan.trips.clone()), stop.clone());
    let waiting = (0..plan.demand * 20).map(async |n| {
        let rank = Rank::of(if n.is_multiple_of(3) { Lane::Live } else { Lane::Backfill });
        loop {
            let mut token = rate.ask(rank, 1);
            token.granted().await;
            let now = Instant::now();
            lock(used).push(now + (token.slot.unwrap().until - now) * plan.late / 100);
            token.spend();
        }
    });
    let _: Result<Vec<()>, _> = timeout(ms(plan.dies - plan.born), join_all(waiting)).await;
    stop.cancel();
}

/// The instants at which messages went, in order.
fn run(rate: u32, plans: &[Plan], length: u64, slew: i64) -> Vec<Instant> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().start_paused(true).build().unwrap().block_on(async {
        let (line, used) = (line(slew), Mutex::default());
        let fleet = plans.iter().map(|plan| work(rate, plan, &line, &used));
        let _ = timeout(ms(length), join_all(fleet)).await;
        let mut used = std::mem::take(&mut *lock(&used));
        used.sort();
        used
    })
}

fn busiest_second(used: &[Instant]) -> usize {
    let (mut first, mut most) = (0, 0);
    for (i, at) in used.iter().enumerate() {
        while *at - used[first] >= ms(1_000) {
            first += 1;
        }
        most = most.max(i + 1 - first);
    }
    most
}

fn plan(born: u64, dies: u64) -> Plan {
    Plan { born, dies, demand: 3, trips: vec![(1, 1)], late: 0 }
}

#[test]
fn a_greedy_fleet_gets_the_whole_rate() {
    for rate in [1, 10, 50, 500, 3_000] {
        for workers in [1, 2, 4] {
            let used = run(rate, &vec![plan(0, 6_000); workers], 6_000, 0);
            let (sent, fair) = (used.len(), rate as usize * 6);
            assert!(sent * 100 >= fair * 95 && sent <= fair + 1, "{sent} of {fair}, {workers} workers");
            assert!(busiest_second(&used) <= rate as usize + 2 * workers);
        }
    }
}

#[test]
fn workers_that_want_the_same_get_the_same() {
    let (long, other) = (plan(0, 4_000), Plan { demand: 50, ..plan(0, 4_000) });
    let alone = run(200, std::slice::from_ref(&long), 4_000, 0).len();
    let both = run(200, &[long, other], 4_000, 0).len();
    assert!(both.abs_diff(alone) <= 20, "{both} together, {alone} alone");
}

#[test]
fn what_a_dead_worker_held_is_lost_and_not_doubled() {
    let used = run(50, &[plan(0, 2_000), plan(500, 5_000)], 5_000, 0);
    assert!(busiest_second(&used) <= 55);
    assert!(used.len() <= 250 && used.len() >= 235, "{}", used.len());
}

#[test]
fn a_slow_way_to_the_database_keeps_to_the_rate_and_still_sends() {
    let slow = Plan { trips: vec![(150, 150)], late: 100, ..plan(0, 8_000) };
    let used = run(50, &[slow.clone(), slow], 8_000, 0);
    assert!(busiest_second(&used) <= 59, "{}", busiest_second(&used));
    assert!(used.len() >= 50, "only {} in 8 s", used.len());
}

fn worker() -> impl Strategy<Value = Plan> {
    let trips = prop::collection::vec((0..60_u64, 0..60_u64), 1..5);
    (0..3_000_u64, 200..5_000_u64, 0..4_usize, trips, 0..=100_u32)
        .prop_map(|(born, age, demand, trips, late)| Plan { born, dies: born + age, demand, trips, late })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Joining, dying, slow ways, late use and a database clock that is slightly off included.
    #[test]
    fn no_second_of_a_fleet_holds_more_than_the_rate_allows(
        rate in prop_oneof![Just(1_u32), Just(10), Just(50), Just(500), 1..1_000_u32],
        plans in prop::collection::vec(worker(), 1..=4),
        slew in -400..400_i64,
    ) {
        let busiest = busiest_second(&run(rate, &plans, 5_000, slew));
        let most = rate as usize * 11 / 10 + 2 * plans.len();
        prop_assert!(busiest <= most, "{} in one second, {} allowed", busiest, most);
    }
}

#[test]
fn slots_are_spread_and_expire() {
    let (mut scheduler, start) = (Scheduler::new(100), Instant::now() + ms(10_000));
    let mut waits = [0; 3].map(|_| scheduler.ask(Rank::of(Lane::Live), 1));
    assert_eq!(scheduler.order(start), Some(ms(30)));
    scheduler.leased(Some(Lease { sent: start, received: start, now: 0, start: 10_000 }));
    let cases = [(9, 0, 3, "before the first"), (12, 1, 2, "the first"), (105, 1, 0, "the second is over")];
    for (at, had, left, when) in cases {
        scheduler.hand_out(start + ms(at));
        let new = waits.iter_mut().filter_map(|wait| wait.try_recv().ok()).count();
        assert_eq!((new, scheduler.available(start + ms(at))), (had, left), "{when}");
    }
}

#[test]
fn doubt_about_the_clock_costs_rate_not_the_limit() {
    // 240 ms: 1.32 s of slots per second, at 1/1.2 of the rate.
    for (trip, spacing) in [(0, 20), (20, 20), (240, 24)] {
        let (mut scheduler, now) = (Scheduler::new(50), Instant::now() + ms(10_000));
        let _waits = [0; 9].map(|_| scheduler.ask(Rank::of(Lane::Live), 1));
        assert_eq!(scheduler.order(now), Some(ms(40)));
        scheduler.leased(Some(Lease { sent: now - ms(trip), received: now, now: 0, start: 0 }));
        assert_eq!(scheduler.order(now + ms(100)), Some(2 * ms(spacing)), "a trip of {trip} ms");
    }
}

/// Takes tokens one after the other. Returns how long it took.
async fn send(rate: &Rate, messages: u32, segments: u32) -> Duration {
    let start = Instant::now();
    for _ in 0..messages {
        let mut token = rate.ask(Rank::of(Lane::Live), segments);
        token.granted().await;
        assert!(token.is_good());
        token.spend();
    }
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn no_second_holds_more_than_the_rate() {
    let (line, mut sent) = (line(0), Vec::new());
    let rate = start(50, &line);
    for _ in 0..200 {
        send(&rate, 1, 1).await;
        sent.push(Instant::now());
    }
    let (busiest, took) = (busiest_second(&sent), sent[199] - sent[0]);
    assert!(busiest <= 52 && took >= ms(3_900) && took <= ms(4_200), "{busiest} in one second, {took:?}");
    assert!(line.asked.load(Relaxed) <= 105, "two tokens to a lease");
}

#[tokio::test(start_paused = true)]
async fn segments_are_counted_not_messages() {
    let took = send(&start(10, &line(0)), 11, 2).await;
    assert!(took >= ms(1_900), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn segments_are_paid_by_the_tokens_that_follow() {
    let line = line(0);
    let (rate, asked) = (start(100, &line), Instant::now());
    let [mut first, mut second] = [0; 2].map(|_| rate.ask(Rank::of(Lane::Live), 3));
    first.granted().await;
    first.spend();
    let leased = line.leased_until.load(Relaxed);
    assert_eq!((asked.elapsed(), leased), (ms(0), 50_000), "six are wanted, fifty milliseconds hold five");
    second.granted().await;
    assert!((ms(30)..=ms(31)).contains(&asked.elapsed()), "{:?}", asked.elapsed());
}

#[tokio::test(start_paused = true)]
async fn zero_is_unlimited_and_leases_nothing() {
    let line = line(0);
    let took = send(&start(0, &line), 10_000, 1).await;
    assert_eq!((took, line.asked.load(Relaxed)), (Duration::ZERO, 0));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_leased_for_a_wait_that_was_given_up() {
    let line = line(0);
    drop(start(10, &line).ask(Rank::of(Lane::Live), 1));
    sleep(ms(1_000)).await;
    assert_eq!(line.asked.load(Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_saved_up_while_nothing_is_sent() {
    let rate = start(10, &line(0));
    send(&rate, 1, 1).await;
    sleep(ms(60_000)).await;
    let took = send(&rate, 11, 1).await;
    assert!(took >= ms(990), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn without_the_database_nothing_goes_until_it_is_back() {
    let line = line(0);
    line.away.store(true, Relaxed);
    let rate = start(100, &line);
    let mut token = rate.ask(Rank::of(Lane::Live), 1);
    assert!(timeout(ms(60_000), token.granted()).await.is_err() && !token.is_good());
    assert!(line.asked.load(Relaxed) <= 301, "it asks five times a second");
    line.away.store(false, Relaxed);
    token.granted().await;
    assert!(token.is_good());
}

#[tokio::test(start_paused = true)]
async fn a_token_dies_soon_after_its_moment() {
    let rate = start(10, &line(0));
    let mut token = rate.ask(Rank::of(Lane::Live), 1);
    token.granted().await;
    sleep(ms(70)).await;
    assert!(token.is_good());
    sleep(ms(20)).await;
    assert!(!token.is_good());
}

#[tokio::test(start_paused = true)]
async fn what_is_not_used_goes_to_the_next() {
    let rate = start(10, &line(0));
    let mut tokens: Vec<_> = (0..501).map(|_| rate.ask(Rank::of(Lane::Live), 2)).collect();
    let mut last = rate.ask(Rank::of(Lane::Live), 2);
    let started = Instant::now();
    for mut token in tokens.drain(..) {
        token.granted().await;
    }
    last.granted().await;
    last.spend();
    assert!(started.elapsed() <= ms(100), "{:?}", started.elapsed());
    // A used token is paid for: two slots for its two segments.
    send(&rate, 1, 1).await;
    assert!(started.elapsed() >= ms(150), "{:?}", started.elapsed());
}

fn is_granted(token: &mut Token) -> bool {
    token.waits.as_mut().is_some_and(|slot| slot.try_recv().is_ok())
}

#[tokio::test(start_paused = true)]
async fn the_lanes_share_and_live_is_next() {
    let rate = start(1_000, &line(0));
    let mut backfill = [0; 20].map(|_| rate.ask(Rank::of(Lane::Backfill), 1));
    backfill[0].granted().await;
    let took = send(&rate, 1, 1).await;
    assert!(took <= ms(2), "live waits for one slot only, not {took:?}");
    assert!(!backfill[1..].iter_mut().any(is_granted));
}

#[tokio::test(start_paused = true)]
async fn greedy_lanes_share_the_rate_by_weight() {
    let cases = [(&[Lane::Live, Lane::Backfill][..], &[240, 60][..]), (&Lane::ALL, &[120, 120, 30, 30])];
    for (lanes, fair) in cases {
        let rate = start(100, &line(0));
        let mut waits: Vec<_> = (0..800).map(|n| rate.ask(Rank::of(lanes[n % lanes.len()]), 1)).collect();
        sleep(ms(3_000)).await;
        for (n, fair) in fair.iter().enumerate() {
            let tokens = waits.iter_mut().skip(n).step_by(lanes.len());
            let had = tokens.filter_map(|token| is_granted(token).then_some(())).count();
            assert!(had.abs_diff(*fair) <= 12, "{:?}: {had}, not {fair}", lanes[n]);
        }
    }
}
