//! How long data are kept, and how often the worker deletes what is older.

use std::time::Duration;

use shared::config::{Env, Setting, settings};

/// A shorter interval would only load the database.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);

/// Periods of retention. Zero keeps the data permanently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Retention {
    pub(crate) delivery_tries: Duration,
    pub(crate) status_callbacks: Duration,
    pub(crate) dead_letter_bodies: Duration,
    pub(crate) daily_budget: Duration,
    pub(crate) cases: Duration,
    pub(crate) inbox: Duration,
    pub(crate) tip_days: Duration,
    pub(crate) messages: Duration,
}

impl Retention {
    pub(crate) fn read(env: &mut Env) -> Self {
        Self {
            delivery_tries: env.duration(&settings::KEEP_DELIVERY_TRIES),
            status_callbacks: env.duration(&settings::KEEP_STATUS_CALLBACKS),
            dead_letter_bodies: env.duration(&settings::KEEP_DEAD_LETTER_BODIES),
            daily_budget: env.duration(&settings::KEEP_DAILY_BUDGET),
            cases: env.duration(&settings::KEEP_CASES),
            inbox: env.duration(&settings::KEEP_INBOX),
            tip_days: env.duration(&settings::KEEP_TIP_DAYS),
            messages: env.duration(&settings::KEEP_MESSAGES),
        }
    }

    /// How long months of messages are kept, and the setting that says so. A month holds tips and other messages
    /// alike, so the longer period of both counts.
    pub(crate) fn months(&self) -> (Duration, Setting) {
        let (tips, others) =
            ((self.tip_days, settings::KEEP_TIP_DAYS), (self.messages, settings::KEEP_MESSAGES));
        let tips_stay_longer = others.0 > Duration::ZERO && (tips.0.is_zero() || tips.0 > others.0);
        if tips_stay_longer { tips } else { others }
    }
}

/// The time between two runs of the worker's deletions. None: only `worker prune` deletes.
pub(super) fn interval(env: &mut Env) -> Option<Duration> {
    let interval = env.duration(&settings::PRUNE_INTERVAL);
    if interval > Duration::ZERO && interval < SHORTEST_INTERVAL {
        env.fault(settings::PRUNE_INTERVAL.name, "must be at least 1s, or 0");
    }
    (interval > Duration::ZERO).then_some(interval)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn months(extra: &[(&str, &str)]) -> (u64, &'static str) {
        let (period, setting) = Retention::read(&mut Env::of(extra.iter().copied())).months();
        (period.as_secs() / 86_400, setting.name)
    }

    #[test]
    fn months_of_messages_are_kept_for_the_longer_of_both_periods() {
        assert_eq!(months(&[]), (400, "KEEP_MESSAGES"));
        assert_eq!(months(&[("KEEP_TIP_DAYS", "500d")]), (500, "KEEP_TIP_DAYS"));
        assert_eq!(months(&[("KEEP_TIP_DAYS", "30d")]), (400, "KEEP_MESSAGES"));
        assert_eq!(months(&[("KEEP_TIP_DAYS", "0")]), (0, "KEEP_TIP_DAYS"));
        assert_eq!(months(&[("KEEP_MESSAGES", "0"), ("KEEP_TIP_DAYS", "500d")]), (0, "KEEP_MESSAGES"));
    }

    #[test]
    fn zero_leaves_deletions_to_the_command() {
        let read = |text| {
            let mut env = Env::of([("PRUNE_INTERVAL", text)]);
            let interval = interval(&mut env);
            env.finish(interval)
        };
        assert_eq!(interval(&mut Env::of::<&str, &str>([])), Some(Duration::from_secs(3600)));
        assert_eq!(read("0").unwrap(), None);
        assert!(read("10ms").is_err());
        assert!(read("daily").is_err());
    }
}
