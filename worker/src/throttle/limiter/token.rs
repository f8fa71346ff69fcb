//! Tokens: each stands for one segment at one moment of the line, and dies soon after.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

/// How long after its moment a token may be used: time for the claim. In any second lie the moments of 1.08
/// seconds at most, which leaves the way to Twilio the rest up to 1.1.
pub(super) const LIFE: Duration = Duration::from_millis(80);
/// The most that the segments of one second may come from.
const REACH: Duration = Duration::from_millis(1_100);
/// Doubt about the clock that `REACH` has room for beside `LIFE`.
const FREE_DOUBT: Duration = Duration::from_millis(20);

/// The right to send one message. It is good until its time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) struct Token {
    /// None: for ever, there is no rate.
    until: Option<Instant>,
}

impl Token {
    /// Where there is no rate.
    pub(super) const UNLIMITED: Self = Self { until: None };

    pub(super) fn dying(until: Instant) -> Self {
        Self { until: Some(until) }
    }

    /// Its last instant.
    #[cfg(test)]
    pub(super) fn until(self) -> Option<Instant> {
        self.until
    }

    /// Whether it may still be used.
    pub(crate) fn is_good(self) -> bool {
        self.until.is_none_or(|until| Instant::now() <= until)
    }
}

/// The distance of two moments. Where doubt about the clock makes tokens live longer than planned, they lie
/// further apart, so that no second ever holds more.
pub(super) fn spacing(rate: u32, doubt: Duration) -> Duration {
    let reach = (Duration::from_secs(1) + LIFE + doubt.max(FREE_DOUBT)).max(REACH);
    Duration::from_secs(1).mul_f64(reach.as_secs_f64() / REACH.as_secs_f64()) / rate.max(1)
}

/// A lease: moments that belong to this worker alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slice {
    /// The next token's moment, by the latest reading.
    pub(super) next: Instant,
    pub(super) spacing: Duration,
    pub(super) left: u32,
}

/// What this worker has leased, in order of time.
#[derive(Debug, Default)]
pub(super) struct Slices(VecDeque<Slice>);

impl Slices {
    pub(super) fn add(&mut self, slice: Slice) {
        self.0.push_back(slice);
    }

    /// Takes one token whose moment has come. Those that nobody took in time are gone.
    pub(super) fn take(&mut self, now: Instant) -> Option<Token> {
        loop {
            let slice = self.0.front_mut()?;
            if slice.left == 0 {
                self.0.pop_front();
            } else if slice.next > now {
                return None;
            } else {
                let until = slice.next + LIFE;
                slice.next += slice.spacing;
                slice.left -= 1;
                if until >= now {
                    return Some(Token::dying(until));
                }
            }
        }
    }

    /// Puts a token back: it is the next one, for as long as it lives.
    pub(super) fn put_back(&mut self, token: Token) {
        let Some(next) = token.until.and_then(|until| until.checked_sub(LIFE)) else { return };
        self.0.push_front(Slice { next, spacing: Duration::ZERO, left: 1 });
    }

    /// Tokens that are still to be used.
    pub(super) fn left(&self) -> u32 {
        self.0.iter().map(|s| s.left).sum()
    }

    /// Tokens that are not dead at `now`: `left` forgets those only when somebody asks for one.
    pub(super) fn alive(&self, now: Instant) -> u32 {
        let alive = |s: &Slice| {
            let over = now.saturating_duration_since(s.next + LIFE).as_nanos();
            let dead = over.div_ceil(s.spacing.as_nanos().max(1));
            s.left.saturating_sub(u32::try_from(dead).unwrap_or(u32::MAX))
        };
        self.0.iter().map(alive).sum()
    }

    /// The moment of the next token.
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.iter().find(|s| s.left > 0).map(|s| s.next)
    }

    /// The moment of the last token.
    pub(super) fn last(&self) -> Option<Instant> {
        self.0.iter().rev().find(|s| s.left > 0).map(|s| s.next + s.spacing * (s.left - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn a_slice_is_spread_and_dies() {
        let start = Instant::now();
        let mut slices = Slices::default();
        slices.add(Slice { next: start + ms(10), spacing: ms(10), left: 3 });
        assert_eq!((slices.left(), slices.last()), (3, Some(start + ms(30))));
        assert_eq!(slices.take(start + ms(9)), None);
        assert_eq!(slices.take(start + ms(12)), Some(Token::dying(start + ms(90))));
        assert_eq!(slices.take(start + ms(12)), None, "the second has its own moment");
        assert_eq!(slices.take(start + ms(105)), Some(Token::dying(start + ms(110))), "the second is dead");
        assert_eq!((slices.take(start + ms(200)), slices.left(), slices.next()), (None, 0, None));
    }

    #[test]
    fn what_lives_is_what_can_still_be_taken() {
        let start = Instant::now();
        for after in (0..120).map(ms) {
            let mut slices = Slices::default();
            slices.add(Slice { next: start, spacing: ms(10), left: 3 });
            let alive = slices.alive(start + after);
            // All moments have come by then, and none is passed over that lives.
            let taken = std::iter::from_fn(|| slices.take(start + after.max(ms(20)))).count();
            assert_eq!(alive as usize, taken, "{after:?}");
        }
    }

    #[test]
    fn doubt_about_the_clock_costs_rate_not_the_limit() {
        assert_eq!(spacing(50, Duration::ZERO), ms(20));
        assert_eq!(spacing(50, ms(20)), ms(20));
        let doubtful = spacing(50, ms(240));
        assert_eq!(doubtful.as_millis(), 24, "1.32 s of moments per second, at 1/1.2 of the rate");
    }
}
