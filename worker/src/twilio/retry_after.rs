//! The `Retry-After` header: seconds or an HTTP date, at most one hour.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

const LONGEST: Duration = Duration::from_hours(1);

/// How long the server asks to wait. A date is taken relative to the server's own clock where it sent one.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => (http_date(text)? - server_time(headers)).to_std().unwrap_or_default(),
    };
    Some(wait.min(LONGEST))
}

fn server_time(headers: &HeaderMap) -> DateTime<Utc> {
    header_date(headers, &DATE).unwrap_or_else(Utc::now)
}

fn header_date(headers: &HeaderMap, name: &HeaderName) -> Option<DateTime<Utc>> {
    http_date(headers.get(name)?.to_str().ok()?)
}

fn http_date(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(text).ok().map(|date| date.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(retry_after_text: &str, date: Option<&str>) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, retry_after_text.parse().unwrap());
        if let Some(date) = date {
            headers.insert(DATE, date.parse().unwrap());
        }
        retry_after(&headers).map(|wait| wait.as_secs())
    }

    #[test]
    fn seconds_are_taken_as_they_are_up_to_an_hour() {
        assert_eq!(wait("7", None), Some(7));
        assert_eq!(wait(" 0 ", None), Some(0));
        assert_eq!(wait("3601", None), Some(3_600));
        assert_eq!(wait("18446744073709551615", None), Some(3_600));
    }

    #[test]
    fn a_date_counts_from_the_servers_clock() {
        let now = Some("Wed, 21 Oct 2026 07:28:00 GMT");
        assert_eq!(wait("Wed, 21 Oct 2026 07:29:30 GMT", now), Some(90));
        assert_eq!(wait("Wed, 21 Oct 2026 07:00:00 GMT", now), Some(0));
        assert_eq!(wait("Thu, 22 Oct 2026 07:28:00 GMT", now), Some(3_600));
        assert_eq!(wait("Sat, 01 Jan 2000 00:00:00 GMT", None), Some(0), "own clock without a Date header");
    }

    #[test]
    fn nonsense_is_no_wait() {
        assert_eq!(wait("soon", None), None);
        assert_eq!(wait("-1", None), None);
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
