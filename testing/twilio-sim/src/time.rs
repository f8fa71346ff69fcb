//! Clock readings and the date forms of the API.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Datelike, Timelike, Utc};
use serde::{Deserialize, Deserializer, de::Error};
use tokio::sync::Notify;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Milliseconds since the Unix epoch, now, by the real clock.
pub(crate) fn now_ms() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}

/// The clock of the simulated messages, which tests move ahead. Rates are measured by the real clock.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    ahead_ms: AtomicI64,
    moved: Notify,
}

impl Clock {
    /// Milliseconds since the Unix epoch.
    pub(crate) fn now_ms(&self) -> i64 {
        now_ms() + self.ahead_ms.load(Ordering::Relaxed)
    }

    /// Moves the clock. Tasks that wait for a time that has come continue.
    pub(crate) fn advance(&self, by: Duration) {
        self.ahead_ms.fetch_add(millis(by), Ordering::Relaxed);
        self.moved.notify_waiters();
    }

    /// Back to the real clock.
    pub(crate) fn reset(&self) {
        self.ahead_ms.store(0, Ordering::Relaxed);
    }

    /// Waits for a time in milliseconds since the Unix epoch.
    pub(crate) async fn wait_until(&self, at_ms: i64) {
        loop {
            let moved = self.moved.notified();
            let Ok(left) = u64::try_from(at_ms - self.now_ms()) else { return };
            if left == 0 {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(left)) => {}
                () = moved => {}
            }
        }
    }
}

pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Reads a duration such as `90m` or `25h` from JSON.
pub(crate) fn duration<'de, D: Deserializer<'de>>(value: D) -> Result<Duration, D::Error> {
    humantime::parse_duration(&String::deserialize(value)?).map_err(D::Error::custom)
}

fn utc(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or(DateTime::UNIX_EPOCH)
}

/// The 2010 API's form, for example `Thu, 24 Aug 2023 05:01:45 +0000`.
pub(crate) fn rfc2822(ms: i64) -> String {
    // Not strftime: this is written three times per message.
    let time = utc(ms);
    format!(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02} +0000",
        time.weekday(),
        time.day(),
        MONTHS[time.month0() as usize % 12],
        time.year(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

/// The newer products' form, for example `2023-08-24T05:01:45Z`.
pub(crate) fn iso8601(ms: i64) -> String {
    utc(ms).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The day in GMT, for example `2023-08-24`; sorts as text.
pub(crate) fn day(ms: i64) -> String {
    utc(ms).format("%Y-%m-%d").to_string()
}

/// The carrier's receipt time, `YYMMDDhhmm`.
pub(crate) fn receipt(ms: i64) -> String {
    utc(ms).format("%y%m%d%H%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let ms = 1_692_853_305_000;
        assert_eq!(rfc2822(ms), "Thu, 24 Aug 2023 05:01:45 +0000");
        assert_eq!(rfc2822(ms - 20 * 86_400_000), "Fri, 04 Aug 2023 05:01:45 +0000");
        assert_eq!(iso8601(ms), "2023-08-24T05:01:45Z");
        assert_eq!(day(ms), "2023-08-24");
        assert_eq!(receipt(ms), "2308240501");
    }
}
