//! Reads and writes a window as text, such as `08:00-20:00 Asia/Kathmandu`.

use std::{fmt, str::FromStr};

use chrono::{NaiveTime, Timelike};
use chrono_tz::Tz;

use super::{DAY, Hours, Window};

/// Why a text is not a window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadWindow {
    /// The form is wrong.
    #[error("write it as `08:00-20:00 Asia/Kathmandu`, or leave it empty for always")]
    Form,
    /// The time of day is invalid.
    #[error("{0:?} is not a time of the day such as 08:00")]
    Time(String),
    /// The time zone is unknown.
    #[error("{0:?} is not a time zone such as Asia/Kathmandu")]
    Zone(String),
    /// Opening and closing time are equal.
    #[error("opening and closing time are equal; leave it empty for always")]
    Empty,
}

impl FromStr for Window {
    type Err = BadWindow;

    fn from_str(text: &str) -> Result<Self, BadWindow> {
        if text.trim().is_empty() {
            return Ok(Window::Always);
        }
        let (hours, zone) = text.trim().split_once(char::is_whitespace).ok_or(BadWindow::Form)?;
        let (opens, closes) = hours.split_once('-').ok_or(BadWindow::Form)?;
        let (opens, closes) = (seconds(opens)? % DAY, seconds(closes)?);
        let zone: Tz = zone.trim().parse().map_err(|_| BadWindow::Zone(zone.trim().to_owned()))?;
        if opens == closes % DAY {
            // From midnight to midnight means always. Other equal times are a mistake.
            return if closes == DAY { Ok(Window::Always) } else { Err(BadWindow::Empty) };
        }
        Ok(Window::Daily(Hours { opens, closes: closes % DAY, zone }))
    }
}

/// `24:00` is the end of the day.
fn seconds(text: &str) -> Result<i64, BadWindow> {
    if text == "24:00" {
        return Ok(DAY);
    }
    let time = NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| BadWindow::Time(text.to_owned()))?;
    Ok(i64::from(time.num_seconds_from_midnight()))
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Window::Daily(Hours { opens, closes, zone }) = self else { return f.write_str("always") };
        let clock = |seconds: &i64| format!("{:02}:{:02}", seconds / 3600, seconds / 60 % 60);
        write!(f, "{}-{} {zone}", clock(opens), clock(closes))
    }
}
