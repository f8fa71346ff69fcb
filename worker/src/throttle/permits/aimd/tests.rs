use proptest::prelude::*;

use super::*;

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Calls that keep all permits in use.
struct World {
    aimd: Aimd,
    now: Instant,
}

impl World {
    fn new(most: usize) -> Self {
        Self { aimd: Aimd::new(most), now: Instant::now() }
    }

    /// Makes `count` round trips of `took` milliseconds. More than `bears` calls at once are throttled.
    fn round_trips(&mut self, count: u32, took: u64, bears: usize) -> usize {
        for _ in 0..count {
            let started = self.now;
            self.now += ms(took);
            for n in 0..self.aimd.limit() {
                self.aimd.learn(CallSample { call: Call::Create, started, throttled: n >= bears }, self.now);
            }
            self.now += ms(1);
        }
        self.aimd.limit()
    }
}

#[test]
fn steady_calls_stay_at_the_most() {
    for (most, took) in [(10, 150), (512, 150), (512, 1), (1, 3_000), (2, 20)] {
        let mut world = World::new(most);
        assert!((0..500).all(|_| world.round_trips(1, took, usize::MAX) == most));
    }
}

#[test]
fn it_settles_around_what_twilio_bears() {
    let mut world = World::new(512);
    world.round_trips(20, 150, 100);
    let settled: Vec<_> = (0..180).map(|_| world.round_trips(1, 150, 100)).collect();
    assert!(settled.iter().all(|l| (70..=108).contains(l)), "{settled:?}");
}

#[test]
fn it_recovers_once_twilio_bears_all() {
    let mut world = World::new(512);
    assert_eq!(world.round_trips(50, 150, 0), FLOOR);
    assert_eq!(world.round_trips(70, 150, usize::MAX), 512);
}

#[test]
fn one_round_trip_is_one_step() {
    let (mut aimd, now) = (Aimd::new(100), Instant::now());
    let sample = CallSample { call: Call::Lookup, started: now, throttled: true };
    for n in 0..100 {
        aimd.learn(sample, now + ms(150 + n.min(1)));
        assert_eq!(aimd.limit(), 70);
    }
    aimd.learn(CallSample { started: now + ms(200), ..sample }, now + ms(350));
    assert_eq!(aimd.limit(), 49);
}

#[test]
fn calls_that_take_far_longer_than_usual_make_it_back_off_and_recover() {
    let mut world = World::new(200);
    world.round_trips(50, 150, usize::MAX);
    assert_eq!(world.round_trips(20, 1_500, usize::MAX), 50, "a quarter goes on");
    assert_eq!(world.round_trips(60, 150, usize::MAX), 200);
}

#[test]
fn what_stays_slow_becomes_usual() {
    let mut world = World::new(100);
    world.round_trips(50, 150, usize::MAX);
    assert_eq!(world.round_trips(300, 1_500, usize::MAX), 100);
}

#[test]
fn one_slow_round_is_nothing() {
    let mut world = World::new(100);
    assert!((0..200).all(|n| world.round_trips(1, if n % 7 == 0 { 2_000 } else { 100 }, usize::MAX) == 100));
}

#[test]
fn a_slow_lookup_is_not_measured_by_quick_messages() {
    let (mut aimd, mut now) = (Aimd::new(64), Instant::now());
    for n in 0..4_000 {
        let (call, took) = if n % 2 == 0 { (Call::Lookup, 20) } else { (Call::Create, 900) };
        now += ms(5);
        aimd.learn(CallSample { call, started: now - ms(took), throttled: false }, now);
        assert_eq!(aimd.limit(), 64);
    }
}

proptest! {
    #[test]
    fn jitter_up_to_threefold_changes_nothing(took in prop::collection::vec(50..150_u64, 1..400)) {
        let mut world = World::new(100);
        prop_assert!(took.into_iter().all(|took| world.round_trips(1, took, usize::MAX) == 100));
    }

    #[test]
    fn it_stays_between_floor_and_most_whatever_comes(
        most in 1..600_usize,
        samples in prop::collection::vec((0..400_u64, 0..5_000_u64, any::<bool>(), any::<bool>()), 1..400),
    ) {
        let (mut aimd, mut now) = (Aimd::new(most), Instant::now() + Duration::from_secs(60));
        for (pause, took, throttled, lookup) in samples {
            now += ms(pause);
            let call = if lookup { Call::Lookup } else { Call::Create };
            aimd.learn(CallSample { call, started: now - ms(took), throttled }, now);
            prop_assert!(aimd.limit() >= FLOOR.min(most) && aimd.limit() <= most);
        }
    }
}
