//! Connection overrides in a callback URL's fragment (Twilio docs, "Webhooks connection overrides").

use std::time::Duration;

use crate::form::Form;

/// How often and how long a callback is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Overrides {
    pub(super) connect: Duration,
    pub(super) read: Duration,
    pub(super) total: Duration,
    pub(super) retries: u32,
    pub(super) policy: RetryPolicy,
}

/// After which failures a callback is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four independent switches, named as in the URL")]
pub(crate) struct RetryPolicy {
    pub(super) client_error: bool,
    pub(super) server_error: bool,
    pub(super) connect: bool,
    pub(super) read: bool,
}

/// Why a try failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    Status(u16),
    Connect,
    Read,
}

impl Overrides {
    /// Reads `ct`, `rt`, `tt` (ms), `rc` and `rp`; an absent or invalid value keeps its default.
    pub(super) fn parse(fragment: &str) -> Self {
        let form = Form::parse(fragment.as_bytes());
        let number = |name: &str| form.get(name).and_then(|text| text.parse::<u64>().ok());
        let time = |name, range: std::ops::RangeInclusive<u64>, default| {
            Duration::from_millis(number(name).filter(|value| range.contains(value)).unwrap_or(default))
        };
        Self {
            connect: time("ct", 100..=10_000, 5_000),
            read: time("rt", 100..=15_000, 15_000),
            total: time("tt", 1..=15_000, 15_000),
            retries: number("rc")
                .and_then(|count| u32::try_from(count).ok())
                .filter(|count| *count <= 5)
                .unwrap_or(1),
            policy: form.get("rp").map_or(RetryPolicy::of("ct"), RetryPolicy::of),
        }
    }
}

impl RetryPolicy {
    fn of(list: &str) -> Self {
        let has = |name| list.split(',').any(|item| item == name || item == "all");
        Self { client_error: has("4xx"), server_error: has("5xx"), connect: has("ct"), read: has("rt") }
    }

    pub(super) fn retries(self, failure: Failure) -> bool {
        match failure {
            Failure::Status(400..=499) => self.client_error,
            Failure::Status(500..=599) => self.server_error,
            Failure::Status(_) => false,
            Failure::Connect => self.connect,
            Failure::Read => self.read,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_retry_once_and_only_connect_failures() {
        let defaults = Overrides::parse("");
        assert_eq!(defaults.retries, 1);
        assert!(defaults.policy.retries(Failure::Connect));
        for failure in [Failure::Status(500), Failure::Status(403), Failure::Read, Failure::Status(302)] {
            assert!(!defaults.policy.retries(failure), "{failure:?}");
        }
        assert_eq!(defaults.connect, Duration::from_secs(5));
    }

    #[test]
    fn overrides() {
        let given = Overrides::parse("rc=5&rp=5xx,rt&ct=200");
        assert_eq!((given.retries, given.connect), (5, Duration::from_millis(200)));
        assert!(given.policy.retries(Failure::Status(503)) && given.policy.retries(Failure::Read));
        assert!(!given.policy.retries(Failure::Connect) && !given.policy.retries(Failure::Status(404)));
        let all = Overrides::parse("rp=all");
        assert!(all.policy.retries(Failure::Status(404)) && all.policy.retries(Failure::Connect));
    }

    #[test]
    fn nonsense_keeps_the_default() {
        assert_eq!(Overrides::parse("rc=9&ct=5&rt=x&tt=99999"), Overrides::parse(""));
    }
}
