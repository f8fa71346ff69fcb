use std::collections::VecDeque;

use proptest::prelude::*;
use shared::lane::QueueLane;

use super::*;

/// The line as the database has it, on a clock of its own.
struct Line {
    leased_until: i64,
    /// Its clock runs faster by so many millionths.
    slew: i64,
}

impl Line {
    fn lease(&mut self, at_ms: u64, order: Order) -> (i64, i64) {
        let now = i64::try_from(at_ms).unwrap() * (1_000_000 + self.slew) / 1_000;
        let start = self.leased_until.max(now);
        self.leased_until = start + i64::try_from(order.span().as_micros()).unwrap();
        (now, start)
    }
}

/// An order on its way.
struct Trip {
    order: Order,
    sent: u64,
    read: Option<(u64, i64, i64)>,
}

/// One worker of a simulated fleet. Times are milliseconds from the start.
#[derive(Debug, Clone)]
struct Plan {
    born: u64,
    dies: u64,
    /// Messages that come per millisecond.
    demand: usize,
    there: u64,
    back: u64,
    /// How much of a token's life passes before it is used, in hundredths.
    late: u32,
}

struct Simulated {
    plan: Plan,
    counter: Counter,
    trip: Option<Trip>,
    waiting: VecDeque<oneshot::Receiver<Token>>,
}

impl Simulated {
    fn step(&mut self, t: u64, origin: Instant, line: &mut Line, used: &mut Vec<Instant>) {
        let now = origin + Duration::from_millis(t);
        while self.waiting.len() < self.plan.demand * 20 {
            let lane = if t.is_multiple_of(3) { QueueLane::Live } else { QueueLane::Backfill };
            self.waiting.push_back(self.counter.ask(Rank::of(lane), 1));
        }
        if let Some(trip) = &mut self.trip {
            if trip.read.is_none() && t >= trip.sent + self.plan.there {
                let (clock, start) = line.lease(t, trip.order);
                trip.read = Some((t, clock, start));
            }
            if let Some((read, clock, start)) = trip.read
                && t >= read + self.plan.back
            {
                let sent = origin + Duration::from_millis(trip.sent);
                self.counter.leased(trip.order, Lease { sent, received: now, now: clock, start });
                self.trip = None;
            }
        }
        if let Some(order) = self.counter.serve(now).order {
            assert!(self.trip.is_none(), "one order at a time");
            self.trip = Some(Trip { order, sent: t, read: None });
        }
        let late = self.plan.late;
        self.waiting.retain_mut(|place| {
            let Ok(token) = place.try_recv() else { return true };
            let life = token.until().unwrap() - now;
            used.push(now + life * late / 100);
            false
        });
    }
}

/// The instants at which messages went, in order.
fn run(rate: u32, plans: &[Plan], length: u64, slew: i64) -> Vec<Instant> {
    let origin = Instant::now() + Duration::from_secs(100);
    let mut line = Line { leased_until: 0, slew };
    let mut fleet: Vec<Simulated> = plans
        .iter()
        .map(|plan| Simulated {
            plan: plan.clone(),
            counter: Counter::new(rate),
            trip: None,
            waiting: VecDeque::new(),
        })
        .collect();
    let mut used = Vec::new();
    for t in 0..length {
        for worker in fleet.iter_mut().filter(|w| (w.plan.born..w.plan.dies).contains(&t)) {
            worker.step(t, origin, &mut line, &mut used);
        }
    }
    used.sort();
    used
}

fn busiest_second(used: &[Instant]) -> usize {
    let mut first = 0;
    let mut most = 0;
    for (i, at) in used.iter().enumerate() {
        while *at - used[first] >= Duration::from_secs(1) {
            first += 1;
        }
        most = most.max(i + 1 - first);
    }
    most
}

fn plan(born: u64, dies: u64) -> Plan {
    Plan { born, dies, demand: 3, there: 1, back: 1, late: 0 }
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
    let slow = Plan { there: 150, back: 150, late: 100, ..plan(0, 8_000) };
    let used = run(50, &[slow.clone(), slow], 8_000, 0);
    assert!(busiest_second(&used) <= 59, "{}", busiest_second(&used));
    assert!(used.len() >= 50, "only {} in 8 s", used.len());
}

#[test]
fn the_lanes_share_and_live_is_next() {
    let now = Instant::now() + Duration::from_secs(10);
    let mut counter = Counter::new(1_000);
    let mut backfill: Vec<_> = (0..20).map(|_| counter.ask(Rank::of(QueueLane::Backfill), 1)).collect();
    let order = counter.serve(now).order.expect("an order");
    counter.leased(order, Lease { sent: now, received: now, now: 0, start: 0 });
    counter.serve(now);
    assert_eq!(backfill.iter_mut().filter_map(|place| place.try_recv().ok()).count(), 1);
    let mut live = counter.ask(Rank::of(QueueLane::Live), 1);
    counter.serve(now + Duration::from_millis(1));
    assert!(live.try_recv().is_ok(), "live waits for one moment only");
}

#[test]
fn segments_are_paid_by_the_tokens_that_follow() {
    let now = Instant::now() + Duration::from_secs(10);
    let mut counter = Counter::new(100);
    let mut places: Vec<_> = (0..2).map(|_| counter.ask(Rank::of(QueueLane::Live), 3)).collect();
    let order = counter.serve(now).order.expect("an order");
    assert_eq!(order.tokens, 5, "six are wanted, fifty milliseconds hold five");
    counter.leased(order, Lease { sent: now, received: now, now: 0, start: 0 });
    let mut had = |counter: &mut Counter, ms| {
        counter.serve(now + Duration::from_millis(ms));
        places.iter_mut().filter_map(|place| place.try_recv().ok()).count()
    };
    assert_eq!(had(&mut counter, 0), 1);
    assert_eq!(had(&mut counter, 29), 0);
    assert_eq!(had(&mut counter, 30), 1);
}

#[test]
fn who_left_the_queue_gets_nothing_and_nothing_is_leased_for_her() {
    let now = Instant::now() + Duration::from_secs(10);
    let mut counter = Counter::new(10);
    drop(counter.ask(Rank::of(QueueLane::Live), 1));
    assert_eq!(counter.serve(now), Next { order: None, at: None });
}

fn worker() -> impl Strategy<Value = Plan> {
    (0..3_000_u64, 200..5_000_u64, 0..4_usize, 0..60_u64, 0..60_u64, 0..=100_u32).prop_map(
        |(born, age, demand, there, back, late)| Plan { born, dies: born + age, demand, there, back, late },
    )
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
        let used = run(rate, &plans, 5_000, slew);
        let most = rate as usize * 11 / 10 + 2 * plans.len();
        let busiest = busiest_second(&used);
        prop_assert!(busiest <= most, "{} in one second, {} allowed", busiest, most);
    }
}
