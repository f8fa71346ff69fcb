use proptest::prelude::*;

use super::*;

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Rounds of calls that all take as long as `took` says at this limit; more than `bears` at once are throttled.
struct World {
    limit: Concurrency,
    now: Instant,
}

impl World {
    fn new(most: usize) -> Self {
        Self { limit: Concurrency::new(most), now: Instant::now() }
    }

    /// All permits in use for one round trip.
    fn round_trip(&mut self, took: Duration, bears: usize) {
        let started = self.now;
        self.now += took;
        for n in 0..self.limit.limit() {
            self.limit.hear(Echo { call: Call::Create, started, throttled: n >= bears }, self.now);
        }
        self.now += ms(1);
    }
}

#[test]
fn steady_calls_stay_at_the_most() {
    for (most, took) in [(10, 150), (512, 150), (512, 1), (1, 3_000), (2, 20)] {
        let mut world = World::new(most);
        for _ in 0..500 {
            world.round_trip(ms(took), usize::MAX);
            assert_eq!(world.limit.limit(), most);
        }
    }
}

#[test]
fn it_settles_around_what_twilio_bears() {
    let mut world = World::new(512);
    let mut seen = Vec::new();
    for _ in 0..200 {
        world.round_trip(ms(150), 100);
        seen.push(world.limit.limit());
    }
    let settled = &seen[20..];
    assert!(settled.iter().all(|l| (70..=108).contains(l)), "{settled:?}");
}

#[test]
fn it_recovers_once_twilio_bears_all() {
    let mut world = World::new(512);
    (0..50).for_each(|_| world.round_trip(ms(150), 0));
    assert_eq!(world.limit.limit(), FLOOR);
    (0..70).for_each(|_| world.round_trip(ms(150), usize::MAX));
    assert_eq!(world.limit.limit(), 512);
}

#[test]
fn one_round_trip_is_one_step() {
    let mut limit = Concurrency::new(100);
    let now = Instant::now();
    let echo = Echo { call: Call::Lookup, started: now, throttled: true };
    assert!(limit.hear(echo, now + ms(150)));
    assert!((0..99).all(|_| !limit.hear(echo, now + ms(151))));
    assert_eq!(limit.limit(), 70);
    let later = Echo { started: now + ms(200), ..echo };
    assert!(limit.hear(later, now + ms(350)));
    assert_eq!(limit.limit(), 49);
}

#[test]
fn calls_that_take_far_longer_than_usual_make_it_back_off_and_recover() {
    let mut world = World::new(200);
    (0..50).for_each(|_| world.round_trip(ms(150), usize::MAX));
    (0..20).for_each(|_| world.round_trip(ms(1_500), usize::MAX));
    assert_eq!(world.limit.limit(), 50, "a quarter goes on");
    (0..60).for_each(|_| world.round_trip(ms(150), usize::MAX));
    assert_eq!(world.limit.limit(), 200);
}

#[test]
fn what_stays_slow_becomes_usual() {
    let mut world = World::new(100);
    (0..50).for_each(|_| world.round_trip(ms(150), usize::MAX));
    (0..300).for_each(|_| world.round_trip(ms(1_500), usize::MAX));
    assert_eq!(world.limit.limit(), 100);
}

#[test]
fn one_slow_round_is_nothing() {
    let mut world = World::new(100);
    for n in 0..200 {
        world.round_trip(ms(if n % 7 == 0 { 2_000 } else { 100 }), usize::MAX);
        assert_eq!(world.limit.limit(), 100);
    }
}

#[test]
fn a_slow_lookup_is_not_measured_by_quick_messages() {
    let mut limit = Concurrency::new(64);
    let mut now = Instant::now();
    for n in 0..4_000 {
        let (call, took) = if n % 2 == 0 { (Call::Lookup, 20) } else { (Call::Create, 900) };
        now += ms(5);
        limit.hear(Echo { call, started: now - ms(took), throttled: false }, now);
        assert_eq!(limit.limit(), 64);
    }
}

proptest! {
    #[test]
    fn jitter_up_to_threefold_changes_nothing(took in prop::collection::vec(50..150_u64, 1..400)) {
        let mut world = World::new(100);
        for took in took {
            world.round_trip(ms(took), usize::MAX);
            prop_assert_eq!(world.limit.limit(), 100);
        }
    }

    #[test]
    fn it_stays_between_floor_and_most_whatever_comes(
        most in 1..600_usize,
        echoes in prop::collection::vec((0..400_u64, 0..5_000_u64, any::<bool>(), any::<bool>()), 1..400),
    ) {
        let (mut limit, mut now) = (Concurrency::new(most), Instant::now() + Duration::from_secs(60));
        for (pause, took, throttled, lookup) in echoes {
            now += ms(pause);
            let call = if lookup { Call::Lookup } else { Call::Create };
            limit.hear(Echo { call, started: now - ms(took), throttled }, now);
            prop_assert!(limit.limit() >= FLOOR.min(most) && limit.limit() <= most);
        }
    }
}
