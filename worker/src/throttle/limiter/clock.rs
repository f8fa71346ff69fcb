//! The database's clock as this worker can tell it. The clock of the machine is never asked.

use std::time::Duration;

use tokio::time::Instant;

/// Two clocks that are disciplined differ by no more than this share of the time that passes
/// (ntp_adjtime(2): the largest slew is 500 ppm).
const DRIFT: f64 = 0.0005;

/// The database showed `now` at some instant between `earliest` and `latest`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Reading {
    /// Microseconds since the epoch.
    now: i64,
    earliest: Instant,
    latest: Instant,
}

/// All that the round trips so far say together.
#[derive(Debug, Default)]
pub(super) struct DatabaseClock(Option<Reading>);

impl DatabaseClock {
    /// Learns from one round trip: the database read `now` between `sent` and `received`.
    pub(super) fn learn(&mut self, now: i64, sent: Instant, received: Instant) {
        let fresh = Reading { now, earliest: sent, latest: received };
        let both = self.0.and_then(|known| known.at(now)).map(|known| Reading {
            now,
            earliest: known.earliest.max(sent),
            latest: known.latest.min(received),
        });
        // A clock that was set, or another server: what was known before is worth nothing.
        self.0 = Some(both.filter(|b| b.earliest <= b.latest).unwrap_or(fresh));
    }

    /// When the database shows `moment`, by the earliest and by the latest reading.
    pub(super) fn instants(&self, moment: i64) -> Option<(Instant, Instant)> {
        let known = self.0?;
        if moment >= known.now {
            return known.at(moment).map(|r| (r.earliest, r.latest));
        }
        let ago = Duration::from_micros(moment.abs_diff(known.now));
        Some((known.earliest.checked_sub(ago.mul_f64(1.0 + DRIFT))?, known.latest.checked_sub(ago)?))
    }
}

impl Reading {
    /// What it says of a later time of the database's. `None`: that time is not later.
    fn at(self, moment: i64) -> Option<Self> {
        let passed = Duration::from_micros(u64::try_from(moment.checked_sub(self.now)?).ok()?);
        let drift = passed.mul_f64(DRIFT);
        Some(Self {
            now: moment,
            earliest: self.earliest.checked_add(passed)?.checked_sub(drift)?,
            latest: self.latest.checked_add(passed)?.checked_add(drift)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MS: i64 = 1_000;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn a_slow_round_trip_does_not_blur_what_a_quick_one_told() {
        let start = Instant::now() + ms(1_000);
        let mut clock = DatabaseClock::default();
        clock.learn(0, start, start + ms(2));
        clock.learn(100 * MS, start + ms(60), start + ms(400));
        let (earliest, latest) = clock.instants(100 * MS).unwrap();
        assert!(earliest >= start + ms(99) && latest <= start + ms(103));
    }

    #[test]
    fn a_clock_that_was_set_is_learnt_anew() {
        let start = Instant::now() + ms(1_000);
        for jump in [-3_600_000, 3_600_000] {
            let mut clock = DatabaseClock::default();
            clock.learn(0, start, start + ms(2));
            clock.learn(jump * MS, start + ms(50), start + ms(55));
            assert_eq!(clock.instants(jump * MS), Some((start + ms(50), start + ms(55))));
        }
    }

    proptest! {
        /// Whatever the trips were like, the true instant lies between the two readings.
        #[test]
        fn the_truth_lies_between_the_readings(
            trips in prop::collection::vec((1..500_u64, 0..80_u64, 0..80_u64), 1..40),
            slew in -400..400_i64,
            ahead in -50..2_000_i64,
        ) {
            let origin = Instant::now() + ms(10_000);
            // The database's clock runs by `slew` millionths faster than ours.
            let shown = |at: Duration| {
                let micros = i64::try_from(at.as_micros()).unwrap();
                micros + micros * slew / 1_000_000
            };
            let (mut clock, mut at, mut now) = (DatabaseClock::default(), ms(0), 0);
            for (pause, there, back) in trips {
                let read = at + ms(there);
                now = shown(read);
                clock.learn(now, origin + at, origin + read + ms(back));
                at = read + ms(back) + ms(pause);
            }
            let moment = now + ahead * MS;
            let truth = moment - moment * slew / 1_000_000;
            prop_assume!(truth >= 0);
            let truth = origin + Duration::from_micros(u64::try_from(truth).unwrap());
            let (earliest, latest) = clock.instants(moment).unwrap();
            let rounding = Duration::from_micros(4);
            prop_assert!(earliest <= truth + rounding && truth <= latest + rounding);
        }
    }
}
